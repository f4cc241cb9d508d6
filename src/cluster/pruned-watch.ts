import { type KubeConfig, Watch } from "@kubernetes/client-node";
import type { Clock } from "../core/index.js";
import type { PrunedObject } from "./resource.js";

export interface PrunedWatchDeps<T extends PrunedObject> {
  readonly config: KubeConfig;
  /** What is kept of an object; never throws. */
  readonly prune: (object: unknown) => T;
  readonly clock: Clock;
  readonly stopped: AbortSignal;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Hears that a watch stands: the API server has agreed to tell every change from here on. */
  readonly onStanding: () => void;
}

/** Why a watch ended before its time. `status` is the API server's, `code` the system's; neither where it just closed. */
export interface WatchFault {
  readonly status?: number;
  readonly code?: string;
}

type Tell<T> = (phase: string, object: T | typeof expired) => void;

interface Standing {
  lastSignMs: number;
  controller: AbortController | undefined;
  /** Ends the waits of this watch, which nobody may outlive. */
  readonly waits: AbortController;
}

/** What makes client-node's informer forget its place and list anew. */
const expired = { code: 410 } as const;

/** The API server ends a watch by itself after so long, so that one that nobody serves any more does not last. */
const watchSeconds = 300;
const watchJitterSeconds = 120;
/** A watch that lived so long was sound, and its end is ordinary. */
const settledMs = 30_000;
/** Bookmarks come about once a minute; after so long without a word the connection counts as dead. */
const maxSilenceMs = 150_000;
/** client-node waits for ever for the first word; an API server that takes watches answers at once. */
const maxOpeningMs = 30_000;

/**
 * client-node's watch, with what its informer does not do by itself: it hands on pruned objects only, never rejects
 * (a rejection inside the informer would end the process), turns every early end into a fault, so that the informer
 * never dials in a loop, and knows whether it can be believed at this moment.
 */
export class PrunedWatch<T extends PrunedObject> extends Watch {
  readonly #deps: PrunedWatchDeps<T>;
  #standing: Standing | undefined;

  constructor(deps: PrunedWatchDeps<T>) {
    super(deps.config);
    this.#deps = deps;
  }

  /** Whether every change up to a moment ago has been heard. A watch that has fallen silent is given up. */
  isCurrent(): boolean {
    const standing = this.#standing;
    if (standing === undefined) return false;
    if (this.#deps.clock.nowMs() - standing.lastSignMs <= maxSilenceMs) return true;
    this.#standing = undefined;
    standing.controller?.abort();
    return false;
  }

  override async watch(
    path: string,
    parameters: Readonly<Record<string, string | number | boolean | undefined>>,
    tell: Tell<T>,
    done: (fault: WatchFault | null) => void,
  ): Promise<AbortController> {
    const { clock, stopped, random, onStanding, prune } = this.#deps;
    // client-node's informer may come here from a list that outlived its stop.
    if (stopped.aborted) return new AbortController();
    const startedMs = clock.nowMs();
    const own: Standing = { lastSignMs: startedMs, controller: undefined, waits: new AbortController() };
    let ended = false;
    const end = (fault: unknown): void => {
      if (ended) return;
      ended = true;
      own.waits.abort();
      if (this.#standing === own) this.#standing = undefined;
      const isOrdinary = own.controller !== undefined && clock.nowMs() - startedMs >= settledMs;
      // Whatever was wrong, a list puts it right; so nobody need know each way in which a place can be lost.
      if (!isOrdinary) tell("ERROR", expired);
      done(isOrdinary ? null : watchFault(fault));
    };
    const hear = (phase: string, object: unknown): void => {
      own.lastSignMs = clock.nowMs();
      tell(phase, phase === "ERROR" ? expired : prune(object));
    };
    const tooLate = (): void => end(new TimedOut());
    clock.sleep(maxOpeningMs, own.waits.signal).then(
      () => own.controller ?? tooLate(),
      () => undefined,
    );
    const timeoutSeconds = Math.round(watchSeconds + watchJitterSeconds * random());
    try {
      own.controller = await super.watch(path, { ...parameters, allowWatchBookmarks: true, timeoutSeconds }, hear, end);
      // Whoever stopped or lost patience meanwhile had nothing to abort yet.
      if (stopped.aborted || ended) own.controller.abort();
      if (ended || stopped.aborted) return own.controller;
      own.lastSignMs = clock.nowMs();
      this.#standing = own;
      void this.#guard(own);
      onStanding();
      return own.controller;
    } catch (fault) {
      end(fault);
      return new AbortController();
    }
  }

  /** A watch that has fallen silent is given up although nobody asks whether it is current. */
  async #guard(own: Standing): Promise<void> {
    while (this.#standing === own) {
      await this.#deps.clock.sleep(maxSilenceMs + 1_000, own.waits.signal).catch(() => undefined);
      if (this.#standing === own) this.isCurrent();
    }
  }
}

/** No answer in time, as the system would call it. */
class TimedOut extends Error {
  readonly code = "ETIMEDOUT";
}

/** Codes alone: the text of a credential plugin's failure may hold what the plugin printed. */
function watchFault(fault: unknown): WatchFault {
  if (!(fault instanceof Error)) return {};
  if ("statusCode" in fault && typeof fault.statusCode === "number") return { status: fault.statusCode };
  return "code" in fault && typeof fault.code === "string" ? { code: fault.code } : {};
}
