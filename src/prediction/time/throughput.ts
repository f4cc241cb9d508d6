import type { Clock } from "../../core/index.js";

/** How fast a registry's layers come. `kubelet`: whole pulls of nodes, unpacking included; `own`: what Pullguard read itself. */
export interface Throughput {
  readonly bytesPerSecond: number;
  readonly source: "kubelet" | "own";
  /** How many transfers it rests on. */
  readonly samples: number;
}

/** One transfer that was seen. `registry`: the image's domain for `kubelet`, the host that was asked for `own`. */
export interface SeenTransfer {
  readonly registry: string;
  readonly bytes: number;
  readonly durationMs: number;
  readonly source: Throughput["source"];
  /** Now where absent. */
  readonly endedMs?: number;
}

/** Learns how fast registries are from what is transferred anyway; nothing is downloaded to find out. */
export interface ThroughputMeter {
  note(transfer: SeenTransfer): void;
  /**
   * What nodes saw goes before what Pullguard saw; undefined where too little was seen in the last hour.
   * @param host that serves the registry's images, `registry-1.docker.io` for docker.io
   */
  throughputOf(registry: string, host: string): Throughput | undefined;
}

/** Shorter transfers tell the latency of a connection, not its width. */
const leastBytes = 256 * 1024;
const newestWeight = 0.3;
/** Outside of these a clock or a size was wrong: 16 KiB/s and 10 GiB/s. */
const slowest = 16 * 1024;
const fastest = 10 * 1024 ** 3;
const believedMs = 3_600_000;
const maxRegistries = 500;
/** One lucky pull of a node with most layers in place would promise too much. */
const leastSamples = { kubelet: 3, own: 1 } as const;

interface Entry {
  bytesPerSecond: number;
  samples: number;
  untilMs: number;
}

/** An exponentially weighted mean for each registry and source, the newest of at most 500 registries. */
export function createThroughputMeter(clock: Clock): ThroughputMeter {
  const entries = new Map<string, Entry>();
  const find = (source: Throughput["source"], registry: string): Throughput | undefined => {
    const entry = entries.get(`${source} ${registry}`);
    if (entry === undefined || entry.untilMs < clock.nowMs() || entry.samples < leastSamples[source]) return undefined;
    return { bytesPerSecond: entry.bytesPerSecond, source, samples: entry.samples };
  };
  return {
    note({ registry, bytes, durationMs, source, endedMs = clock.nowMs() }) {
      // A clock that is ahead must not have it believed for longer.
      const untilMs = Math.min(endedMs, clock.nowMs()) + believedMs;
      if (bytes < leastBytes || durationMs <= 0 || untilMs < clock.nowMs()) return;
      const seen = Math.min(fastest, Math.max(slowest, (bytes / durationMs) * 1000));
      const key = `${source} ${registry}`;
      const before = entries.get(key);
      const fresh = before === undefined || before.untilMs < clock.nowMs();
      const bytesPerSecond = fresh ? seen : before.bytesPerSecond + newestWeight * (seen - before.bytesPerSecond);
      entries.delete(key);
      entries.set(key, {
        bytesPerSecond,
        samples: fresh ? 1 : before.samples + 1,
        // Events are listed in no order.
        untilMs: fresh ? untilMs : Math.max(before.untilMs, untilMs),
      });
      const [oldest] = entries.keys();
      if (entries.size > maxRegistries && oldest !== undefined) entries.delete(oldest);
    },
    throughputOf: (registry, host) => find("kubelet", registry) ?? find("own", host),
  };
}
