import type { Descriptor } from "../oci/index.js";
import { type EstimateInput, estimatePulls, type PullEstimate, type PullTask } from "../prediction/index.js";

/**
 * Estimates of Pods whose images come again and again. Playing a Pod of twenty images through costs more than the rest of its
 * remembered answer, and nothing but measured speeds changes it.
 */
export interface EstimateMemory {
  /** A manifest's layers as an estimate takes them: the same array for the same layers, by which tasks are recognised. */
  layersOf(layers: readonly Descriptor[]): PullTask["layers"];
  /** As {@link estimatePulls}, which is asked anew where anything differs from the last time. */
  estimate(input: EstimateInput): PullEstimate;
}

interface Estimated {
  readonly tasks: readonly PullTask[];
  readonly circumstances: string;
  readonly estimate: PullEstimate;
}

/** Remembers one estimate for each image that a Pod begins with, for as long as its manifest is remembered. */
export function createEstimateMemory(): EstimateMemory {
  const layersKnown = new WeakMap<readonly Descriptor[], PullTask["layers"]>();
  const estimates = new WeakMap<PullTask["layers"], Estimated>();
  return {
    layersOf(layers) {
      const known = layersKnown.get(layers);
      if (known !== undefined) return known;
      const made = layers.map(({ digest, sizeBytes }) => ({ digest, bytes: sizeBytes }));
      layersKnown.set(layers, made);
      return made;
    },
    estimate(input) {
      const { tasks, queued, presentImages, presentLayers } = input;
      const [first] = tasks;
      // What nodes hold and queue differs from one moment to the next.
      const isPlain = queued.length === 0 && presentImages.size === 0 && presentLayers.size === 0;
      if (first === undefined || !isPlain) return estimatePulls(input);
      const circumstances = circumstancesOf(input);
      const before = estimates.get(first.layers);
      if (before?.circumstances === circumstances && areSame(before.tasks, tasks)) return before.estimate;
      const estimate = estimatePulls(input);
      estimates.set(first.layers, { tasks, circumstances, estimate });
      return estimate;
    },
  };
}

function circumstancesOf({ tasks, podsOnNode, rules, maxConcurrentDownloads, throughputOf }: EstimateInput): string {
  const registries = [...new Set(tasks.map(({ registry }) => registry))];
  const speeds = registries.map((registry) => [registry, throughputOf(registry)]);
  return JSON.stringify([podsOnNode, rules, maxConcurrentDownloads, speeds]);
}

function areSame(one: readonly PullTask[], other: readonly PullTask[]): boolean {
  return (
    one.length === other.length &&
    one.every((task, index) => {
      const { image, layers, pullPolicy, blocks } = other[index] ?? {};
      const isAlike = task.pullPolicy === pullPolicy && task.blocks === blocks;
      return isAlike && task.layers === layers && task.image === image;
    })
  );
}
