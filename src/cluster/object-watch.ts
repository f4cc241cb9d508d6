import { ApiException, ListWatch } from "@kubernetes/client-node";
import { type Clock, memberOf } from "../core/index.js";
import type { ClusterAccess } from "./kubeconfig.js";
import { PrunedWatch } from "./pruned-watch.js";
import { listResource, type PrunedObject, type Resource } from "./resource.js";

/** What became of a watch, for a log. `reason` holds codes and names only. */
export type WatchEvent =
  | { readonly kind: "synced"; readonly objects: number }
  | { readonly kind: "fault"; readonly reason: string; readonly retryMs: number };

export interface ObjectWatchDeps<T extends PrunedObject> {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly resource: Resource<T>;
  readonly onEvent?: (event: WatchEvent) => void;
  /** Hears each object that came, changed (`gone` false) or went. Must not throw. */
  readonly onObject?: (object: T, gone: boolean) => void;
  /** Hears that the API server knows no such objects, before `onEvent` does. Must not throw. */
  readonly onAbsent?: () => void;
  /** From 0 to 1, for waits that differ between replicas; Math.random unless told otherwise. */
  readonly random?: () => number;
}

/** Objects as a watch tells them. */
export interface ObjectWatch<T extends PrunedObject> {
  /** Whether every change up to a moment ago has been heard. */
  isCurrent(): boolean;
  /** Whether there has been a list at all; what came of it stays when the watch is lost. */
  hasSynced(): boolean;
  get(name: string, namespace?: string): T | undefined;
  list(): readonly T[];
  /**
   * Why a server should not be sent requests yet. Undefined for good once there has been a list, or once it is clear that there will
   * be none: the API server knows no such objects, or has refused them for so long that nobody is about to grant the right.
   */
  notReady(): string | undefined;
  stop(): void;
}

const firstRetryMs = 1_000;
const maxRetryMs = 30_000;
/** A right that is missing is granted by people, if at all; so is a kind of object that the API server lacks. */
const maxRefusedRetryMs = 60_000;
/** Rights that are applied together with Pullguard come a moment after it. */
const grantMs = 10_000;
/** Never at once, however chance would have it. */
const leastShare = 0.1;
/** An API server that asks for more patience than this is not waited for any longer than one that is away. */
const maxAskedMs = 60_000;

/**
 * Follows all objects of one kind with list and watch. Starts at once, never rejects and never throws; failures are tried
 * again after a growing, jittered wait. Lists are consistent reads in pages, not client-go's first list at resourceVersion 0:
 * that one comes in one piece, which for the Nodes of a large cluster is more than this process has memory for, and may be
 * older than what another API server has told before. What it spares an API server is spared by the few replicas and by chance.
 */
export function watchObjects<T extends PrunedObject>(deps: ObjectWatchDeps<T>): ObjectWatch<T> {
  const { access, clock, resource, random = Math.random } = deps;
  const stopping = new AbortController();
  const start = new StartOf(clock);
  const onStanding = (): void => {
    start.synced();
    deps.onEvent?.({ kind: "synced", objects: informer.list().length });
  };
  const watch = new PrunedWatch<T>({
    ...{ config: access.config, clock, stopped: stopping.signal, random, onStanding },
    prune: resource.prune,
  });
  const list = () => listResource(resource, stopping.signal, clock);
  const informer = new ListWatch<T>(resource.path, watch, list, false, undefined, resource.fieldSelector);
  const nextRetryMs = backOff(clock, random);

  const retry = async (error: unknown): Promise<void> => {
    if (stopping.signal.aborted) return;
    const fault = faultOf(error, access.server, resource.plural);
    start.failed(fault);
    const retryMs = nextRetryMs(fault);
    if (fault.isAbsent === true) deps.onAbsent?.();
    deps.onEvent?.({ kind: "fault", reason: fault.reason, retryMs });
    try {
      await clock.sleep(retryMs, stopping.signal);
    } catch {
      return;
    }
    await begin();
  };
  const begin = (): Promise<void> => informer.start().catch(retry);
  informer.on("error", (error: unknown) => void retry(error));
  for (const verb of ["add", "update"] as const) informer.on(verb, (object) => deps.onObject?.(object, false));
  informer.on("delete", (object) => deps.onObject?.(object, true));
  void begin();

  return {
    isCurrent: () => watch.isCurrent(),
    hasSynced: () => start.hasSynced,
    get: (name, namespace) => informer.get(name, namespace),
    list: () => informer.list(),
    notReady: () => start.notReady(),
    stop: () => {
      stopping.abort(new Error("stopped"));
      void informer.stop();
    },
  };
}

