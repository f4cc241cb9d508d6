import { createHash } from "node:crypto";
import { Redacted } from "../core/index.js";
import { type Challenge, challengesAsSent } from "./challenge.js";
import { fault } from "./fault.js";
import { shownUrl } from "./foreign-text.js";
import { type Ping, pingRegistry } from "./ping.js";
import { fetchPlainToken } from "./plain-token.js";
import { follow } from "./redirect.js";
import { endpointUrl, registryHeaders, tokenHeaders } from "./request.js";
import { readResponse } from "./response.js";
import { mayTellRealm } from "./telling.js";
import { basicHeader } from "./token.js";
import type { HttpAnswer, HttpRequest } from "./transport.js";
import type { AuthRefusal, Exchange, ExchangeRequest, RegistryResponse } from "./types.js";
import type { VisitDeps } from "./visit.js";

/** What `/v2/` told of each host during one session; the library keeps it for one image. */
export type Pings = Map<string, Promise<Ping>>;

/**
 * One request as containers-image makes it: `/v2/` tells the scheme and what to authorize with, once a host; the request itself is
 * repeated only when its answer names a scope that the token lacks.
 * Source: containers/image docker/docker_client.go `makeRequest`, `setupRequestAuth`.
 */
export async function visitAfterPing(
  deps: VisitDeps,
  request: ExchangeRequest,
  pings: Pings,
  signal: AbortSignal,
): Promise<Exchange> {
  const pinging = pings.get(deps.tokenScope) ?? pingRegistry(deps, request, signal);
  pings.set(deps.tokenScope, pinging);
  const ping = await pinging;
  if (ping.kind === "failed") return ping.exchange;
  const asked = { ...request, host: ping.host };
  const visit = new PingingVisit(deps, asked, ping.challenges, false, signal);
  const exchange = await visit.run();
  const leant = visit.usedStoredToken && exchange.kind === "response" && [401, 403, 404].includes(exchange.status);
  // The runtime starts from nothing: what a remembered token led to may be that token's fault.
  return leant ? await new PingingVisit(deps, asked, ping.challenges, true, signal).run() : exchange;
}

type Authorized =
  | { readonly header?: Redacted<string>; readonly scheme: RegistryResponse["authorization"] }
  | { readonly refusal: AuthRefusal };

class PingingVisit {
  usedStoredToken = false;

  readonly #deps: VisitDeps;
  readonly #request: ExchangeRequest;
  readonly #challenges: readonly Challenge[];
  readonly #fresh: boolean;
  readonly #signal: AbortSignal;

  constructor(
    deps: VisitDeps,
    request: ExchangeRequest,
    challenges: readonly Challenge[],
    fresh: boolean,
    signal: AbortSignal,
  ) {
    this.#deps = deps;
    this.#request = request;
    this.#challenges = challenges;
    this.#fresh = fresh;
    this.#signal = signal;
  }

