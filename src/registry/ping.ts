import type { RegistryHost } from "../node/index.js";
import { type Challenge, challengesAsSent } from "./challenge.js";
import { fault } from "./fault.js";
import { shownUrl } from "./foreign-text.js";
import { follow } from "./redirect.js";
import { endpointUrl, registryHeaders } from "./request.js";
import { readResponse } from "./response.js";
import type { HttpAnswer } from "./transport.js";
import type { Exchange, ExchangeRequest } from "./types.js";
import type { VisitDeps } from "./visit.js";

/** What `/v2/` told: the host with the scheme that it speaks, and how it wants to be authorized; or why nothing works there. */
export type Ping =
  | { readonly kind: "reached"; readonly host: RegistryHost; readonly challenges: readonly Challenge[] }
  | { readonly kind: "failed"; readonly exchange: Exchange };

/**
 * Asks for `/v2/` over https and, where the host need not be trusted, over http when anything at all was wrong with that. Only
 * 200 and 401 will do.
 * Source: containers/image docker/docker_client.go `detectPropertiesHelper`.
 */
export async function pingRegistry(deps: VisitDeps, request: ExchangeRequest, signal: AbortSignal): Promise<Ping> {
  const { mirrorOf: _, ...host } = request.host;
  const secure = await pingOver(deps, { ...request, host: { ...host, scheme: "https" } }, signal);
  if (secure.kind === "reached" || host.httpFallback === "never" || signal.aborted) return secure;
  const plain = await pingOver(deps, { ...request, host: { ...host, scheme: "http" } }, signal);
  // The library tells of the second failure; what a TLS server answers to plain HTTP explains nothing to people.
  return plain.kind === "reached" || secure.exchange.kind === "fault" ? plain : secure;
}

async function pingOver(deps: VisitDeps, asked: ExchangeRequest, signal: AbortSignal): Promise<Ping> {
  const request: ExchangeRequest = { ...asked, method: "GET", repository: "", endpoint: "/", accept: [] };
  const { host } = request;
  const base = endpointUrl(request);
  if (base === undefined) return failed(fault("unreachable", host.address, "this is no address of a host"), "");
  const open: HttpAnswer[] = [];
  try {
    const headers = registryHeaders(request, deps.userAgent, true, base);
    const followed = await follow<never>(
      { url: base, method: "GET", headers },
      async (hop) => {
        const sent = await deps.send(hop, signal);
        if (sent.kind === "answer") open.push(sent);
        return sent;
      },
      async (url) => ({
        kind: "send",
        request: { url, method: "GET", headers: registryHeaders(request, deps.userAgent, false, url) },
      }),
    );
    if (followed.kind === "stopped") return followed.stop;
    const { url, redirected } = followed;
    if (followed.kind === "fault") return failed(followed.fault, shownUrl(url, !redirected));
    const { answer } = followed;
    if (answer.status === 200 || answer.status === 401) {
      const challenges = challengesAsSent(answer.headerLines("www-authenticate"));
      await answer.discard();
      return { kind: "reached", host, challenges };
    }
    const last = { answer, url, redirected, method: "GET", authorization: "none" } as const;
    const exchange = await readResponse(last, { maxBodyBytes: 0 }, deps.clock);
    return { kind: "failed", exchange: exchange.kind === "response" ? { ...exchange, ofPing: true } : exchange };
  } finally {
    for (const answer of open) answer.close();
  }
}

function failed(told: Extract<Exchange, { kind: "fault" }>["fault"], url: string): Ping {
  return { kind: "failed", exchange: { kind: "fault", url, fault: told } };
}
