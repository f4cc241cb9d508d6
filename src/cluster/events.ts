import { createHash } from "node:crypto";
import { setMaxListeners } from "node:events";
import { ApiException, EventsV1Api, V1MicroTime } from "@kubernetes/client-node";
import { LRUCache } from "lru-cache";
import { type Clock, steadyClock } from "../core/index.js";
import { withSignal } from "./abortable.js";
import type { ClusterAccess } from "./kubeconfig.js";

/** The object that an Event is about; it need not be stored yet. */
export interface RegardedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface EventRecorderDeps {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** Name of this replica, as Events show it. */
  readonly instance: string;
  /** What is told of, as Events call it, and by whom; admissions by the webhook where absent. */
  readonly action?: string;
  readonly controller?: string;
  /** Events that may be written at once; 25 where absent. */
  readonly burst?: number;
  /** Hears why Events cannot be written, in codes and names, once for each reason. */
  readonly onFault?: (reason: string) => void;
}

export interface EventRecorder {
  /** Returns at once and never throws; what is too much is dropped. */
  record(object: RegardedObject, events: readonly { readonly cause: string; readonly note: string }[]): void;
  stop(): void;
}

/** One Event for an object and cause in this time, however often and by however many replicas it is found. */
const windowMs = 10 * 60_000;
/** An object under admission is stored a moment later. */
const delayMs = 2_000;
const patienceMs = 10_000;
/** All Events of a replica: so many at once, then one in so many milliseconds. */
const usualBurst = 25;
const refillMs = 1_000;
const maxRemembered = 5_000;
/** Reasons that are told once each; API servers word them. */
const maxTold = 100;
const maxWaiting = 100;

/**
 * Writes Events (`events.k8s.io/v1`, type Warning, the cause as reason). The name of an Event follows from its object, cause and
 * time, so that of several replicas the first one writes it and the others find it there.
 */
export function createEventRecorder(deps: EventRecorderDeps): EventRecorder {
  const { clock, burst = usualBurst } = deps;
  const stopping = new AbortController();
  // Each Event that waits for its turn listens.
  setMaxListeners(0, stopping.signal);
  const written = new LRUCache<string, true>({ max: maxRemembered });
  const told = new Set<string>();
  let waiting = 0;
  let tokens = burst;
  // The clock itself tells when an Event happened; set back, it would hand out tokens without end.
  const steady = steadyClock(clock);
  let refilledMs = steady.nowMs();

  const takeToken = (): boolean => {
    const nowMs = steady.nowMs();
    const gained = Math.floor((nowMs - refilledMs) / refillMs);
    tokens = Math.min(burst, tokens + gained);
    refilledMs += gained * refillMs;
    if (tokens === 0) return false;
    tokens -= 1;
    return true;
  };

  const write = async (name: string, object: RegardedObject, cause: string, note: string): Promise<void> => {
    await clock.sleep(delayMs, stopping.signal);
    const reason = await create(deps, { name, object, cause, note }, stopping.signal);
    if (reason === undefined || stopping.signal.aborted || told.has(reason)) return;
    if (told.size >= maxTold) told.clear();
    told.add(reason);
    deps.onFault?.(reason);
  };

  return {
    record: (object, events) => {
      for (const { cause, note } of events) {
        const name = eventName(object, cause, Math.floor(clock.nowMs() / windowMs));
        if (written.has(name) || waiting >= maxWaiting || stopping.signal.aborted || !takeToken()) continue;
        written.set(name, true);
        waiting += 1;
        write(name, object, cause, note)
          // Only the end of the recorder cuts the wait short.
          .catch(() => undefined)
          .finally(() => {
            waiting -= 1;
          });
      }
    },
    stop: () => stopping.abort(new Error("stopped")),
  };
}

function eventName({ name, uid }: RegardedObject, cause: string, window: number): string {
  const hash = createHash("sha256").update(`${uid}\n${cause}\n${window}`).digest("hex").slice(0, 16);
  return `${name.slice(0, 200).replace(/[^a-z0-9]+$/, "")}.${hash}`;
}

interface WantedEvent {
  readonly name: string;
  readonly object: RegardedObject;
  readonly cause: string;
  readonly note: string;
}

/** @returns why it could not be written; undefined where it was, or is there already, or its namespace is gone */
async function create(
  { access, clock, instance, action, controller }: EventRecorderDeps,
  { name, object, cause, note }: WantedEvent,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { namespace, ...regarding } = object;
  const body = {
    metadata: { name, namespace },
    eventTime: new V1MicroTime(clock.nowMs()),
    type: "Warning",
    reason: cause,
    action: action ?? "Admission",
    note,
    reportingController: controller ?? "pullguard.dev/webhook",
    reportingInstance: instance,
    regarding: { ...regarding, namespace },
  };
  const patience = new AbortController();
  const end = (): void => patience.abort(new Error("too late"));
  signal.addEventListener("abort", end, { once: true });
  const stopSleep = new AbortController();
  clock.sleep(patienceMs, stopSleep.signal).then(end, () => undefined);
  try {
    const api = access.config.makeApiClient(EventsV1Api);
    await api.createNamespacedEvent({ namespace, body }, withSignal(patience.signal));
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiException)) return `the API server ${access.server} cannot be asked to create events`;
    if (error.code === 409 || error.code === 404) return undefined;
    if (error.code === 403) return "Pullguard has no permission to create events (403)";
    return `the API server ${access.server} answered ${error.code} to create an event`;
  } finally {
    stopSleep.abort();
    signal.removeEventListener("abort", end);
  }
}
