import { createHash } from "node:crypto";
import { type Clock, Redacted, unreachable } from "../core/index.js";
import { type Authorizer, type Handler, pullScope, type SeenAnswer, tokenScopes } from "./authorizer.js";
import { fault } from "./fault.js";
import { shownUrl } from "./foreign-text.js";
import { baseOf } from "./host-names.js";
import { follow } from "./redirect.js";
import { endpointUrl, hasConfiguredHeaders, registryHeaders, tokenHeaders } from "./request.js";
import { readResponse, refusedExchange, withoutUrl } from "./response.js";
import { mayTellRealm } from "./telling.js";
import { type Account, containerdTokens, fetchToken } from "./token.js";
import type { TokenCache } from "./token-cache.js";
import type { HttpAnswer, HttpRequest, Sent } from "./transport.js";
import type { AuthRefusal, Exchange, ExchangeRequest, RegistryResponse, TransportFault } from "./types.js";

/** What was learnt about one repository on one host for one identity; outlives a visit when it led to an answer. */
export interface HostState {
  readonly authorizer: Authorizer;
  /** The host was found to speak plain HTTP behind an https address, and its configuration allows that. */
  plainHttp: boolean;
}

export interface VisitDeps {
  readonly clock: Clock;
  readonly userAgent: string;
  readonly tokens: TokenCache;
  readonly account: Account | undefined;
  /** Names identity and host settings, so that tokens are shared only where both are equal. */
  readonly tokenScope: string;
  readonly send: (request: HttpRequest, signal: AbortSignal) => Promise<Sent>;
  /** Whether the host asked this sender to wait; absent: it is asked again whatever it says. */
  readonly isPaused?: () => boolean;
}

type Prepared =
  | { readonly kind: "send"; readonly request: HttpRequest }
  | { readonly kind: "stop"; readonly stop: AuthRefusal };

/**
 * One operation on one host from the first request to the final answer: authorization, retries, redirects, HEAD turned GET.
 * Source: containerd core/remotes/docker/resolver.go `doWithRetries`, `retryRequest`.
 */
export class Visit {
  /** Something remembered was used; a failure may be the memory's and not the registry's. */
  leaned: boolean;

  readonly #deps: VisitDeps;
  readonly #request: ExchangeRequest;
  readonly #state: HostState;
  readonly #fresh: boolean;
  readonly #signal: AbortSignal;
  readonly #seen: SeenAnswer[] = [];
  readonly #open: HttpAnswer[] = [];
  #method: "HEAD" | "GET";
  #authorization: RegistryResponse["authorization"] = "none";
  #withheldFrom: string | undefined;

  /** @param fresh  fetch tokens anew instead of taking remembered ones */
  constructor(deps: VisitDeps, request: ExchangeRequest, state: HostState, fresh: boolean, signal: AbortSignal) {
    this.#deps = deps;
    this.#request = request;
    this.#state = state;
    this.#fresh = fresh;
    this.#signal = signal;
    this.#method = request.method;
    this.leaned = state.authorizer.hasHandlers || state.plainHttp;
  }