  async run(): Promise<Exchange> {
    const base = endpointUrl(this.#request);
    if (base === undefined) {
      return {
        kind: "fault",
        url: "",
        fault: fault("unreachable", this.#request.host.address, "no address of a host"),
      };
    }
    const open: HttpAnswer[] = [];
    try {
      const first = await this.#ask(base, undefined, open);
      if (first.exchange.kind !== "response" || first.exchange.status !== 401) return first.exchange;
      const scope = missingScope(first.challenges);
      return scope === undefined ? first.exchange : (await this.#ask(base, scope, open)).exchange;
    } finally {
      for (const answer of open) answer.close();
    }
  }

  async #ask(base: URL, extraScope: string | undefined, open: HttpAnswer[]) {
    const authorized = await this.#authorize(extraScope);
    if ("refusal" in authorized) return { exchange: this.#refused(base, authorized.refusal), challenges: [] };
    const { request, withheld, followed } = await this.#follow(base, authorized.header, open);
    if (followed.kind === "stopped") return { exchange: this.#refused(base, followed.stop), challenges: [] };
    const { url, redirected } = followed;
    if (followed.kind === "fault") {
      const exchange: Exchange = { kind: "fault", url: shownUrl(url, !redirected), fault: followed.fault };
      return { exchange, challenges: [] };
    }
    const { answer } = followed;
    const challenges = challengesAsSent(answer.headerLines("www-authenticate"));
    if (withheld && (answer.status === 401 || answer.status === 403)) {
      const detail = "it was redirected to, and what the first host was told is not told to it";
      const told = fault("redirect-refused", url.host, detail);
      return { exchange: { kind: "fault", url: shownUrl(url, false), fault: told } as const, challenges };
    }
    const authorization = "authorization" in request.headers ? authorized.scheme : "none";
    const last = {
      answer,
      url,
      redirected,
      method: request.method === "HEAD" ? "HEAD" : "GET",
      authorization,
    } as const;
    return { exchange: await readResponse(last, this.#request, this.#deps.clock), challenges };
  }

  /** Go passes Authorization on to the same name and below it; here it stays with the origin that it was made for. */
  async #follow(base: URL, header: Redacted<string> | undefined, open: HttpAnswer[]) {
    const { userAgent } = this.#deps;
    const own = header === undefined ? {} : { authorization: [header.reveal()] };
    const headers = { ...registryHeaders(this.#request, userAgent, true, base), ...own };
    let request: HttpRequest = { url: base, method: this.#request.method, headers };
    let withheld = false;
    const followed = await follow<AuthRefusal>(
      request,
      async (hop) => {
        const sent = await this.#deps.send(hop, this.#signal);
        if (sent.kind === "answer") open.push(sent);
        return sent;
      },
      async (url) => {
        const keeps = header !== undefined && url.origin === base.origin;
        withheld = header !== undefined && !keeps && isSameOrBelow(url.hostname, base.hostname);
        const next = registryHeaders(this.#request, userAgent, url.host === base.host, url);
        request = { url, method: request.method, headers: { ...next, ...(keeps ? own : {}) } };
        return { kind: "send", request };
      },
    );
    return { request, withheld, followed };
  }

  /** The first challenge that is understood decides; without one the request goes as it is. */
  async #authorize(extraScope: string | undefined): Promise<Authorized> {
    const { account } = this.#deps;
    const challenge = this.#challenges.find(({ scheme }) => scheme === "basic" || scheme === "bearer");
    if (challenge === undefined) return { scheme: "none" };
    if (challenge.scheme === "bearer") return await this.#token(challenge, extraScope);
    return { scheme: "basic", header: basicHeader(account ?? { username: "", password: new Redacted("") }) };
  }

  async #token({ parameters }: Challenge, extraScope: string | undefined): Promise<Authorized> {
    const { account, tokens, tokenScope, userAgent, send, clock } = this.#deps;
    const { host, repository } = this.#request;
    const written = parameters.get("realm");
    const realm = written !== undefined && URL.canParse(written) ? new URL(written) : undefined;
    if (realm?.protocol !== "https:" && realm?.protocol !== "http:") {
      const what = written === undefined ? "no token realm" : "a token realm that is no http(s) URL";
      return { refusal: { kind: "realm-missing", message: `${host.address} names ${what}` } };
    }
    const registry = new URL(`${host.scheme}://${host.address}`);
    const headers = tokenHeaders(host, userAgent, realm, mayTellRealm(realm, registry));
    const service = parameters.get("service") ?? "";
    const scopes = [`repository:${repository}:pull`, ...(extraScope === undefined ? [] : [extraScope])];
    const question = { realm, service, scopes, account, headers, registry };
    const parts = JSON.stringify(["after ping", tokenScope, realm.href, service, scopes]);
    const { answer, stored } = await tokens.token(
      createHash("sha256").update(parts).digest("base64"),
      this.#fresh,
      (signal) => fetchPlainToken(question, clock.nowMs(), (request) => send(request, signal)),
      this.#signal,
    );
    if (answer.kind === "refused") return { refusal: answer.refusal };
    this.usedStoredToken ||= stored;
    return { scheme: "bearer", header: new Redacted(`Bearer ${answer.token.reveal()}`.trim()) };
  }

  #refused(url: URL, refusal: AuthRefusal): Exchange {
    if (refusal.kind === "token-fault" && refusal.fault.kind === "aborted") {
      return { kind: "fault", url: shownUrl(url, true), fault: fault("aborted", this.#request.host.address) };
    }
    return { kind: "refused", url: shownUrl(url, true), refusal };
  }
}

/** The scope that a registry says a token lacks. Source: `needsRetryWithUpdatedScope`, from containers/image 5.23 on. */
function missingScope(challenges: readonly Challenge[]): string | undefined {
  return challenges
    .filter(({ scheme, parameters }) => scheme === "bearer" && parameters.get("error") === "insufficient_scope")
    .map(({ parameters }) => parameters.get("scope") ?? "")
    .find((scope) => scope.split(":").length === 3);
}

function isSameOrBelow(hostname: string, of: string): boolean {
  return hostname === of || hostname.endsWith(`.${of}`);
}
