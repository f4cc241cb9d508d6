import { createHmac } from "node:crypto";
import type { LookupFunction } from "node:net";
import { LRUCache } from "lru-cache";
import type { Clock } from "../core/index.js";
import type { RegistryCredential } from "../credentials/index.js";
import type { RegistryHost } from "../node/index.js";
import type { AddressGuard } from "./address-guard.js";
import { Authorizer } from "./authorizer.js";
import { fault } from "./fault.js";
import type { Account } from "./token.js";
import { TokenCache } from "./token-cache.js";
import { Transport } from "./transport.js";
import { createTrustStore } from "./trust.js";
import type { Exchange, ExchangeRequest, RegistryClient, RegistrySession, TransportFault } from "./types.js";
import { type HostState, Visit, type VisitDeps } from "./visit.js";

/** One request that was sent, for metrics. `registry`: the host it was for, also when it went to a token server. */
export interface ObservedRequest {
  readonly registry: string;
  readonly method: string;
  /** HTTP status of the answer; absent when there was a fault. */
  readonly status?: number;
  /** Kind of the fault; absent when there was an answer. */
  readonly fault?: TransportFault["kind"];
  readonly durationMs: number;
}

/** What the registry client needs. */
export interface RegistryDeps {
  readonly clock: Clock;
  /** Roots of the node; undefined: those that come with Node. */
  readonly systemCaPems: readonly string[] | undefined;
  readonly lookup?: LookupFunction;
  /** Moves the TCP destination only; names, Host header and verification stay. */
  readonly connectTo?: (hostname: string, port: number) => { address: string; port: number } | undefined;
  /** Keeps connections from addresses that must not be dialled; nothing is forbidden without it. */
  readonly guard?: AddressGuard;
  /** Key under which identities and TLS settings are hashed for cache keys. */
  readonly identityKey: string;
  readonly userAgent: string;
  readonly observer?: { onRequest(request: ObservedRequest): void };
}

interface Remembered {
  readonly state: HostState;
  readonly untilMs: number;
}

const rememberMs = 5 * 60_000;

/**
 * The client that dials registries and token servers. Connections, tokens and what hosts asked for are shared between
 * sessions; credentials are not. Answers are values; nothing is thrown for what a registry does.
 */
export function createRegistryClient(deps: RegistryDeps): RegistryClient {
  const trusts = createTrustStore(deps.systemCaPems, deps.identityKey);
  const transport = new Transport(deps, trusts);
  const shared: Shared = {
    clock: deps.clock,
    userAgent: deps.userAgent,
    tokens: new TokenCache(deps.clock),
    states: new LRUCache<string, Remembered>({ max: 2000 }),
    hostKey: ({ tls, headers, ...host }) => {
      const parts = [
        host.scheme,
        host.address,
        host.path,
        host.mirrorOf,
        host.httpFallback,
        host.headersOnTokenRequests,
      ];
      const hash = createHmac("sha256", deps.identityKey).update(JSON.stringify([...parts, headers]));
      return hash.update(trusts.keyOf(tls)).digest("base64");
    },
    sendFor: (host) => async (request, signal) => {
      const startedMs = deps.clock.nowMs();
      const sent = await transport.send(request, host, signal);
      const durationMs = deps.clock.nowMs() - startedMs;
      const result = sent.kind === "fault" ? { fault: sent.fault.kind } : { status: sent.status };
      deps.observer?.onRequest({ registry: host.address, method: request.method, ...result, durationMs });
      return sent;
    },
  };
  return { session: (credential) => createSession(shared, credential), close: () => transport.close() };
}

interface Shared {
  readonly clock: Clock;
  readonly userAgent: string;
  readonly tokens: TokenCache;
  readonly states: LRUCache<string, Remembered>;
  /** Everything that decides what a host is told and how; equal keys may share what was learnt. */
  readonly hostKey: (host: RegistryHost) => string;
  readonly sendFor: (host: RegistryHost) => VisitDeps["send"];
}

function createSession(shared: Shared, credential: RegistryCredential | undefined): RegistrySession {
  const { clock, states } = shared;
  const account = accountOf(credential);
  const identity = account === undefined ? "anonymous" : (credential?.identity ?? "");
  const untouched = (): HostState => ({ authorizer: new Authorizer(account), plainHttp: false });

  async function exchange(request: ExchangeRequest, signal: AbortSignal): Promise<Exchange> {
    const tokenScope = JSON.stringify([account !== undefined, identity, shared.hostKey(request.host)]);
    const stateKey = JSON.stringify([tokenScope, request.repository]);
    const deps = { ...shared, account, tokenScope, send: shared.sendFor(request.host) };
    const remembered = states.get(stateKey);
    const warm = remembered !== undefined && remembered.untilMs > clock.nowMs() ? remembered.state : undefined;
    let state = warm ?? untouched();
    const visit = new Visit(deps, request, state, false, signal);
    let result = await visit.run();
    if (visit.leaned && !conclusive(result, state)) {
      // A runtime starts from nothing. Only what it would be told counts, so ask as it does before saying no.
      state = untouched();
      result = await new Visit(deps, request, state, true, signal).run();
    }
    if (result.kind === "response" && result.status < 400) {
      states.set(stateKey, { state, untilMs: clock.nowMs() + rememberMs });
    } else if (warm !== undefined && result.kind !== "fault") {
      states.delete(stateKey);
    }
    return result;
  }

  return {
    exchange: async (request, signal) => {
      if (!signal.aborted) return await exchange(request, signal);
      return { kind: "fault", url: "", fault: fault("aborted", request.host.address) };
    },
  };
}

/**
 * An empty user or password makes the runtime anonymous. Source: containerd internal/cri/server/images/image_pull.go
 * `ParseAuth` (user), core/remotes/docker/authorizer.go `doBearerAuth` (password).
 */
function accountOf(credential: RegistryCredential | undefined): Account | undefined {
  if (credential === undefined || credential.username === "" || credential.password.reveal() === "") return undefined;
  return { username: credential.username, password: credential.password };
}

/** Whether a result stands although it was reached with the help of something remembered. */
function conclusive(result: Exchange, state: HostState): boolean {
  switch (result.kind) {
    case "response":
      return ![401, 403, 404].includes(result.status);
    case "fault":
      return result.fault.kind === "aborted" || !state.plainHttp;
    case "refused":
      return false;
  }
}
