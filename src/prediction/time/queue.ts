/** A Pod that waits for its images on a node, as the cluster tells of it. */
export interface QueuedPod {
  readonly images: readonly QueuedImage[];
}

export interface QueuedImage {
  /** As the Pod has it. */
  readonly image: string;
  /** Compressed, where some node or a registry told; absent: not known, and then not counted. */
  readonly sizeBytes?: number;
}

/** Port: Pods that are bound to a node and have not all their images yet, oldest first. Asks nobody. */
export interface PullQueue {
  queuedOn(node: string): readonly QueuedPod[];
}
