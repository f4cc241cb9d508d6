import { createHmac } from "node:crypto";
import type { LookupFunction } from "node:net";
import type { CacheRegister, Clock } from "../core/index.js";
import type { RegistryCredential } from "../credentials/index.js";
import type { RegistryHost } from "../node/index.js";
import type { AddressGuard } from "./address-guard.js";
import { Authorizer } from "./authorizer.js";
import { type ExpiringMemory, expiringMemory } from "./expiring-memory.js";
import { fault, isHeldBack } from "./fault.js";
import { rememberedFor } from "./host-names.js";
import { type MeteredSink, meteredSink } from "./metered-sink.js";
import { createPauses, type Pauses } from "./pauses.js";
import { pausable, pausedFault } from "./pausing.js";
import { visitPinged } from "./pinged-visit.js";
import { createProxyChoice } from "./proxy-choice.js";
import type { RateLimitReading, SeenRateLimit } from "./ratelimit.js";
import type { Account } from "./token.js";
import { TokenCache } from "./token-cache.js";
import type { RegistryLimits } from "./traffic.js";
import { Transport } from "./transport.js";
import { createTrustStore } from "./trust.js";
import type {
  Exchange,
  ExchangeRequest,
  HeldBack,
  RegistryClient,
  RegistryResponse,
  RegistrySession,
  TransportFault,
} from "./types.js";
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

/** A body that was read. `registry`: the host that was asked, wherever it sent the client. */
export interface ReadBody {
  readonly registry: string;
  readonly bytes: number;
  /** From the request to the last byte, the time left out in which the connection was held back. */
  readonly durationMs: number;
}

/** What the registry client needs. */
export interface RegistryDeps {
  readonly clock: Clock;
  /** Roots for hosts that bring none of their node; undefined: those that come with Node. */
  readonly systemCaPems: readonly string[] | undefined;
  readonly lookup?: LookupFunction;
  /** Moves the TCP destination only; names, Host header and verification stay. */
  readonly connectTo?: (hostname: string, port: number) => { address: string; port: number } | undefined;
  /** Keeps connections from addresses that must not be dialled; nothing is forbidden without it. */
  readonly guard?: AddressGuard;
  /** Key under which identities and TLS settings are hashed for cache keys. */
  readonly identityKey: string;
  readonly userAgent: string;
  readonly observer?: {
    onRequest(request: ObservedRequest): void;
    /** A request was not sent, to spare the registry or Pullguard. `registry`: the host it was for. */
    onHeldBack?(registry: string, kind: HeldBack["kind"]): void;
  };
  /** Told of every answer in which a registry says how many pulls are left, and of every 429. */
  readonly onRateLimit?: (seen: SeenRateLimit) => void;
  /** Told of bodies that were read, by whoever is interested in how fast they came. */
  readonly onTransfer?: (transfer: ReadBody) => void;
  /** Absent: nothing is held back, whatever registries do. */
  readonly limits?: RegistryLimits;
  /** From 0 to 1, for the jitter of pauses; `Math.random` where absent. */
  readonly random?: () => number;
  readonly caches?: CacheRegister;
}

interface Remembered {
  readonly state: HostState;
  readonly repository: string;
}

const rememberMs = 5 * 60_000;
/** Registries choose what they want to be told: realms, services and scopes have no length of their own. */
const rememberedSize = {
  maxBytes: 2 * 1024 * 1024,
  sizeOf: ({ state }: Remembered, key: string): number => 200 + key.length + state.authorizer.sizeBytes,
};

/**
 * The client that dials registries and token servers. Connections, tokens and what hosts asked for are shared between
 * sessions; credentials are not. Answers are values; nothing is thrown for what a registry does.
 */
