import { LRUCache } from "lru-cache";
import type { Clock } from "../core/index.js";
import { saysOverload } from "./allowance.js";
import { Circuit, type CircuitRules, type CircuitState } from "./circuit.js";
import { fault, timeoutFault } from "./fault.js";
import { HostTraffic, type Place, type PlaceRules } from "./host-traffic.js";
import { Passage, type PassageReport } from "./passage.js";
import type { HeldBack, RegistryHealth, TransportFault } from "./types.js";

/** How much is asked of one registry at a time, and when it is left alone. */
export interface RegistryLimits extends PlaceRules {
  /** Requests a second to one host; absent: as many as there are. */
  readonly requestsPerSecond?: number;
  readonly circuit?: CircuitRules;
}

/**
 * A rollout asks a registry of 20 ms latency up to 3000 times a second, which takes 64 requests at a time. Three replicas have
 * fewer than 200 then, the worker threads that the smallest of the usual registries comes with; one that bears less says so, and
 * gets down to 16. 1024 that wait are sixteen rounds: 1.6 s at 100 ms, so each still has a chance before the API server's
 * patience ends.
 * Source: JFrog, "How do I tune Artifactory for heavy loads": tomcat.connector.maxThreads is 200.
 */
export const usualLimits: RegistryLimits = {
  maxInFlight: 64,
  startInFlight: 32,
  leastInFlight: 16,
  maxQueued: 1024,
};
const usualRules: CircuitRules = { failures: 5, firstPauseMs: 1_000, longestPauseMs: 30_000 };

/** Healthy registries answer a HEAD in a fraction of this; the API server's usual patience is twice as long. */
const silentAfterMs = 5_000;
/** A connection that is made, or an answer that is waited for, this long before somebody's time was over is a failure. */
const leastPatienceMs = 2_000;
const pingMs = 5_000;
const maxHosts = 1_000;
const maxCircuitBytes = 1024 * 1024;
const maxShown = 200;

/** What a request goes through: the connection's key, and the host and path that are asked. */
export interface Road {
  readonly key: string;
  readonly host: string;
  readonly path: string;
}

/** Asks whether anybody is there, by a question that nobody else has a hand in. Undefined: somebody is. */
export type Ping = (signal: AbortSignal) => Promise<TransportFault | undefined>;

/** Faults before a request was sent that do not depend on it, of a registry that may be out of order for everybody. */
const roadFaults: ReadonlySet<TransportFault["kind"]> = new Set([
  "name-lookup-failed",
  "refused",
  "reset",
  "unreachable",
  "timeout",
  "tls-handshake",
  "proxy-unreachable",
]);
/** Faults after it was sent, for which what was asked may be the reason. */
const subjectFaults: ReadonlySet<TransportFault["kind"]> = new Set(["reset", "timeout", "malformed-response"]);

/** Hosts and circuits of those that ever answered, apart from those that never did: the latter can be made up without end. */
interface Tiers<V extends object> {
  readonly proven: LRUCache<string, V>;
  readonly unproven: LRUCache<string, V>;
}

function tiered<V extends object>(make: () => LRUCache<string, V>): Tiers<V> {
  return { proven: make(), unproven: make() };
}

/**
 * Bounds what is sent to each host and port, and stops asking what does not answer. There are two kinds of circuit. A *road*
 * (host, trust, proxies) is closed to all when no connection comes about, which no request has a part in. A *subject*, such
 * as a repository on a road, is closed when requests for it go unanswered; only if the host does not answer a question
 * of Pullguard's own either is the road closed, so that nobody can do that to others by naming something that hangs.
 */
