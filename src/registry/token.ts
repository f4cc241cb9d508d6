import * as z from "zod";
import { Redacted } from "../core/index.js";
import { parseJson, readBody } from "./body.js";
import { shownUrl } from "./foreign-text.js";
import { follow } from "./redirect.js";
import { mayTellRealm, realmRefused } from "./telling.js";
import type { HttpRequest, Sent } from "./transport.js";
import type { AuthRefusal, TokenRules } from "./types.js";

/** The user and password of a session; neither is empty. */
export interface Account {
  readonly username: string;
  readonly password: Redacted<string>;
}

/** What to ask of a token server. `headers` go along as they are; `registry` is the place that named the realm. */
export interface TokenQuestion {
  readonly realm: URL;
  readonly service: string;
  readonly scopes: readonly string[];
  readonly account: Account | undefined;
  readonly headers: HttpRequest["headers"];
  readonly registry: URL;
  readonly rules: TokenRules;
}

export type TokenAnswer =
  | { readonly kind: "token"; readonly token: Redacted<string>; readonly lifetimeMs: number }
  | { readonly kind: "refused"; readonly refusal: AuthRefusal };

type Send = (request: HttpRequest) => Promise<Sent>;

const maxTokenBytes = 1024 * 1024;
const defaultLifetimeMs = 60_000;
// Registries without the OAuth endpoint answer these to a POST; containerd then asks by GET.
const statusesWithoutPost = new Set([400, 401, 404, 405]);

/**
 * How containerd does it.
 * Source: containerd core/remotes/docker/authorizer.go `doBearerAuth`, auth/fetch.go.
 */
export const containerdTokens: TokenRules = {
  method: "post",
  success: "below-400",
  prefers: "access_token",
  withoutToken: "absent",
};

/** Whether a token server was found to know no POST, for the account that asks. */
export interface PostMemory {
  readonly isUnknown: boolean;
  noteUnknown(): void;
}

/**
 * Fetches one token as the rules say; without an account by an anonymous GET.
 * @param memory  spares the POST that would be refused once more; where the GET fails too, all is done as by a runtime
 */
export async function fetchToken(question: TokenQuestion, send: Send, memory?: PostMemory): Promise<TokenAnswer> {
  const { account, rules } = question;
  if (account === undefined) return await ask(question, getRequest(question, undefined), "get", send);
  if (!mayTellRealm(question.realm, question.registry))
    return { kind: "refused", refusal: realmRefused(question.realm) };
  if (rules.method === "get") return await ask(question, getRequest(question, account), "get", send);
  if (memory?.isUnknown === true) {
    const got = await ask(question, getRequest(question, account), "get", send);
    if (got.kind === "token") return got;
  }
  const posted = await ask(question, postRequest(question, account), "post", send);
  if (posted.kind === "token" || posted.refusal.kind !== "token-status") return posted;
  if (!statusesWithoutPost.has(posted.refusal.status)) return posted;
  const got = await ask(question, getRequest(question, account), "get", send);
  if (got.kind === "token") memory?.noteUnknown();
  return got;
}

function postRequest(question: TokenQuestion, account: Account): HttpRequest {
  const form = new URLSearchParams();
  if (question.scopes.length > 0) form.set("scope", question.scopes.join(" "));
  form.set("service", question.service);
  form.set("client_id", "containerd-client");
  form.set("grant_type", "password");
  form.set("username", account.username);
  form.set("password", account.password.reveal());
  const headers = { ...question.headers, "content-type": ["application/x-www-form-urlencoded; charset=utf-8"] };
  return { url: question.realm, method: "POST", headers, body: form.toString() };
}

function getRequest(question: TokenQuestion, account: Account | undefined): HttpRequest {
  const url = new URL(question.realm);
  if (question.service !== "") url.searchParams.append("service", question.service);
  for (const scope of question.scopes) url.searchParams.append("scope", scope);
  if (question.rules.method === "get" && account !== undefined) url.searchParams.append("account", account.username);
  const headers =
    account === undefined ? question.headers : { ...question.headers, authorization: [basicHeader(account).reveal()] };
  return { url, method: "GET", headers };
}

