import type { WatchedPod } from "./watched-pod.js";

/** Pods that wait for images, by node. */
export interface PodQueues {
  note(pod: WatchedPod, gone: boolean): void;
  /** In the order in which the kubelet took them on. */
  waitingOn(node: string): readonly WatchedPod[];
}

interface NodeQueue {
  readonly pods: Map<string, WatchedPod>;
  ordered: readonly WatchedPod[] | undefined;
}

const nobody: readonly WatchedPod[] = [];

/** Holds no more than the Pods that wait; a node without any costs nothing. */
export function createPodQueues(): PodQueues {
  const nodes = new Map<string, NodeQueue>();
  const nodeOf = new Map<string, string>();
  const remove = (key: string): void => {
    const node = nodeOf.get(key);
    const queue = node === undefined ? undefined : nodes.get(node);
    if (node === undefined || queue === undefined) return;
    nodeOf.delete(key);
    queue.pods.delete(key);
    queue.ordered = undefined;
    if (queue.pods.size === 0) nodes.delete(node);
  };
  return {
    note(pod, gone) {
      const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
      // A Pod of the same name may have come to another node while nobody was watching.
      remove(key);
      if (gone || pod.node === "" || pod.awaited.length === 0) return;
      const queue = nodes.get(pod.node) ?? { pods: new Map(), ordered: undefined };
      queue.pods.set(key, pod);
      queue.ordered = undefined;
      nodes.set(pod.node, queue);
      nodeOf.set(key, pod.node);
    },
    waitingOn(node) {
      const queue = nodes.get(node);
      if (queue === undefined) return nobody;
      queue.ordered ??= [...queue.pods.entries()].sort(byAge).map(([, pod]) => pod);
      return queue.ordered;
    },
  };
}

/** Who tells no time comes last; between equals the name decides, so that the order does not change from time to time. */
function byAge([a, { sinceMs: aMs }]: [string, WatchedPod], [b, { sinceMs: bMs }]: [string, WatchedPod]): number {
  const [first, second] = [Number.isNaN(aMs) ? Infinity : aMs, Number.isNaN(bMs) ? Infinity : bMs];
  return first === second ? (a < b ? -1 : 1) : first - second;
}
