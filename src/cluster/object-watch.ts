import { ApiException, ListWatch } from "@kubernetes/client-node";
import type { Clock } from "../core/index.js";
import type { ClusterAccess } from "./kubeconfig.js";
import { PrunedWatch } from "./pruned-watch.js";
import { listResource, memberOf, type PrunedObject, type Resource } from "./resource.js";

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
  /** Why a server should not be sent requests yet; undefined for good soon after the start, whatever the API server does. */
  notReady(): string | undefined;
  stop(): void;
}

const firstRetryMs = 1_000;
const maxRetryMs = 30_000;
/** A right that is missing is granted by people, if at all; so is a kind of object that the API server lacks. */
const refusedRetryMs = 60_000;
/** So long a server waits for its first sync; answers need it for their speed or their certainty only. */
const maxStartMs = 10_000;

/**
 * Follows all objects of one kind with list and watch. Starts at once, never rejects and never throws; failures are tried
 * again after a growing, jittered wait.
 */
export function watchObjects<T extends PrunedObject>(deps: ObjectWatchDeps<T>): ObjectWatch<T> {
  const { access, clock, resource, random = Math.random } = deps;
  const stopping = new AbortController();
  const startedMs = clock.nowMs();
  let settled = false;
  let synced = false;
  const onStanding = (): void => {
    settled = true;
    synced = true;
    deps.onEvent?.({ kind: "synced", objects: informer.list().length });
  };
  const watch = new PrunedWatch<T>({
    ...{ config: access.config, clock, stopped: stopping.signal, random, onStanding },
    prune: resource.prune,
  });
  const list = () => listResource(resource, stopping.signal);
  const informer = new ListWatch<T>(resource.path, watch, list, false, undefined, resource.fieldSelector);
  const nextRetryMs = backOff(clock, random);

  const retry = async (error: unknown): Promise<void> => {
    if (stopping.signal.aborted) return;
    const fault = faultOf(error, access.server, resource.plural);
    settled ||= fault.isRefusal;
    const retryMs = nextRetryMs(fault.isRefusal);
    deps.onEvent?.({ kind: "fault", reason: fault.reason, retryMs });
    try {
      await clock.sleep(retryMs, stopping.signal);
    } catch {
      return;
    }
    await start();
  };
  const start = (): Promise<void> => informer.start().catch(retry);
  informer.on("error", (error: unknown) => void retry(error));
  for (const verb of ["add", "update"] as const) informer.on(verb, (object) => deps.onObject?.(object, false));
  informer.on("delete", (object) => deps.onObject?.(object, true));
  void start();

  return {
    isCurrent: () => watch.isCurrent(),
    hasSynced: () => synced,
    get: (name, namespace) => informer.get(name, namespace),
    list: () => informer.list(),
    notReady: () => {
      settled ||= clock.nowMs() - startedMs >= maxStartMs;
      return settled ? undefined : "not synced yet";
    },
    stop: () => {
      stopping.abort(new Error("stopped"));
      void informer.stop();
    },
  };
}

/** How long to wait before the next try: twice as long each time, from half to all of it by chance. */
function backOff(clock: Clock, random: () => number): (isRefusal: boolean) => number {
  let failures = 0;
  let lastMs = clock.nowMs();
  return (isRefusal) => {
    const nowMs = clock.nowMs();
    // A fault so long after the one before is a new one.
    if (nowMs - lastMs > 4 * maxRetryMs) failures = 0;
    lastMs = nowMs;
    const waitMs = isRefusal ? refusedRetryMs : Math.min(maxRetryMs, firstRetryMs * 2 ** failures);
    failures = Math.min(failures + 1, 10);
    return Math.round(waitMs * (0.5 + random() / 2));
  };
}

/** Why objects cannot be listed or watched; `reason` for people. */
export interface AskingFault {
  readonly reason: string;
  /** The API server was asked and does not allow it. */
  readonly isRefusal: boolean;
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
    return { reason: `the API server ${server} knows no ${plural} (404)`, isRefusal: true };
  }
  if (typeof status === "number") {
    const tried = verbs.replace(" and ", " or ");
    return { reason: `the API server ${server} answered ${status} to ${tried} ${plural}`, isRefusal: false };
  }
  const code = memberOf(error, "code");
  const told = typeof code === "string" ? ` (${code})` : "";
  const watched = verbs === "list and watch" ? "watched" : `asked to ${verbs} ${plural}`;
  return { reason: `the API server ${server} cannot be ${watched}${told}`, isRefusal: false };
}