export function createRegistryClient(deps: RegistryDeps): RegistryClient {
  const trusts = createTrustStore(deps.systemCaPems, deps.identityKey);
  const proxies = createProxyChoice(deps.identityKey);
  const { limits, random = Math.random } = deps;
  const transport = new Transport(deps, trusts, proxies, limits === undefined ? undefined : { ...limits, random });
  const pauses = limits === undefined ? undefined : createPauses(deps.clock);
  const memory = (): ExpiringMemory<Remembered> => expiringMemory({ clock: deps.clock, ...rememberedSize });
  const [states, latest] = [memory(), memory()];
  for (const { measured } of [states, latest]) deps.caches?.add("challenges", measured);
  const shared: Shared = {
    clock: deps.clock,
    userAgent: deps.userAgent,
    ...(deps.onRateLimit === undefined ? {} : { onRateLimit: deps.onRateLimit }),
    ...(deps.onTransfer === undefined ? {} : { onTransfer: deps.onTransfer }),
    ...(deps.observer === undefined ? {} : { observer: deps.observer }),
    ...(pauses === undefined ? {} : { pauses }),
    tokens: new TokenCache(deps.clock, deps.caches),
    ...{ states, latest },
    hostKey: rememberedFor(({ tls, headers, proxy, ...host }: RegistryHost) => {
      const parts = [
        host.scheme,
        host.address,
        host.path,
        host.mirrorOf,
        host.httpFallback,
        host.headersOnTokenRequests,
        proxies.keyOf(proxy),
      ];
      const hash = createHmac("sha256", deps.identityKey).update(JSON.stringify([...parts, headers]));
      return hash.update(trusts.keyOf(tls)).digest("base64");
    }),
    sendFor: (host) => async (request, signal) => {
      const startedMs = deps.clock.nowMs();
      const sent = await transport.send(request, host, signal);
      if (sent.kind === "fault" && isHeldBack(sent.fault)) {
        deps.observer?.onHeldBack?.(host.address, sent.fault.kind);
        return sent;
      }
      const durationMs = deps.clock.nowMs() - startedMs;
      const result = sent.kind === "fault" ? { fault: sent.fault.kind } : { status: sent.status };
      deps.observer?.onRequest({ registry: host.address, method: request.method, ...result, durationMs });
      return sent;
    },
  };
  return {
    session: (credential) => createSession(shared, credential),
    health: () => transport.health((host) => pauses?.longestMs(host)),
    close: () => transport.close(),
  };
}

interface Shared extends Pick<RegistryDeps, "onRateLimit" | "onTransfer" | "observer"> {
  readonly clock: Clock;
  readonly userAgent: string;
  readonly pauses?: Pauses;
  readonly tokens: TokenCache;
  /** By host, account and repository. */
  readonly states: ExpiringMemory<Remembered>;
  /** By host and account: what a repository was last found to want, which its neighbours will want as well. */
  readonly latest: ExpiringMemory<Remembered>;
  /** Everything that decides what a host is told and how; equal keys may share what was learnt. */
  readonly hostKey: (host: RegistryHost) => string;
  readonly sendFor: (host: RegistryHost) => VisitDeps["send"];
}

