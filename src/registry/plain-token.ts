import * as z from "zod";
import { Redacted } from "../core/index.js";
import { parseJson, readBody } from "./body.js";
import { shownUrl } from "./foreign-text.js";
import { follow } from "./redirect.js";
import { mayTellRealm, realmRefused } from "./telling.js";
import { basicHeader, type TokenAnswer, type TokenQuestion } from "./token.js";
import type { HttpRequest, Sent } from "./transport.js";
import type { AuthRefusal } from "./types.js";

const maxTokenBytes = 1024 * 1024;
const leastLifetimeMs = 60_000;

/**
 * Fetches a token as containers-image does: always by GET, with Basic where there is an account, and with nothing but 200 as a
 * success. An answer without a token is one with an empty token.
 * Source: containers/image docker/docker_client.go `getBearerToken`, `newBearerTokenFromJSONBlob`.
 */
export async function fetchPlainToken(
  question: TokenQuestion,
  nowMs: number,
  send: (request: HttpRequest) => Promise<Sent>,
): Promise<TokenAnswer> {
  const { account, registry } = question;
  const realm = shownUrl(question.realm, false);
  const anonymous = account === undefined;
  const refused = (refusal: AuthRefusal): TokenAnswer => ({ kind: "refused", refusal });
  if (!anonymous && !mayTellRealm(question.realm, registry)) return refused(realmRefused(question.realm));
  let request = tokenRequest(question);
  let withheld = false;
  const followed = await follow<never>(request, send, async (url) => {
    const { authorization, ...rest } = request.headers;
    const keeps = authorization !== undefined && url.origin === request.url.origin;
    withheld ||= authorization !== undefined && !keeps;
    request = { url, method: "GET", headers: { ...rest, host: [url.host], ...(keeps && { authorization }) } };
    return { kind: "send", request };
  });
  if (followed.kind === "stopped") return followed.stop;
  if (followed.kind === "fault") return refused({ kind: "token-fault", realm, fault: followed.fault, anonymous });
  const { answer, url } = followed;
  if (answer.status !== 200) {
    await answer.discard();
    if (withheld && (answer.status === 401 || answer.status === 403)) return refused(realmRefused(url));
    return refused({ kind: "token-status", realm, status: answer.status, anonymous });
  }
  const read = await readBody(answer, maxTokenBytes + 1, url.host);
  if (read.kind === "fault") return refused({ kind: "token-fault", realm, fault: read.fault, anonymous });
  return parsePlainToken(read.bytes, nowMs) ?? refused({ kind: "token-unreadable", realm, anonymous });
}

function tokenRequest({ realm, service, scopes, account, headers }: TokenQuestion): HttpRequest {
  const url = new URL(realm);
  if (account !== undefined) url.searchParams.append("account", account.username);
  if (service !== "") url.searchParams.append("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  const authorization = account === undefined ? {} : { authorization: [basicHeader(account).reveal()] };
  return { url, method: "GET", headers: { ...headers, ...authorization } };
}

const text = z.string().nullish();
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)$/;
const body = z.object({
  token: text,
  access_token: text,
  expires_in: z.int().nullish(),
  issued_at: z.string().regex(rfc3339).nullish(),
});

function parsePlainToken(bytes: Uint8Array, nowMs: number): TokenAnswer | undefined {
  const value = bytes.byteLength > maxTokenBytes ? undefined : parseJson(bytes);
  const parsed = body.safeParse(value === null ? {} : foldKeys(value));
  if (!parsed.success) return undefined;
  const { token, access_token, expires_in, issued_at } = parsed.data;
  const found = token || access_token || "";
  // No header can carry it, neither the runtime's nor ours.
  if (/[^\t\x20-\x7e]/.test(found)) return undefined;
  const issuedMs = typeof issued_at === "string" ? Date.parse(issued_at) : nowMs;
  const lifetimeMs = Math.max((expires_in ?? 0) * 1000, leastLifetimeMs);
  return { kind: "token", token: new Redacted(found), lifetimeMs: Math.max(issuedMs + lifetimeMs - nowMs, 0) || 0 };
}

/** Go matches JSON names whatever their case. */
function foldKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name.toLowerCase(), entry]));
}
