import { createHash } from "node:crypto";
import { Redacted } from "../core/index.js";
import { type Challenge, challengesAsSent } from "./challenge.js";
import { fault } from "./fault.js";
import { shownUrl } from "./foreign-text.js";
import { follow } from "./redirect.js";
import { endpointUrl, registryHeaders, tokenHeaders } from "./request.js";
import { readResponse, refusedExchange, withoutUrl } from "./response.js";
import { mayTellRealm } from "./telling.js";
import { basicHeader, fetchToken } from "./token.js";
import type { HttpAnswer, HttpRequest } from "./transport.js";
import type { Authorize, AuthRefusal, Exchange, ExchangeRequest, PingResult, RegistryResponse } from "./types.js";
import type { VisitDeps } from "./visit.js";

/**
 * One request of a runtime that has asked `/v2/` beforehand what a registry wants: redirects are followed, authorization
 * goes to the place that asked for it and to no other, no answer leads to a second try unless it names a missing scope.
 * Source: distribution v2.8 registry/client/auth/session.go `endpointAuthorizer`, `tokenHandler`, `basicHandler`, as dockerd
 * 20.10 to 28 uses it; containers/image docker/docker_client.go `makeRequest`, `setupRequestAuth`.
 */
export async function visitPinged(
  deps: VisitDeps,
  request: ExchangeRequest,
  authorize: Authorize,
  signal: AbortSignal,
): Promise<Exchange> {
  const visit = new PingedVisit(deps, request, authorize, false, signal);
  const exchange = await visit.run();
  const leant = visit.usedStoredToken && exchange.kind === "response" && [401, 403, 404].includes(exchange.status);
  // The runtime starts from nothing: what a remembered token led to may be that token's fault.
  return leant ? await new PingedVisit(deps, request, authorize, true, signal).run() : exchange;
}

type Authorized =
  | { readonly header?: Redacted<string>; readonly scheme: RegistryResponse["authorization"] }
  | { readonly refusal: AuthRefusal };

/** How a request ended, with what its last answer asks for. */
interface Ended {
  readonly exchange: Exchange;
  readonly challenges: readonly Challenge[];
}

class PingedVisit {
  usedStoredToken = false;

  readonly #deps: VisitDeps;
  readonly #request: ExchangeRequest;
  readonly #authorize: Authorize;
  readonly #fresh: boolean;
  readonly #signal: AbortSignal;
  readonly #open: HttpAnswer[] = [];

  constructor(deps: VisitDeps, request: ExchangeRequest, authorize: Authorize, fresh: boolean, signal: AbortSignal) {
    this.#deps = deps;
    this.#request = request;
    this.#authorize = authorize;
    this.#fresh = fresh;
    this.#signal = signal;
  }

