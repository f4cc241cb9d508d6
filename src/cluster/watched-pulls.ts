import type { Clock } from "../core/index.js";
import type { NodeState } from "../node/index.js";
import {
  createPresenceIndex,
  type PresenceIndex,
  type PullDurations,
  type PullQueue,
  type QueuedImage,
  type QueuedPod,
} from "../prediction/index.js";
import { parseReference } from "../reference/index.js";
import type { ClusterAccess } from "./kubeconfig.js";
import { type WatchEvent, watchObjects } from "./object-watch.js";
import { createPodQueues } from "./pod-queues.js";
import { pulledEventResource } from "./watched-event.js";
import { pendingPodResource, type WatchedPod } from "./watched-pod.js";

/** What became of one of the watches, for a log. */
export type PullsEvent = WatchEvent & { readonly resource: "pods" | "events" };

export interface WatchedPullsDeps {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** Told of every pull that a kubelet has finished. */
  readonly durations: PullDurations;
  /** Bytes of an image as a Pod has it, where anybody knows. */
  readonly sizeOf: (image: string) => number | undefined;
  /** A node as it is told of, to know which images it holds. */
  readonly nodeNamed: (name: string) => NodeState | undefined;
  readonly onEvent?: (event: PullsEvent) => void;
  readonly random?: () => number;
}

/** What nodes are pulling, and how fast they pulled. */
export interface WatchedPulls {
  readonly queue: PullQueue;
  stop(): void;
}

/** Behind so many images everybody waits for long; more would change no advice, but each costs time to play through. */
const maxQueuedImages = 150;
/** A Pod that has no sandbox for so long waits for a volume or the network, not for its turn. */
const sandboxMs = 10 * 60_000;

/**
 * Follows the Pods that are bound to a node and do not run yet, and the kubelets' events about pulls that are over. Without
 * either (no right to list and watch, say) nothing is known of it, and what rests on it is not said.
 */
export function watchPulls(deps: WatchedPullsDeps): WatchedPulls {
  const { access, clock, durations, nodeNamed, sizeOf } = deps;
  const shared = { access, clock, ...(deps.random === undefined ? {} : { random: deps.random }) };
  const queues = createPodQueues();
  const presence = createPresenceIndex();
  const pods = watchObjects({
    ...shared,
    resource: pendingPodResource(access.core),
    onEvent: (event) => deps.onEvent?.({ ...event, resource: "pods" }),
    onObject: (pod, gone) => queues.note(pod, gone),
  });
  const events = watchObjects({
    ...shared,
    resource: pulledEventResource(access.core),
    onEvent: (event) => deps.onEvent?.({ ...event, resource: "events" }),
    onObject: ({ message, endedMs }, gone) => {
      if (!gone && message !== "") durations.noteEvent(message, Number.isNaN(endedMs) ? undefined : endedMs);
    },
  });
  const isStuck = ({ lacksSandbox, sinceMs }: WatchedPod): boolean =>
    lacksSandbox && clock.nowMs() - sinceMs > sandboxMs;
  return {
    queue: {
      queuedOn: (name) => {
        // A watch that has fallen silent is given up when it is asked; nobody else asks that of events.
        events.isCurrent();
        if (!pods.isCurrent()) return [];
        const waiting = queues.waitingOn(name);
        if (waiting.length === 0) return [];
        const node = nodeNamed(name);
        const queued: QueuedPod[] = [];
        let left = maxQueuedImages;
        for (const { awaited } of waiting.filter((pod) => !isStuck(pod))) {
          const lacking = awaited.filter((image) => !isThere(presence, node, image)).slice(0, left);
          left -= lacking.length;
          if (lacking.length > 0) queued.push({ images: lacking.map((image) => withSize(image, sizeOf(image))) });
          if (left === 0) break;
        }
        return queued;
      },
    },
    stop: () => {
      pods.stop();
      events.stop();
    },
  };
}

/** With `Always` the name is looked up once more, which takes no time that matters. */
function isThere(presence: PresenceIndex, node: NodeState | undefined, image: string): boolean {
  if (node === undefined) return false;
  const parsed = parseReference(image, "current");
  if (parsed.kind !== "reference") return false;
  return presence.presenceOn([node], { reference: parsed.reference, resolvesShortNames: false }).on.length > 0;
}

function withSize(image: string, sizeBytes: number | undefined): QueuedImage {
  return sizeBytes === undefined ? { image } : { image, sizeBytes };
}