/** What the time until the first list was like. */
class StartOf {
  readonly #clock: Clock;
  #settled = false;
  #refusedSinceMs: number | undefined;
  #reason = "";
  hasSynced = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  synced(): void {
    this.hasSynced = true;
    this.#settled = true;
  }

  failed({ reason, isRefusal, isAbsent }: AskingFault): void {
    this.#settled ||= isAbsent === true;
    this.#reason = reason;
    this.#refusedSinceMs = isRefusal ? (this.#refusedSinceMs ?? this.#clock.nowMs()) : undefined;
  }

  notReady(): string | undefined {
    const refusedMs = this.#refusedSinceMs === undefined ? -1 : this.#clock.nowMs() - this.#refusedSinceMs;
    this.#settled ||= refusedMs >= grantMs;
    if (this.#settled) return undefined;
    return this.#reason === "" ? "not synced yet" : `not synced yet: ${this.#reason}`;
  }
}

/**
 * How long to wait before the next try: anything up to a time that doubles with each failure, by chance, so that what lost its
 * connection at the same moment does not come back at the same moment.
 */
function backOff(clock: Clock, random: () => number): (fault: AskingFault) => number {
  let failures = 0;
  let lastMs = clock.nowMs();
  return ({ isRefusal, retryAfterMs = 0 }) => {
    const nowMs = clock.nowMs();
    // A fault so long after the one before is a new one.
    if (nowMs - lastMs > 4 * maxRetryMs) failures = 0;
    lastMs = nowMs;
    const longestMs = Math.min(isRefusal ? maxRefusedRetryMs : maxRetryMs, firstRetryMs * 2 ** failures);
    failures = Math.min(failures + 1, 10);
    const askedMs = Math.min(maxAskedMs, retryAfterMs);
    return Math.round(askedMs + longestMs * (leastShare + (1 - leastShare) * random()));
  };
}

/** Why objects cannot be listed or watched; `reason` for people. */
export interface AskingFault {
  readonly reason: string;
  /** The API server was asked and does not allow it. */
  readonly isRefusal: boolean;
  /** It knows no such objects. */
  readonly isAbsent?: boolean;
  /** So long it wants to be left in peace. */
  readonly retryAfterMs?: number;
}

/**
 * Takes what a list rejects with as well as what a watch ends with; only codes of either. `verbs` are what was tried, as a right
 * is called.
 */
export function faultOf(error: unknown, server: string, plural: string, verbs = "list and watch"): AskingFault {
  const status = error instanceof ApiException ? error.code : memberOf(error, "status");
  if (status === 403) {
    return { reason: `Pullguard has no permission to ${verbs} ${plural} (403)`, isRefusal: true };
  }
  if (status === 404) {
    return { reason: `the API server ${server} knows no ${plural} (404)`, isRefusal: true, isAbsent: true };
  }
  if (typeof status === "number") {
    const tried = verbs.replace(" and ", " or ");
    const reason = `the API server ${server} answered ${status} to ${tried} ${plural}`;
    const seconds = error instanceof ApiException ? Number(error.headers["retry-after"]) : Number.NaN;
    return { reason, isRefusal: false, ...(seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}) };
  }
  const code = memberOf(error, "code");
  const told = typeof code === "string" ? ` (${code})` : "";
  const watched = verbs === "list and watch" ? "watched" : `asked to ${verbs} ${plural}`;
  return { reason: `the API server ${server} cannot be ${watched}${told}`, isRefusal: false };
}