  async run(): Promise<Exchange> {
    const base = endpointUrl(this.#request);
    if (base === undefined) return withoutUrl(this.#request.host.address);
    try {
      const first = await this.#ask(base, undefined);
      if (first.exchange.kind !== "response" || first.exchange.status !== 401) return first.exchange;
      if (this.#authorize === "ping" || !this.#authorize.rules.addsMissingScope) return first.exchange;
      const scope = missingScope(first.challenges);
      return scope === undefined ? first.exchange : (await this.#ask(base, scope)).exchange;
    } finally {
      for (const answer of this.#open) answer.close();
    }
  }

  async #ask(base: URL, extraScope: string | undefined): Promise<Ended> {
    const trip = new Trip(this.#deps, this.#request, this.#authorize, (url) => this.#answer(url, extraScope));
    const first = await trip.prepare(base);
    if (first.kind === "stop") return this.#refused(base, first.stop);
    const followed = await follow<AuthRefusal>(
      first.request,
      async (hop) => {
        const sent = await this.#deps.send(hop, this.#signal);
        if (sent.kind === "answer") this.#open.push(sent);
        return sent;
      },
      (url) => trip.prepare(url),
    );
    if (followed.kind === "stopped") return this.#refused(base, followed.stop);
    const { url, redirected } = followed;
    if (followed.kind === "fault") return faulty(shownUrl(url, !redirected), followed.fault);
    const { answer } = followed;
    const challenges = challengesAsSent(answer.headerLines("www-authenticate"));
    if (trip.withheld && (answer.status === 401 || answer.status === 403)) {
      const detail = "it was redirected to, and what the first host was told is not told to it";
      return faulty(shownUrl(url, false), fault("redirect-refused", url.host, detail));
    }
    const last = { answer, url, redirected, method: this.#request.method, authorization: trip.authorization };
    const exchange = await readResponse(last, this.#request, this.#deps.clock);
    if (this.#authorize !== "ping" || exchange.kind !== "response") return { exchange, challenges };
    return { exchange: { ...exchange, ping: { place: `${url.origin}${url.pathname}`, challenges } }, challenges };
  }

  /** What the registry wants, as the runtime understands it; without a challenge that is understood the request goes as it is. */
  async #answer(url: URL, extraScope: string | undefined): Promise<Authorized> {
    if (this.#authorize === "ping") return { scheme: "none" };
    const { ping, rules } = this.#authorize;
    const understood = ping.challenges.filter(({ scheme }) => scheme !== "digest");
    const wanted = rules.answers === "first" ? understood.slice(0, 1) : understood;
    const bearer = wanted.find(({ scheme }) => scheme === "bearer");
    const token = bearer && (await this.#token(url, bearer.parameters, extraScope));
    if (token !== undefined && "refusal" in token) return token;
    if (!wanted.some(({ scheme }) => scheme === "basic")) return token ?? { scheme: "none" };
    const { account } = this.#deps;
    if (account !== undefined) return { scheme: "basic", header: basicHeader(account) };
    if (rules.nameless === "refused") return { refusal: { kind: "no-credentials", scheme: "basic" } };
    return { scheme: "basic", header: basicHeader({ username: "", password: new Redacted("") }) };
  }

  async #token(url: URL, parameters: ReadonlyMap<string, string>, extraScope: string | undefined): Promise<Authorized> {
    if (this.#authorize === "ping") return { scheme: "none" };
    const { account, tokens, tokenScope, userAgent, send } = this.#deps;
    const written = parameters.get("realm");
    const realm = written !== undefined && URL.canParse(written) ? new URL(written) : undefined;
    if (realm?.protocol !== "https:" && realm?.protocol !== "http:") {
      const what = written === undefined ? "no token realm" : "a token realm that is no http(s) URL";
      return { refusal: { kind: "realm-missing", message: `${url.host} names ${what}` } };
    }
    const { host, repository } = this.#request;
    const registry = new URL(`${host.scheme}://${host.address}`);
    const headers = tokenHeaders(host, userAgent, realm, mayTellRealm(realm, registry));
    const service = parameters.get("service") ?? "";
    // What the challenge names as scope does not count.
    const scopes = [`repository:${repository}:pull`, ...(extraScope === undefined ? [] : [extraScope])];
    const rules = this.#authorize.rules.tokens;
    const question = { realm, service, scopes, account, headers, registry, rules };
    const parts = JSON.stringify(["pinged", rules, tokenScope, realm.href, service, scopes]);
    const { answer, stored } = await tokens.token(
      createHash("sha256").update(parts).digest("base64"),
      this.#fresh,
      (signal) => fetchToken(question, (request) => send(request, signal)),
      this.#signal,
    );
    if (answer.kind === "refused") return { refusal: answer.refusal };
    this.usedStoredToken ||= stored;
    return { scheme: "bearer", header: new Redacted(`Bearer ${answer.token.reveal()}`.trim()) };
  }

  #refused(url: URL, refusal: AuthRefusal): Ended {
    return { exchange: refusedExchange(shownUrl(url, true), refusal, this.#request.host.address), challenges: [] };
  }
}

/** The way from the request to its answer: what each place on it is told. */
class Trip {
  /** What the last request carried. */
  authorization: RegistryResponse["authorization"] = "none";
  /** Go would have told the last place what the first one was told. */
  withheld = false;

  readonly #deps: VisitDeps;
  readonly #request: ExchangeRequest;
  readonly #authorize: Authorize;
  readonly #answer: (url: URL) => Promise<Authorized>;
  #authorized: Authorized | undefined;
  #first: URL | undefined;

  constructor(
    deps: VisitDeps,
    request: ExchangeRequest,
    authorize: Authorize,
    answer: (url: URL) => Promise<Authorized>,
  ) {
    this.#deps = deps;
    this.#request = request;
    this.#authorize = authorize;
    this.#answer = answer;
  }

  async prepare(
    url: URL,
  ): Promise<
    { readonly kind: "send"; readonly request: HttpRequest } | { readonly kind: "stop"; readonly stop: AuthRefusal }
  > {
    const { host, method } = this.#request;
    const first = this.#first ?? url;
    this.#first = first;
    const ownHost = url.host === new URL(`${host.scheme}://${host.address}`).host;
    const headers = registryHeaders(this.#request, this.#deps.userAgent, ownHost, url);
    if (!this.#isAuthorized(url, first)) {
      this.authorization = "none";
      const told = this.#authorized !== undefined && "header" in this.#authorized;
      this.withheld = told && this.#passesOn() && isSameOrBelow(url.hostname, first.hostname);
      return { kind: "send", request: { url, method, headers } };
    }
    const authorized = this.#authorized ?? (await this.#answer(url));
    this.#authorized = authorized;
    if ("refusal" in authorized) return { kind: "stop", stop: authorized.refusal };
    this.withheld = false;
    this.authorization = authorized.scheme;
    const own = authorized.header === undefined ? {} : { authorization: [authorized.header.reveal()] };
    return { kind: "send", request: { url, method, headers: { ...headers, ...own } } };
  }

  /** Go passes Authorization on to the same name and below it; here it stays with the origin that it was made for. */
  #isAuthorized(url: URL, first: URL): boolean {
    if (this.#authorize === "ping") return false;
    return this.#passesOn() ? url.origin === first.origin : isBelow(url, this.#authorize.ping);
  }

  #passesOn(): boolean {
    return this.#authorize !== "ping" && this.#authorize.rules.where === "asked";
  }
}

function faulty(url: string, told: Extract<Exchange, { kind: "fault" }>["fault"]): Ended {
  return { exchange: { kind: "fault", url, fault: told }, challenges: [] };
}

/** The path up to the first `/v2/` is what was pinged; an address without one is never authorized. */
function isBelow(url: URL, { place }: PingResult): boolean {
  const root = url.pathname.indexOf("/v2/");
  return root >= 0 && `${url.origin}${url.pathname.slice(0, root + "/v2/".length)}` === place;
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