/** `Basic …` for an account. */
export function basicHeader(account: Account): Redacted<string> {
  const pair = `${account.username}:${account.password.reveal()}`;
  return new Redacted(`Basic ${Buffer.from(pair, "utf8").toString("base64")}`);
}

async function ask(
  question: TokenQuestion,
  first: HttpRequest,
  form: "post" | "get",
  send: Send,
): Promise<TokenAnswer> {
  const realm = shownUrl(question.realm, false);
  const anonymous = question.account === undefined;
  const refused = (refusal: AuthRefusal): TokenAnswer => ({ kind: "refused", refusal });
  let request = first;
  let withheld = false;
  const followed = await follow<AuthRefusal>(first, send, async (url, status) => {
    const hop = nextRequest(request, url, status);
    if (hop.body !== undefined && !mayTellRealm(url, question.registry))
      return { kind: "stop", stop: realmRefused(url) };
    withheld ||= "authorization" in request.headers && !("authorization" in hop.headers);
    request = hop;
    return { kind: "send", request };
  });
  if (followed.kind === "stopped") return refused(followed.stop);
  if (followed.kind === "fault") return refused({ kind: "token-fault", realm, fault: followed.fault, anonymous });
  const { answer } = followed;
  const succeeds =
    question.rules.success === "200" ? answer.status === 200 : answer.status >= 200 && answer.status < 400;
  if (!succeeds) {
    await answer.discard();
    if (withheld && (answer.status === 401 || answer.status === 403)) return refused(realmRefused(followed.url));
    return refused({ kind: "token-status", realm, status: answer.status, anonymous });
  }
  const read = await readBody(answer, maxTokenBytes, followed.url.host);
  if (read.kind === "fault") return refused({ kind: "token-fault", realm, fault: read.fault, anonymous });
  const parsed = parseToken(read.bytes, form === "post" ? form : question.rules.prefers, question.rules);
  return typeof parsed === "string" ? refused({ kind: parsed, realm, anonymous }) : parsed;
}

/** Go repeats 307 and 308 as they were; the older redirects become a GET. Authorization stays with the host it was for. */
function nextRequest(from: HttpRequest, url: URL, status: number): HttpRequest {
  const { authorization, "content-type": contentType, ...rest } = from.headers;
  const headers = {
    ...rest,
    host: [url.host],
    ...(authorization !== undefined && url.origin === from.url.origin ? { authorization } : {}),
  };
  if (from.method !== "POST" || from.body === undefined) return { url, method: "GET", headers };
  if (status < 307) return { url, method: "GET", headers };
  return { url, method: "POST", headers: { ...headers, "content-type": contentType ?? [] }, body: from.body };
}

const text = z.string().nullish();
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)$/;
const shared = { access_token: text, expires_in: z.int().nullish(), issued_at: z.string().regex(rfc3339).nullish() };
// A field of another type fails the whole answer in Go, also one that nobody needs.
const bodies = {
  access_token: z
    .object({ ...shared, refresh_token: text, token: text })
    .transform((body) => ({ ...body, token: body.access_token || body.token })),
  token: z
    .object({ ...shared, token: text })
    .transform((body) => ({ ...body, token: body.token || body.access_token })),
  post: z
    .object({ ...shared, refresh_token: text, scope: text })
    .transform((body) => ({ ...body, token: body.access_token })),
};

function parseToken(
  bytes: Uint8Array,
  form: keyof typeof bodies,
  { withoutToken }: TokenRules,
): TokenAnswer | "token-unreadable" | "token-absent" {
  const value = parseJson(bytes);
  const parsed = bodies[form].safeParse(value === null ? {} : foldKeys(value));
  if (!parsed.success) return "token-unreadable";
  const { token, expires_in } = parsed.data;
  if (!token && withoutToken === "absent") return "token-absent";
  // No header can carry it, neither the runtime's nor ours.
  if (/[^\t\x20-\x7e]/.test(token ?? "")) return "token-unreadable";
  const lifetimeMs = typeof expires_in === "number" && expires_in > 0 ? expires_in * 1000 : defaultLifetimeMs;
  return { kind: "token", token: new Redacted(token ?? ""), lifetimeMs };
}

/** Go matches JSON names whatever their case. */
function foldKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name.toLowerCase(), entry]));
}