  async run(): Promise<Exchange> {
    const base = endpointUrl(this.#request);
    if (base === undefined) return withoutUrl(this.#request.host.address);
    try {
      return await this.#ask(base);
    } finally {
      for (const answer of this.#open) answer.close();
    }
  }

  /** Begins to fetch the token that the host will probably ask for, for {@link run} of another visit to find. */
  fetchTokenAhead(): void {
    const base = endpointUrl(this.#request);
    const handler = base && this.#state.authorizer.handlerFor(this.#effective(base));
    // Whatever comes of it, the visit that needs it will see for itself.
    if (handler?.scheme === "bearer") this.#authorize(handler).catch(() => undefined);
  }

  async #ask(base: URL): Promise<Exchange> {
    for (;;) {
      this.#withheldFrom = undefined;
      const first = await this.#prepare(base);
      if (first.kind === "stop") return this.#refused(shownUrl(base, true), first.stop);
      let request = first.request;
      const followed = await follow<AuthRefusal>(
        request,
        async (hop) => {
          const sent = await this.#send(hop);
          if (sent.kind === "answer") this.#open.push(sent);
          return sent;
        },
        async (url) => {
          const next = await this.#prepare(url);
          if (next.kind === "send") {
            this.#noteWithheld(request, next.request);
            request = next.request;
          }
          return next;
        },
      );
      if (followed.kind === "stopped") return this.#refused(shownUrl(base, true), followed.stop);
      const url = this.#effective(followed.url);
      if (followed.kind === "fault") {
        return { kind: "fault", url: shownUrl(url, !followed.redirected), fault: followed.fault };
      }
      const { answer } = followed;
      const challengeLines = answer.headerLines("www-authenticate");
      this.#seen.push({ method: this.#method, url, status: answer.status, challengeLines });
      const asked = this.#method;
      const verdict = this.#judge(base);
      if (verdict === "again") {
        await answer.discard();
        continue;
      }
      if (verdict !== "final") return this.#refused(shownUrl(url, !followed.redirected), verdict);
      return await this.#finish(answer, url, followed.redirected, asked);
    }
  }

  /** Whether the last answer stands, is asked for again, or ends in a refusal. */
  #judge(base: URL): "again" | "final" | AuthRefusal {
    const { retry, isLastHost } = this.#request;
    const last = this.#seen.at(-1);
    if (last === undefined || this.#seen.length >= retry.maxRequests) return "final";
    switch (last.status) {
      case 401: {
        const verdict = this.#state.authorizer.addResponses(this.#seen, this.#effective(base));
        if (verdict.kind === "refused") return verdict.refusal;
        return verdict.kind === "retry" ? "again" : "final";
      }
      case 405:
        if (this.#method !== "HEAD" || !base.pathname.includes("/manifests/")) return "final";
        this.#method = "GET";
        return "again";
      case 408:
        return "again";
      case 429:
        return this.#deps.isPaused?.() === true ? "final" : "again";
      case 500:
      case 503:
      case 504: {
        const repeated = this.#seen.at(-2)?.status === last.status;
        return retry.serverErrorsOnLastHost && isLastHost && !repeated ? "again" : "final";
      }
      default:
        return "final";
    }
  }

  async #finish(answer: HttpAnswer, url: URL, redirected: boolean, method: "HEAD" | "GET"): Promise<Exchange> {
    if (this.#withheldFrom !== undefined && (answer.status === 401 || answer.status === 403)) {
      const detail = "it was redirected to, and what the first host was told is not told to it";
      return {
        kind: "fault",
        url: shownUrl(url, false),
        fault: fault("redirect-refused", this.#withheldFrom, detail),
      };
    }
    const last = { answer, url, redirected, method, authorization: this.#authorization };
    return await readResponse(last, this.#request, this.#deps.clock);
  }

  #refused(url: string, refusal: AuthRefusal): Exchange {
    return refusedExchange(url, refusal, this.#request.host.address);
  }

  /** The request for one hop, with the authorization that its origin has asked for. */
  async #prepare(target: URL): Promise<Prepared> {
    const url = this.#effective(target);
    const ownHost = this.#isOwnHost(url);
    const headers = registryHeaders(this.#request, this.#deps.userAgent, ownHost, url);
    const handler = this.#state.authorizer.handlerFor(url);
    if (handler === undefined) {
      this.#authorization = schemeOf(headers.authorization?.[0]);
      return { kind: "send", request: { url, method: this.#method, headers } };
    }
    const header = await this.#authorize(handler);
    if (!("value" in header)) return { kind: "stop", stop: header };
    this.#authorization = handler.scheme;
    const authorized = { ...headers, authorization: [header.value.reveal()] };
    return { kind: "send", request: { url, method: this.#method, headers: authorized } };
  }

  async #authorize(handler: Handler): Promise<{ readonly value: Redacted<string> } | AuthRefusal> {
    switch (handler.scheme) {
      case "basic":
        return { value: handler.header };
      case "bearer": {
        const { realm, service } = handler;
        const scopes = tokenScopes(pullScope(this.#request.repository), handler.scopes);
        const { account, tokens, userAgent, tokenScope } = this.#deps;
        const registry = this.#effective(new URL(`${this.#request.host.scheme}://${this.#request.host.address}`));
        const headers = tokenHeaders(this.#request.host, userAgent, realm, mayTellRealm(realm, registry));
        const post = this.#fresh ? undefined : tokens.postMemory(JSON.stringify([tokenScope, realm.href, service]));
        const question = { realm, service, scopes, account, headers, registry, rules: containerdTokens };
        const parts = JSON.stringify([tokenScope, realm.href, service, scopes]);
        const key = createHash("sha256").update(parts).digest("base64");
        const { answer, stored } = await tokens.token(
          key,
          this.#fresh,
          (signal) => fetchToken(question, (request) => this.#send(request, signal), post),
          this.#signal,
        );
        if (answer.kind === "refused") return answer.refusal;
        this.leaned ||= stored;
        return { value: new Redacted(`Bearer ${answer.token.reveal()}`) };
      }
      default:
        return unreachable(handler);
    }
  }

  /** Sends, and repeats over plain HTTP where the host turns out to speak it and its configuration allows that. */
  async #send(request: HttpRequest, signal: AbortSignal = this.#signal): Promise<Sent> {
    const url = this.#effective(request.url);
    const sent = await this.#deps.send({ ...request, url }, signal);
    if (sent.kind !== "fault" || url.protocol !== "https:" || !this.#isOwnHost(url)) return sent;
    if (!this.#fallsBack(sent.fault)) return sent;
    this.#state.plainHttp = true;
    return await this.#deps.send({ ...request, url: this.#effective(url) }, signal);
  }

  /** Source: containerd resolver.go `httpFallback.RoundTrip`, `isTLSError`, `isPortError`. */
  #fallsBack(told: TransportFault): boolean {
    const { httpFallback, address } = this.#request.host;
    if (httpFallback === "never") return false;
    // Where Pullguard has stopped asking, the last answer stands for the next one.
    const sign = told.kind === "circuit-open" ? told.last : told;
    if (sign.kind === "plain-http" || (sign.kind === "timeout" && "phase" in sign && sign.phase === "tls")) return true;
    const noPort = !/:\d+$/.test(address);
    return (
      httpFallback === "plain-http-or-unreachable" && noPort && (sign.kind === "refused" || sign.kind === "timeout")
    );
  }

  #effective(url: URL): URL {
    if (!this.#state.plainHttp || url.protocol !== "https:" || !this.#isOwnHost(url)) return url;
    const plain = new URL(url);
    plain.protocol = "http:";
    return plain;
  }

  #isOwnHost(url: URL): boolean {
    const own = baseOf(this.#request.host);
    return (
      own !== undefined &&
      own.hostname === url.hostname &&
      own.port === url.port &&
      (own.protocol === url.protocol || this.#state.plainHttp)
    );
  }

  /** Go would have passed these on: Authorization to the same name and below it, the node's own headers to anyone. */
  #noteWithheld(from: HttpRequest, to: HttpRequest): void {
    if (to.url.origin === from.url.origin || "authorization" in to.headers) return;
    const related = to.url.hostname === from.url.hostname || to.url.hostname.endsWith(`.${from.url.hostname}`);
    const authorization = "authorization" in from.headers && related;
    const configured = hasConfiguredHeaders(this.#request.host) && this.#isOwnHost(from.url);
    if (authorization || configured) this.#withheldFrom = to.url.host;
  }
}

function schemeOf(header: string | undefined): RegistryResponse["authorization"] {
  const scheme = header?.split(" ", 1)[0]?.toLowerCase();
  return scheme === "basic" || scheme === "bearer" ? scheme : "none";
}
