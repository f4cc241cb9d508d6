import type { Finding } from "../findings/index.js";
import type { PulledAttempt } from "../prediction/index.js";
import type { Workload } from "../workload/index.js";
import type { AskEngine } from "./ask.js";

/** The use case of `check/`, as far as an audit needs it. */
type Check = (
  input: { readonly workloads: readonly Workload[] },
  signal: AbortSignal,
) => Promise<{ readonly findings: readonly Finding[] }>;

/** Puts the pulls that an engine tells of, one by one, to the questions that led to them. */
export interface PulledCollector {
  /** To be called for every image that can be pulled, with its name as written. */
  note(image: string, attempt: PulledAttempt): void;
  /** Images that are asked about at the same time must be different ones. */
  asking(check: Check): AskEngine;
}

export function pulledCollector(): PulledCollector {
  const open = new Map<string, Map<string, PulledAttempt>>();
  return {
    // The same outcome comes once for each workload that it serves.
    note: (image, attempt) => open.get(image)?.set(`${attempt.digest} ${attempt.image?.manifestDigest}`, attempt),
    asking: (check) => async (workloads, signal) => {
      const pulled = new Map<string, PulledAttempt>();
      const images = new Set(workloads.flatMap(({ pod }) => pod.images.map(({ image }) => image)));
      for (const image of images) open.set(image, pulled);
      try {
        const { findings } = await check({ workloads }, signal);
        return { findings, pulled: [...pulled.values()] };
      } finally {
        for (const image of images) open.delete(image);
      }
    },
  };
}
