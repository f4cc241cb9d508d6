import type { Clock } from "../core/index.js";
import type { LeaseRecord, LeaseStore, StoredLease } from "./lease-store.js";
import { faultOf } from "./object-watch.js";
import { withPatience } from "./patience.js";

/** What became of an election, for a log. A fault is told once, until something else has happened; `reason` holds codes only. */
export type ElectionEvent =
  | { readonly kind: "leading" }
  | { readonly kind: "following"; readonly holder: string }
  | { readonly kind: "fault"; readonly reason: string };

export interface ElectionDeps {
  /** The Lease that is competed for. */
  readonly store: LeaseStore;
  /** Who asks, different for every process: a replica that was started anew is not the one before. */
  readonly identity: string;
  readonly clock: Clock;
  /** Milliseconds of a clock that nobody sets, for judging how old a sign of life is; the wall clock where absent. */
  readonly steadyMs?: () => number;
  /** From 0 to 1, for waits that differ between replicas; Math.random unless told otherwise. */
  readonly random?: () => number;
  /** The API server's address, for messages. */
  readonly server?: string;
  readonly onEvent?: (event: ElectionEvent) => void;
  readonly times?: ElectionTimes;
}

/** Milliseconds. A leader that cannot renew gives up after `renewDeadlineMs`, which must be less than what others wait. */
export interface ElectionTimes {
  readonly leaseMs: number;
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
}

/** Whether this process is the one that does what only one may do. */
export interface LeaderElection {
  /** True only while nobody else can be: after `renewDeadlineMs` without a renewal it is false, whatever else goes on. */
  isLeader(): boolean;
  /** The last holder that was seen, "" for nobody. */
  holder(): string;
  /** Hears every change; not called for what is the case already. @returns stops the telling */
  onChange(listener: (isLeader: boolean) => void): () => void;
  /** Stops leading, then gives the Lease up so that others need not wait for its end. Never rejects. */
  stop(): Promise<void>;
}

/** Source: client-go's users, e.g. k8s.io/component-base/config/v1alpha1 `RecommendedDefaultLeaderElectionConfiguration`. */
const usualTimes: ElectionTimes = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };
/** Source: client-go tools/leaderelection `JitterFactor`. */
const jitter = 1.2;
/** A process that stops has better things to do than to wait for an API server that is away. */
const releaseMs = 2_000;
/** Rights are granted by people; an API server that comes back is to find its leader again soon. */
const maxRetryMs = { refused: 15_000, away: 5_000 } as const;

/**
 * Competes for a Lease of coordination.k8s.io as client-go does. Whether another's lease has ended is judged by the time since
 * this process saw it change, never by the times written in it: clocks of machines differ. Starts at once, never rejects; a
 * race that is lost, a Lease that is deleted and an API server that is away all lead to another try.
 * Source: client-go tools/leaderelection/leaderelection.go `tryAcquireOrRenew`, `renew`, `release`
 */
export function electLeader(deps: ElectionDeps): LeaderElection {
  const { clock, identity, random = Math.random, times = usualTimes } = deps;
  const steadyMs = deps.steadyMs ?? (() => clock.nowMs());
  const candidate = new Candidate(deps, times, steadyMs);
  const stopping = new AbortController();
  const listeners = new Set<(isLeader: boolean) => void>();
  const tell = tellChanges(identity, deps.onEvent);
  let wasLeader = false;
  let failures = 0;
  let mostMs: number = maxRetryMs.away;

  const settle = (): void => {
    const isLeader = candidate.isLeader();
    if (isLeader !== wasLeader) {
      wasLeader = isLeader;
      for (const listener of listeners) listener(isLeader);
    }
    tell.state(isLeader, candidate.holder);
  };
  const waitMs = (): number => {
    if (candidate.isLeader()) return times.retryMs;
    const baseMs = failures === 0 ? times.retryMs : Math.min(mostMs, times.retryMs * 2 ** (failures - 1));
    return baseMs * (1 + jitter * random());
  };
  const compete = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await candidate.attempt(stopping.signal);
        failures = 0;
        settle();
      } catch (error) {
        if (stopping.signal.aborted) return;
        failures = Math.min(failures + 1, 10);
        settle();
        const { reason, isRefusal } = faultOf(error, deps.server ?? "", "leases.coordination.k8s.io", "renew");
        mostMs = isRefusal ? maxRetryMs.refused : maxRetryMs.away;
        tell.fault(reason);
      }
      await clock.sleep(waitMs(), stopping.signal).catch(() => undefined);
    }
  };
  const done = compete();

  return {
    isLeader: () => !stopping.signal.aborted && candidate.isLeader(),
    holder: () => candidate.holder,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: async () => {
      if (stopping.signal.aborted) return await done;
      const led = candidate.isLeader();
      stopping.abort(new Error("stopped"));
      // Whoever acts as the leader must have stopped before another may begin.
      if (wasLeader) for (const listener of listeners) listener(false);
      await done;
      if (led) await candidate.release();
    },
  };
}

interface Observed {
  readonly lease: StoredLease;
  /** When this process saw it for the first time, by the clock that nobody sets. */
  readonly sinceMs: number;
}

