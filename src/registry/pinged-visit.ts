import { createHash } from "node:crypto";
import { Redacted } from "../core/index.js";
import { parseChallenges } from "./challenge.js";
import { fault } from "./fault.js";
import { shownUrl } from "./foreign-text.js";
import { follow } from "./redirect.js";
import { endpointUrl, registryHeaders, tokenHeaders } from "./request.js";
import { readResponse } from "./response.js";
import { mayTellRealm } from "./telling.js";
import { basicHeader, fetchToken } from "./token.js";
import type { HttpAnswer, HttpRequest } from "./transport.js";
import type { Authorize, AuthRefusal, Exchange, ExchangeRequest, PingResult, RegistryResponse } from "./types.js";
import type { VisitDeps } from "./visit.js";

/**
 * One request of a runtime that has asked `/v2/` beforehand what a registry wants: redirects are followed, authorization
 * goes to the place that asked for it and to no other, no answer leads to a second try.
 * Source: distribution v2.8 registry/client/auth/session.go `endpointAuthorizer`, `tokenHandler`, `basicHandler`, as dockerd
 * 20.10 to 28 uses it.
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

class PingedVisit {
  usedStoredToken = false;

  readonly #deps: VisitDeps;
  readonly #request: ExchangeRequest;
  readonly #authorize: Authorize;
  readonly #fresh: boolean;
  readonly #signal: AbortSignal;
  #authorization: RegistryResponse["authorization"] = "none";

  constructor(deps: VisitDeps, request: ExchangeRequest, authorize: Authorize, fresh: boolean, signal: AbortSignal) {
    this.#deps = deps;
    this.#request = request;
    this.#authorize = authorize;
    this.#fresh = fresh;
    this.#signal = signal;
  }

  async run(): Promise<Exchange> {
    const { host, method } = this.#request;
    const base = endpointUrl(this.#request);
    if (base === undefined) {
      return { kind: "fault", url: "", fault: fault("unreachable", host.address, "this is no address of a host") };
    }
    const open: HttpAnswer[] = [];
    try {
      const first = await this.#prepare(base);
      if (first.kind === "stop") return this.#refused(base, first.stop);
      const followed = await follow<AuthRefusal>(
        first.request,
        async (hop) => {
          const sent = await this.#deps.send(hop, this.#signal);
          if (sent.kind === "answer") open.push(sent);
          return sent;
        },
        (url) => this.#prepare(url),
      );
      if (followed.kind === "stopped") return this.#refused(base, followed.stop);
      const { url, redirected } = followed;
      if (followed.kind === "fault") return { kind: "fault", url: shownUrl(url, !redirected), fault: followed.fault };
      const last = { answer: followed.answer, url, redirected, method, authorization: this.#authorization };
      const exchange = await readResponse(last, this.#request, this.#deps.clock);
      if (this.#authorize !== "ping" || exchange.kind !== "response") return exchange;
      return { ...exchange, ping: pingResult(followed.answer, url) };
    } finally {
      for (const answer of open) answer.close();
    }
  }

  async #prepare(
    url: URL,
  ): Promise<
    { readonly kind: "send"; readonly request: HttpRequest } | { readonly kind: "stop"; readonly stop: AuthRefusal }
  > {
    const ownHost = url.host === new URL(`${this.#request.host.scheme}://${this.#request.host.address}`).host;
    const headers = registryHeaders(this.#request, this.#deps.userAgent, ownHost, url);
    const authorized = await this.#authorizeFor(url);
    if ("refusal" in authorized) return { kind: "stop", stop: authorized.refusal };
    this.#authorization = authorized.scheme;
    const own = authorized.header === undefined ? {} : { authorization: [authorized.header.reveal()] };
    return { kind: "send", request: { url, method: this.#request.method, headers: { ...headers, ...own } } };
  }

  /** Every challenge is answered in turn, tokens before passwords, and the last answer is the one that is sent. */
  async #authorizeFor(url: URL): Promise<Authorized> {
    let authorized: Authorized = { scheme: "none" };
    if (this.#authorize === "ping" || !isBelow(url, this.#authorize)) return authorized;
    const { challenges } = this.#authorize;
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    if (bearer !== undefined) {
      authorized = await this.#token(url, bearer.parameters);
      if ("refusal" in authorized) return authorized;
    }
    if (!challenges.some(({ scheme }) => scheme === "basic")) return authorized;
    const { account } = this.#deps;
    if (account === undefined) return { refusal: { kind: "no-credentials", scheme: "basic" } };
    return { scheme: "basic", header: basicHeader(account) };
  }

  async #token(url: URL, parameters: ReadonlyMap<string, string>): Promise<Authorized> {
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
    const scopes = [`repository:${repository}:pull`];
    const question = { realm, service, scopes, account, headers, registry, form: "get" } as const;
    const parts = JSON.stringify(["pinged", tokenScope, realm.href, service, scopes]);
    const { answer, stored } = await tokens.token(
      createHash("sha256").update(parts).digest("base64"),
      this.#fresh,
      (signal) => fetchToken(question, (request) => send(request, signal)),
      this.#signal,
    );
    if (answer.kind === "refused") return { refusal: answer.refusal };
    this.usedStoredToken ||= stored;
    return { scheme: "bearer", header: new Redacted(`Bearer ${answer.token.reveal()}`) };
  }

  #refused(url: URL, refusal: AuthRefusal): Exchange {
    if (refusal.kind === "token-fault" && refusal.fault.kind === "aborted") {
      return { kind: "fault", url: shownUrl(url, true), fault: fault("aborted", this.#request.host.address) };
    }
    return { kind: "refused", url: shownUrl(url, true), refusal };
  }
}

function pingResult(answer: HttpAnswer, url: URL): PingResult {
  const challenges = answer.status === 401 ? parseChallenges(answer.headerLines("www-authenticate")) : [];
  return { place: `${url.origin}${url.pathname}`, challenges };
}

/** The path up to the first `/v2/` is what was pinged; an address without one is never authorized. */
function isBelow(url: URL, { place }: PingResult): boolean {
  const root = url.pathname.indexOf("/v2/");
  return root >= 0 && `${url.origin}${url.pathname.slice(0, root + "/v2/".length)}` === place;
}