function createSession(shared: Shared, credential: RegistryCredential | undefined): RegistrySession {
  const { clock, states, latest, pauses } = shared;

  async function exchange(request: ExchangeRequest, signal: AbortSignal): Promise<Exchange> {
    const { account, identity } = senderFor(request.host, credential);
    const untouched = (): HostState => ({ authorizer: new Authorizer(account), plainHttp: false });
    const tokenScope = JSON.stringify([account !== undefined, identity, shared.hostKey(request.host)]);
    const stateKey = JSON.stringify([tokenScope, request.repository]);
    const deps = { ...shared, account, tokenScope, ...sendingAs(identity, request.host) };
    if (request.authorize !== undefined) return await visitPinged(deps, request, request.authorize, signal);
    const warm = states.get(stateKey)?.value.state;
    const likely = warm === undefined ? inherited(latest.get(tokenScope)?.value, request) : undefined;
    if (request.ahead === true)
      return await new Visit(deps, request, warm ?? likely ?? untouched(), false, signal).run();
    if (likely !== undefined) new Visit(deps, request, likely, false, signal).fetchTokenAhead();
    let state = warm ?? untouched();
    const visit = new Visit(deps, request, state, false, signal);
    let result = await visit.run();
    if (visit.leaned && !conclusive(result, state)) {
      // A runtime starts from nothing. Only what it would be told counts, so ask as it does before saying no.
      state = untouched();
      result = await new Visit(deps, request, state, true, signal).run();
    }
    const learnt = { state, repository: request.repository };
    if (result.kind === "response" && result.status < 400) keep(stateKey, tokenScope, learnt);
    else if (warm !== undefined && result.kind !== "fault") states.delete(stateKey);
    return result;
  }

  function keep(stateKey: string, tokenScope: string, learnt: Remembered): void {
    states.set(stateKey, learnt, rememberMs);
    // Of a repository that asks for nothing the others learn nothing.
    if (learnt.state.authorizer.hasHandlers || learnt.state.plainHttp) latest.set(tokenScope, learnt, rememberMs);
  }

  function sendingAs(identity: string, host: RegistryHost): Pick<VisitDeps, "send" | "isPaused"> {
    const send = shared.sendFor(host);
    return pauses === undefined ? { send } : pausable({ send, pauses, clock, identity }, host);
  }

  /** The answer for whoever was asked to wait and still has to. */
  function pausedExchange(host: RegistryHost): Exchange | undefined {
    const told = pauses && pausedFault(pauses, host, senderFor(host, credential).identity, clock);
    if (told === undefined) return undefined;
    shared.observer?.onHeldBack?.(host.address, "paused");
    return { kind: "fault", url: "", fault: told };
  }

  function report(host: RegistryHost, startedMs: number, result: Exchange, sink: MeteredSink | undefined): void {
    if (result.kind !== "response") return;
    const registry = host.address;
    const { identity } = senderFor(host, credential);
    const reading = spentOf(result) ?? result.rateLimit;
    if (reading !== undefined) shared.onRateLimit?.({ registry, identity, reading });
    const { bytes, heldMs } = sink?.taken() ?? { bytes: result.body?.byteLength ?? 0, heldMs: 0 };
    const durationMs = clock.nowMs() - startedMs;
    // A body that was mostly waited with tells who took it, not how fast it could have come.
    if (bytes > 0 && heldMs <= durationMs / 2) {
      shared.onTransfer?.({ registry, bytes, durationMs: durationMs - heldMs });
    }
  }

  return {
    exchange: async (request, signal) => {
      if (!signal.aborted) {
        const paused = pausedExchange(request.host);
        if (paused !== undefined) return paused;
        const startedMs = clock.nowMs();
        const sink = request.sink === undefined ? undefined : meteredSink(request.sink, clock);
        const result = await exchange(sink === undefined ? request : { ...request, sink }, signal);
        report(request.host, startedMs, result, sink);
        return result;
      }
      return { kind: "fault", url: "", fault: fault("aborted", request.host.address) };
    },
  };
}

/**
 * What a repository will probably want: what its registry wanted for another one. Enough to fetch a token while the first
 * request is on its way to be refused; that request itself goes as a runtime sends it.
 */
function inherited(of: Remembered | undefined, { host, repository }: ExchangeRequest): HostState | undefined {
  if (of === undefined) return undefined;
  const { plainHttp, authorizer } = of.state;
  const scheme = plainHttp ? "http" : host.scheme;
  const base = `${scheme}://${host.address}`;
  if (!URL.canParse(base)) return undefined;
  const { origin } = new URL(base);
  return { plainHttp, authorizer: authorizer.inheritedBy(repository, { from: of.repository, origin }) };
}

/** As whom a host is asked. */
function senderFor(host: RegistryHost, credential: RegistryCredential | undefined) {
  const given = host.kubeletCredentials === "withheld" ? undefined : credential;
  // Even an empty credential of the kubelet's keeps the runtime from using its own.
  const sent = given ?? host.credential;
  const account = accountOf(sent);
  return { account, identity: account === undefined ? "anonymous" : (sent?.identity ?? "") };
}

/** Who gets 429 has nothing left, whatever else the answer says. Without a word about how long, a minute is believed. */
function spentOf(response: RegistryResponse): RateLimitReading | undefined {
  if (response.status !== 429) return undefined;
  return { ...response.rateLimit, remaining: 0, resetSeconds: response.retryAfterSeconds ?? 60 };
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
      return result.fault.kind === "aborted" || isHeldBack(result.fault) || !state.plainHttp;
    case "refused":
      return false;
  }
}