class Candidate {
  readonly #deps: ElectionDeps;
  readonly #times: ElectionTimes;
  readonly #steadyMs: () => number;
  #observed: Observed | undefined;
  /** When the renewal began that succeeded last. */
  #renewedMs: number | undefined;

  constructor(deps: ElectionDeps, times: ElectionTimes, steadyMs: () => number) {
    this.#deps = deps;
    this.#times = times;
    this.#steadyMs = steadyMs;
  }

  get holder(): string {
    return this.#observed?.lease.record.holder ?? "";
  }

  isLeader(): boolean {
    const { renewDeadlineMs } = this.#times;
    return this.#renewedMs !== undefined && this.#steadyMs() - this.#renewedMs < renewDeadlineMs;
  }

  /** Takes or renews the Lease if that is possible. @throws what the store throws, or the end of its patience */
  async attempt(signal: AbortSignal): Promise<void> {
    const { store } = this.#deps;
    const startedMs = this.#steadyMs();
    if (this.isLeader() && this.#observed !== undefined) {
      const { lease } = this.#observed;
      const renewed = await this.#ask((own) => store.replace(lease, this.#record(lease.record), own), signal);
      if (renewed !== "lost") return this.#hold(renewed, startedMs);
    }
    const found = await this.#ask((own) => store.read(own), signal);
    const taking = (): LeaseRecord => this.#record(found?.record);
    if (found === undefined) {
      const made = await this.#ask((own) => store.create(taking(), own), signal);
      if (made !== "lost") this.#hold(made, startedMs);
      else this.#renewedMs = undefined;
      return;
    }
    this.#see(found);
    if (!this.#mayTake(found.record)) {
      this.#renewedMs = undefined;
      return;
    }
    const taken = await this.#ask((own) => store.replace(found, taking(), own), signal);
    if (taken !== "lost") this.#hold(taken, startedMs);
    else this.#renewedMs = undefined;
  }

  /** Never rejects. */
  async release(): Promise<void> {
    const { store, clock } = this.#deps;
    this.#renewedMs = undefined;
    const release = async (signal: AbortSignal): Promise<void> => {
      const found = await store.read(signal);
      if (found?.record.holder !== this.#deps.identity) return;
      const nowMs = clock.nowMs();
      const times = { renewedMs: nowMs, acquiredMs: nowMs, durationMs: 1000 };
      await store.replace(found, { ...found.record, ...times, holder: "" }, signal);
    };
    await withPatience(clock, releaseMs, release, new AbortController().signal).catch(() => undefined);
  }

  #ask<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const { renewDeadlineMs } = this.#times;
    const leftMs = this.#renewedMs === undefined ? Infinity : this.#renewedMs + renewDeadlineMs - this.#steadyMs();
    // A leader must know in time that it is none any more.
    const patienceMs = leftMs > 0 ? Math.min(renewDeadlineMs / 2, leftMs) : renewDeadlineMs / 2;
    return withPatience(this.#deps.clock, patienceMs, work, signal);
  }

  #mayTake({ holder, durationMs }: LeaseRecord): boolean {
    if (holder === "" || holder === this.#deps.identity) return true;
    const sinceMs = this.#observed?.sinceMs ?? this.#steadyMs();
    return this.#steadyMs() - sinceMs > (durationMs > 0 ? durationMs : this.#times.leaseMs);
  }

  #see(lease: StoredLease): void {
    const known = this.#observed;
    // What somebody else writes beside the record is no sign of life.
    const isSame = known !== undefined && signature(known.lease.record) === signature(lease.record);
    this.#observed = { lease, sinceMs: isSame ? known.sinceMs : this.#steadyMs() };
  }

  #hold(lease: StoredLease, startedMs: number): void {
    this.#see(lease);
    this.#renewedMs = startedMs;
  }

  #record(before: LeaseRecord | undefined): LeaseRecord {
    const { identity, clock } = this.#deps;
    const nowMs = clock.nowMs();
    const isRenewal = before?.holder === identity;
    return {
      holder: identity,
      durationMs: this.#times.leaseMs,
      renewedMs: nowMs,
      acquiredMs: isRenewal ? before.acquiredMs : nowMs,
      transitions: before === undefined ? 0 : before.transitions + (isRenewal ? 0 : 1),
    };
  }
}

function signature({ holder, durationMs, renewedMs, acquiredMs, transitions }: LeaseRecord): string {
  return [holder, durationMs, renewedMs, acquiredMs, transitions].join("/");
}

/** Each state and each fault once, as long as it lasts. */
function tellChanges(identity: string, onEvent: ((event: ElectionEvent) => void) | undefined) {
  let state: string | undefined;
  let fault: string | undefined;
  return {
    state: (isLeader: boolean, holder: string): void => {
      const now = isLeader ? identity : holder === identity ? "" : holder;
      if (now === state || (state === undefined && now === "")) return;
      state = now;
      fault = undefined;
      onEvent?.(isLeader ? { kind: "leading" } : { kind: "following", holder: now });
    },
    fault: (reason: string): void => {
      if (reason === fault) return;
      fault = reason;
      onEvent?.({ kind: "fault", reason });
    },
  };
}
