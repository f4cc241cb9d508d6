import type { Clock } from "../core/index.js";
import { lengthOf, rangeOf, streamBody } from "./blob-stream.js";
import { readBody, registryErrors } from "./body.js";
import { offeredSchemes } from "./challenge.js";
import { fault } from "./fault.js";
import { shownUrl } from "./foreign-text.js";
import { readRateLimit } from "./ratelimit.js";
import type { HttpAnswer } from "./transport.js";
import type { AuthRefusal, Exchange, ExchangeRequest, RegistryResponse } from "./types.js";

/** The last answer of an exchange and what led to it. */
export interface LastAnswer {
  readonly answer: HttpAnswer;
  readonly url: URL;
  readonly redirected: boolean;
  readonly method: "HEAD" | "GET";
  readonly authorization: RegistryResponse["authorization"];
}

/** The end of an exchange whose host's address makes no URL. */
export function withoutUrl(address: string): Exchange {
  return { kind: "fault", url: "", fault: fault("unreachable", address, "this is no address of a host") };
}

/** The end of an exchange that was not authorized; whoever was aborted meanwhile was not refused. */
export function refusedExchange(url: string, refusal: AuthRefusal, address: string): Exchange {
  const isAborted = refusal.kind === "token-fault" && refusal.fault.kind === "aborted";
  return isAborted ? { kind: "fault", url, fault: fault("aborted", address) } : { kind: "refused", url, refusal };
}

const maxErrorBytes = 64_000;

/**
 * Reads what is left of the last answer. Error bodies are read up to 64 kB for the errors in them, as containerd does, and
 * may fail to arrive; any other body must arrive as far as it was asked for.
 */
export async function readResponse(
  last: LastAnswer,
  { maxBodyBytes, sink }: Pick<ExchangeRequest, "maxBodyBytes" | "sink">,
  clock: Clock,
): Promise<Exchange> {
  const { answer, url } = last;
  const isError = answer.status >= 400;
  const wanted = last.method === "HEAD" ? 0 : Math.max(maxBodyBytes, isError ? maxErrorBytes : 0);
  const streams = sink !== undefined && last.method === "GET" && (answer.status === 200 || answer.status === 206);
  const read = streams ? await streamBody(answer, sink) : await readBody(answer, wanted, url.host);
  if (read.kind === "fault" && (!isError || read.fault.kind === "aborted")) {
    return { kind: "fault", url: shownUrl(url, !last.redirected), fault: read.fault };
  }
  const bytes = read.kind === "bytes" ? read.bytes : new Uint8Array();
  const withBody = maxBodyBytes > 0 && last.method === "GET";
  return {
    kind: "response",
    url: shownUrl(url, !last.redirected),
    method: last.method,
    status: answer.status,
    mediaType: (answer.header("content-type") ?? "").split(";", 1)[0] ?? "",
    ...headerFacts(answer, clock),
    ...(withBody ? { body: bytes.subarray(0, maxBodyBytes) } : {}),
    errors: isError ? registryErrors(bytes.subarray(0, maxErrorBytes)) : [],
    authorization: last.authorization,
    challenges: answer.status === 401 ? offeredSchemes(answer.headerLines("www-authenticate")) : [],
  };
}

function headerFacts(answer: HttpAnswer, clock: Clock) {
  const digestHeader = answer.header("docker-content-digest");
  const contentLength = lengthOf(answer);
  const contentRange = rangeOf(answer.header("content-range"));
  const retryAfterSeconds = retryAfter(answer.header("retry-after"), clock);
  const rateLimit = readRateLimit((name) => answer.header(name));
  return {
    ...(contentLength === undefined ? {} : { contentLength }),
    ...(contentRange === undefined ? {} : { contentRange }),
    ...(digestHeader === undefined ? {} : { digestHeader }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(rateLimit === undefined ? {} : { rateLimit }),
  };
}

/** Seconds that `Retry-After` says, as a number or a date; undefined for anything else. */
export function retryAfter(text: string | undefined, clock: Clock): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, Math.ceil((dateMs - clock.nowMs()) / 1000));
}