export class Traffic {
  readonly #clock: Clock;
  readonly #limits: RegistryLimits;
  readonly #rules: CircuitRules;
  readonly #random: () => number;
  readonly #hosts = tiered<HostTraffic>(() => new LRUCache({ max: maxHosts }));
  readonly #circuits = tiered<Circuit>(
    () => new LRUCache({ maxSize: maxCircuitBytes, sizeCalculation: (_circuit, key) => key.length + 256 }),
  );

  constructor(clock: Clock, limits: RegistryLimits, random: () => number) {
    this.#clock = clock;
    this.#limits = limits;
    this.#rules = limits.circuit ?? usualRules;
    this.#random = random;
  }

  /** Waits for a place and tells what to do with it, or why nothing is sent. */
  async enter(road: Road, ping: Ping, signal: AbortSignal): Promise<Passage | { readonly refused: TransportFault }> {
    const traffic = this.#hostOf(road.host);
    traffic.lastUsedMs = this.#clock.nowMs();
    this.#countOverdue(traffic, road, ping);
    const subject = subjectOf(road);
    const own = this.#circuitOf(traffic, subject)?.ask(this.#clock.nowMs());
    if (own === "refuse") return { refused: this.#refusal(road, subject, traffic) };
    const isProbe = own === "probe";
    const closed = await this.#askRoad(road, traffic, ping, signal);
    const entered = closed ?? (await this.#place(traffic, road, subject, signal));
    if ("subject" in entered) return new Passage(this.#reporter(traffic, road, subject, ping), entered, this.#clock);
    if (isProbe) this.#circuitOf(traffic, subject)?.abandoned();
    return { refused: entered };
  }

  health(pausedUntilMs: (host: string) => number | undefined): readonly RegistryHealth[] {
    const newestFirst = (hosts: Iterable<HostTraffic>) => [...hosts].sort((a, b) => b.lastUsedMs - a.lastUsedMs);
    const hosts = [...newestFirst(this.#hosts.proven.values()), ...newestFirst(this.#hosts.unproven.values())];
    return hosts.slice(0, maxShown).map((traffic) => this.#healthOf(traffic, pausedUntilMs(traffic.host)));
  }

  #healthOf(traffic: HostTraffic, pausedUntilMs: number | undefined): RegistryHealth {
    const circuits = [...this.#tier(this.#circuits, traffic).entries()].filter(([key]) => hostIn(key) === traffic.host);
    const worst = circuits
      .map(([, circuit]) => circuit)
      .sort((a, b) => severity[b.state] - severity[a.state] || b.failures - a.failures)[0];
    const { lastFault, lastAnswerMs } = traffic;
    return {
      registry: traffic.host,
      state: worst?.state ?? "closed",
      inFlight: traffic.inFlight,
      queued: traffic.queued,
      consecutiveFailures: worst?.failures ?? 0,
      ...(lastFault === undefined ? {} : { lastFaultKind: lastFault }),
      ...(lastAnswerMs === undefined ? {} : { lastSuccessMs: lastAnswerMs }),
      ...(worst === undefined || worst.state === "closed" ? {} : { retryAtMs: worst.retryAtMs }),
      ...(pausedUntilMs === undefined ? {} : { pausedUntilMs }),
    };
  }

  #hostOf(host: string): HostTraffic {
    const known = this.#hosts.proven.get(host) ?? this.#hosts.unproven.get(host);
    if (known !== undefined) return known;
    const made = new HostTraffic(host, this.#limits);
    this.#hosts.unproven.set(host, made);
    return made;
  }

  #tier<V extends object>(tiers: Tiers<V>, traffic: HostTraffic): LRUCache<string, V> {
    return traffic.lastAnswerMs === undefined ? tiers.unproven : tiers.proven;
  }

  #circuitOf(traffic: HostTraffic, key: string): Circuit | undefined {
    return this.#tier(this.#circuits, traffic).get(key);
  }

  #failed(traffic: HostTraffic, key: string, told: TransportFault): boolean {
    traffic.lastFault = told.kind;
    const circuits = this.#tier(this.#circuits, traffic);
    const circuit = circuits.get(key) ?? new Circuit(this.#rules, this.#random);
    circuits.set(key, circuit);
    return circuit.failed(told, this.#clock.nowMs());
  }

  /** Undefined: the road is free. */
  async #askRoad(
    road: Road,
    traffic: HostTraffic,
    ping: Ping,
    signal: AbortSignal,
  ): Promise<TransportFault | undefined> {
    const key = roadOf(road);
    const circuit = this.#circuitOf(traffic, key);
    const verdict = circuit?.ask(this.#clock.nowMs()) ?? "pass";
    if (circuit === undefined || verdict === "pass") return undefined;
    if (verdict === "refuse") return this.#refusal(road, key, traffic);
    const told = await this.#pinged(ping);
    if (told === undefined) {
      this.#answered(traffic, road);
      return signal.aborted ? fault("aborted", road.host) : undefined;
    }
    circuit.failed(told, this.#clock.nowMs());
    return this.#refusal(road, key, traffic);
  }

  async #pinged(ping: Ping): Promise<TransportFault | undefined> {
    const stop = new AbortController();
    const done = new AbortController();
    this.#clock.sleep(pingMs, done.signal).then(
      () => stop.abort(),
      // Only the answer cancels this sleep.
      () => undefined,
    );
    const told = await ping(stop.signal);
    done.abort();
    if (told?.kind === "aborted") return timeoutFault("headers", "");
    // A certificate that is not trusted, say, is an answer of sorts.
    return told !== undefined && (roadFaults.has(told.kind) || subjectFaults.has(told.kind)) ? told : undefined;
  }

  async #place(
    traffic: HostTraffic,
    road: Road,
    subject: string,
    signal: AbortSignal,
  ): Promise<Place | TransportFault> {
    const place = await traffic.take(subject, signal);
    if (place === undefined) return fault("aborted", road.host);
    if (place === "full") return this.#overBudget(road, traffic);
    const waitMs = this.#waitMs(traffic);
    if (waitMs === 0) return place;
    try {
      await this.#clock.sleep(waitMs, signal);
      return place;
    } catch {
      traffic.leave(place);
      return fault("aborted", road.host);
    }
  }

  /** How long until the rate allows one more; the turn is taken. One second's worth may go out at once. */
  #waitMs(traffic: HostTraffic): number {
    const { requestsPerSecond } = this.#limits;
    if (requestsPerSecond === undefined) return 0;
    const nowMs = this.#clock.nowMs();
    const spacingMs = 1000 / requestsPerSecond;
    // The first of a burst of one second, and never further ahead than a clock that jumped would put it.
    const earliestMs = Math.min(Math.max(traffic.nextMs, nowMs - 1000 + spacingMs), nowMs + 60_000);
    traffic.nextMs = earliestMs + spacingMs;
    return Math.max(0, earliestMs - nowMs);
  }

  #overBudget({ host }: Road, { inFlight, queued }: HostTraffic): TransportFault {
    return fault("over-budget", host, `${inFlight} requests are under way and ${queued} wait already`);
  }

  #refusal({ host }: Road, key: string, traffic: HostTraffic): HeldBack {
    const circuit = this.#circuitOf(traffic, key);
    const last = circuit?.last;
    const times = circuit === undefined ? "" : ` ${circuit.failures} times in a row (${last?.kind})`;
    const at = circuit === undefined ? "" : `, last at ${new Date(circuit.lastMs).toISOString()}`;
    const waitMs = (circuit?.retryAtMs ?? 0) - this.#clock.nowMs();
    const next = waitMs > 0 ? `next try in ${Math.ceil(waitMs / 1000)} s` : "being tried now";
    return {
      kind: "circuit-open",
      message: `${host} did not answer${times}${at}, ${next}`,
      last: last ?? { kind: "timeout", phase: "connect" },
    };
  }

  /** Whoever comes next sees what those before are still waiting for; no timer has to. */
  #countOverdue(traffic: HostTraffic, road: Road, ping: Ping): void {
    const beforeMs = this.#clock.nowMs() - silentAfterMs;
    for (const place of traffic.unanswered) {
      if (place.overdue || place.sentMs === undefined || place.sentMs > beforeMs) continue;
      place.overdue = true;
      traffic.bore(true, place.sentMs, this.#clock.nowMs());
      this.#silent(traffic, road, place.subject, timeoutFault("headers", road.host), ping);
    }
  }

  /** Where a subject's circuit opens, the host is asked whether it is the subject's fault or its own. */
  #silent(traffic: HostTraffic, road: Road, subject: string, told: TransportFault, ping: Ping): void {
    if (!this.#failed(traffic, subject, told)) return;
    const key = roadOf(road);
    if (this.#circuitOf(traffic, key)?.state !== undefined) return;
    const ask = async (): Promise<void> => {
      const answer = await this.#pinged(ping);
      if (answer === undefined) return;
      for (let count = 0; count < this.#rules.failures; count += 1) this.#failed(traffic, key, answer);
    };
    ask().catch(() => undefined);
  }

  #answered(traffic: HostTraffic, road: Road): void {
    if (traffic.lastAnswerMs === undefined) {
      this.#hosts.unproven.delete(traffic.host);
      this.#hosts.proven.set(traffic.host, traffic);
      // What was held against it before would otherwise be looked for in the wrong place.
      this.#circuits.unproven.delete(roadOf(road));
    }
    traffic.lastAnswerMs = this.#clock.nowMs();
    this.#circuits.proven.delete(roadOf(road));
  }

  #reporter(traffic: HostTraffic, road: Road, subject: string, ping: Ping): PassageReport {
    return {
      answered: (status, place) => {
        const nowMs = this.#clock.nowMs();
        traffic.bore(saysOverload(status), place.sentMs ?? nowMs, nowMs);
        this.#answered(traffic, road);
        this.#circuits.proven.delete(subject);
      },
      failed: (told, wasSent, waitedMs, place) => {
        const isImpatient = told.kind === "aborted" && waitedMs < leastPatienceMs;
        const counted = told.kind === "aborted" ? timeoutFault(wasSent ? "headers" : "connect", road.host) : told;
        const kinds = wasSent ? subjectFaults : roadFaults;
        if (isImpatient || place.overdue || !kinds.has(counted.kind)) {
          this.#circuitOf(traffic, subject)?.abandoned();
          return;
        }
        traffic.bore(true, this.#clock.nowMs() - waitedMs, this.#clock.nowMs());
        if (wasSent) return this.#silent(traffic, road, subject, counted, ping);
        this.#circuitOf(traffic, subject)?.abandoned();
        this.#failed(traffic, roadOf(road), counted);
      },
      ended: (place) => traffic.leave(place),
    };
  }
}

const severity: Readonly<Record<CircuitState, number>> = { closed: 0, "half-open": 1, open: 2 };

function roadOf({ host, key }: Road): string {
  return `${host} ${key}`;
}

/** A repository, whatever is asked of it; of addresses that are none the whole path. */
function subjectOf(road: Road): string {
  const repository = /^(.*\/v2\/.+)\/(?:manifests|blobs|tags)\//.exec(road.path)?.[1];
  return `${roadOf(road)} ${(repository ?? road.path).slice(0, 512)}`;
}

function hostIn(circuitKey: string): string {
  return circuitKey.slice(0, circuitKey.indexOf(" "));
}
