import type { IncomingMessage } from "node:http";
import { answer, type Handled, type LabExchange, refuse } from "./exchange.js";
import { addressOf, behaviourOf, labUser, originOf, type RegistrySpec } from "./spec.js";

type BasicReading = "absent" | "right" | "wrong";

function basicOf(request: IncomingMessage): BasicReading {
  const header = request.headers.authorization;
  if (header === undefined || !header.startsWith("Basic ")) return "absent";
  const right = Buffer.from(`${labUser.username}:${labUser.password}`).toString("base64");
  return header.slice("Basic ".length) === right ? "right" : "wrong";
}

function realmOf(spec: RegistrySpec): string {
  return behaviourOf(spec, "realm")?.url ?? `${originOf(spec)}/token`;
}

function challengeOf(spec: RegistrySpec, repository: string | undefined, error?: string): readonly string[] {
  const lines = behaviourOf(spec, "challenges")?.lines;
  if (lines !== undefined) return lines.map((line) => line.replaceAll("{realm}", realmOf(spec)));
  if (spec.auth === "basic") return [`Basic realm="${addressOf(spec)}"`];
  if (spec.auth === "weird") return ["Negotiate"];
  const parts = behaviourOf(spec, "no-realm") ? [] : [`realm="${realmOf(spec)}"`];
  parts.push(`service="${addressOf(spec)}"`);
  if (repository !== undefined) parts.push(`scope="repository:${repository}:pull"`);
  if (error !== undefined) parts.push(`error="${error}"`);
  return [`Bearer ${parts.join(",")}`];
}

function demand(exchange: LabExchange, repository: string | undefined, error?: string): void {
  const lines = challengeOf(exchange.context.spec, repository, error);
  refuse(exchange, 401, "UNAUTHORIZED", "authentication required", { "www-authenticate": lines });
}

function bearerAllows(exchange: LabExchange, repository: string | undefined): boolean {
  const header = exchange.request.headers.authorization ?? "";
  if (!header.startsWith("Bearer ")) return false;
  const scopes = exchange.context.tokens.read(header.slice("Bearer ".length));
  if (scopes === undefined) return false;
  return repository === undefined || scopes.some((scope) => scope === `repository:${repository}:pull`);
}

/**
 * Whether the request may go on; when it may not, the 401 has been sent.
 * @param repository undefined for requests that concern no repository
 */
export function authorize(exchange: LabExchange, repository: string | undefined): boolean {
  const { spec } = exchange.context;
  const auth = spec.auth ?? "none";
  const allowed =
    auth === "none" ||
    (auth === "basic" && basicOf(exchange.request) === "right") ||
    (auth === "bearer" && bearerAllows(exchange, repository));
  if (!allowed) {
    demand(exchange, repository);
    return false;
  }
  const hidden = behaviourOf(spec, "hidden");
  if (repository === undefined || hidden?.visible.some((prefix) => repository.startsWith(prefix)) !== false)
    return true;
  demand(exchange, repository, hidden.error);
  return false;
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = "";
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > 65_536) break;
  }
  return new URLSearchParams(text);
}

function give(exchange: LabExchange, scopes: readonly string[], name: "token" | "access_token"): Handled {
  const body = JSON.stringify({ [name]: exchange.context.tokens.make(scopes), expires_in: 300 });
  return answer(exchange, 200, { "content-type": "application/json" }, body);
}

function denyToken(exchange: LabExchange): Handled {
  return refuse(exchange, 401, "UNAUTHORIZED", "incorrect username or password", {
    "www-authenticate": `Basic realm="${addressOf(exchange.context.spec)}"`,
  });
}

/** True when a behaviour has already answered for the token endpoint. */
function answeredOddly(exchange: LabExchange): boolean {
  const odd = behaviourOf(exchange.context.spec, "token-answer")?.answer;
  if (odd === undefined || odd === "insist") return false;
  if (odd === "html") answer(exchange, 200, { "content-type": "text/html" }, "<html><body>Please log in</body></html>");
  else if (odd === "empty") answer(exchange, 200, { "content-type": "application/json" }, "{}");
  else refuse(exchange, odd.status, "UNKNOWN", "the token endpoint says no");
  return true;
}

async function answerPost(exchange: LabExchange): Promise<Handled> {
  const mode = behaviourOf(exchange.context.spec, "token-post")?.answer;
  if (mode === undefined) return refuse(exchange, 405, "UNSUPPORTED", "method not allowed");
  if (typeof mode === "object") return refuse(exchange, mode.status, "UNKNOWN", "the token endpoint says no");
  const form = await formOf(exchange.request);
  if (form.get("username") !== labUser.username || form.get("password") !== labUser.password)
    return denyToken(exchange);
  const scopes = (form.get("scope") ?? "").split(" ").filter((scope) => scope !== "");
  return give(exchange, scopes, mode === "token-only" ? "token" : "access_token");
}

/**
 * The token endpoint. GET takes Basic credentials, POST a password form where `token-post` allows it.
 * Source: distribution docs "Token Authentication Specification" and "OAuth 2".
 */
export async function answerTokenRequest(exchange: LabExchange): Promise<Handled> {
  if (answeredOddly(exchange)) return "handled";
  if (exchange.request.method === "POST") return answerPost(exchange);
  const { spec } = exchange.context;
  const basic = basicOf(exchange.request);
  const insists = behaviourOf(spec, "token-answer")?.answer === "insist";
  const anonymous = basic === "absent" && behaviourOf(spec, "anonymous-tokens") !== undefined;
  if (basic === "right" || (insists && basic === "wrong") || anonymous) {
    return give(exchange, exchange.url.searchParams.getAll("scope"), "token");
  }
  return denyToken(exchange);
}
