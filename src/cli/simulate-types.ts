import type { PlayedRollout, PlayedWorkload, PullRules, RolloutCluster, RolloutMode } from "../prediction/index.js";

/** One workload in one mode, both ways of pulling side by side. */
export interface SimulationRow {
  readonly workload: string;
  readonly mode: RolloutMode;
  readonly pods: number;
  /** Pods that are on their way at the same time. */
  readonly atOnce: number;
  /** Compressed bytes of the distinct layers of one Pod. */
  readonly bytes: number;
  readonly serialized: PlayedWorkload;
  readonly parallel: PlayedWorkload;
}

/** An image of which no size could be found out; it is counted as nothing. */
export interface Unsized {
  readonly image: string;
  readonly reason: string;
}

export interface SimulationReport {
  readonly cluster: RolloutCluster;
  /** The rules by which the parallel side was played. */
  readonly parallel: PullRules;
  readonly rows: readonly SimulationRow[];
  readonly played: readonly {
    readonly mode: RolloutMode;
    readonly serialized: PlayedRollout;
    readonly parallel: PlayedRollout;
  }[];
  readonly unsized: readonly Unsized[];
}
