import { fault } from "./fault.js";
import { shownUrl } from "./foreign-text.js";
import type { HttpAnswer, HttpRequest, Sent } from "./transport.js";
import type { TransportFault } from "./types.js";

/** Where a request ended after its redirects. `redirected` tells whether `url` is a place the server chose. */
export type Followed<Stop> =
  | { readonly kind: "answer"; readonly answer: HttpAnswer; readonly url: URL; readonly redirected: boolean }
  | { readonly kind: "fault"; readonly fault: TransportFault; readonly url: URL; readonly redirected: boolean }
  | { readonly kind: "stopped"; readonly stop: Stop };

/** Builds the request for the next hop, or says why there shall be none. */
export type NextHop<Stop> = (
  url: URL,
  status: number,
) => Promise<{ readonly kind: "send"; readonly request: HttpRequest } | { readonly kind: "stop"; readonly stop: Stop }>;

const redirectStatuses = new Set([301, 302, 303, 307, 308]);
const maxRequests = 10;

/**
 * Sends a request and follows redirects as Go's client does: ten requests in all; a redirect without Location is the
 * answer; one that leads nowhere HTTP knows is an error. Source: Go net/http client.go `do`, containerd resolver.go.
 */
export async function follow<Stop>(
  first: HttpRequest,
  send: (request: HttpRequest) => Promise<Sent>,
  nextHop: NextHop<Stop>,
): Promise<Followed<Stop>> {
  let request = first;
  for (let count = 1; ; count += 1) {
    const sent = await send(request);
    const place = { url: request.url, redirected: count > 1 };
    if (sent.kind === "fault") return { kind: "fault", fault: sent.fault, ...place };
    const location = redirectStatuses.has(sent.status) ? (sent.header("location") ?? "") : "";
    if (location === "") return { kind: "answer", answer: sent, ...place };
    const target = URL.canParse(location, request.url.href) ? new URL(location, request.url.href) : undefined;
    const refusal = refusalOf(target, count);
    if (refusal !== undefined || target === undefined) {
      sent.close();
      const from = shownUrl(request.url, false);
      return { kind: "fault", fault: fault("redirect-refused", from, refusal), ...place };
    }
    await sent.discard();
    const next = await nextHop(target, sent.status);
    if (next.kind === "stop") return { kind: "stopped", stop: next.stop };
    request = next.request;
  }
}

function refusalOf(target: URL | undefined, count: number): string | undefined {
  if (target === undefined) return "the redirect's Location is no URL";
  if (target.protocol !== "https:" && target.protocol !== "http:") return "the redirect leads to an unsupported scheme";
  if (count >= maxRequests) return `stopped after ${maxRequests} redirects`;
  return undefined;
}
