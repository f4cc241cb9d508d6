import { parseReference } from "../../reference/index.js";
import type { ThroughputMeter } from "./throughput.js";

/** What the kubelet says of a pull that it has finished. */
export interface PulledEvent {
  /** As the Pod has it. */
  readonly image: string;
  readonly pullMs: number;
  /** With the time in the kubelet's queue; absent before 1.27. */
  readonly withWaitingMs?: number;
  /** As the runtime tells it after the pull; absent before 1.30 or so. */
  readonly sizeBytes?: number;
}

const pattern =
  /^Successfully pulled image "(.{1,512})" in ([0-9a-zµμ.]{1,30})(?: \(([0-9a-zµμ.]{1,30}) including waiting\))?(?:\. Image size: (\d{1,15}) bytes\.?)?$/;

/**
 * Reads the message of a Kubernetes event with reason `Pulled`; undefined for other messages with that reason (`already
 * present on machine`) and for the oldest kubelets, which tell no duration.
 * Source: Kubernetes pkg/kubelet/images/image_manager.go `pullImage`, 1.26 and 1.36.
 */
export function parsePulledEvent(message: string): PulledEvent | undefined {
  const [, image, pull, waiting, size] = pattern.exec(message) ?? [];
  const pullMs = pull === undefined ? undefined : goDurationMs(pull);
  if (image === undefined || pullMs === undefined) return undefined;
  const withWaitingMs = waiting === undefined ? undefined : goDurationMs(waiting);
  return {
    image,
    pullMs,
    ...(withWaitingMs === undefined ? {} : { withWaitingMs }),
    ...(size === undefined || Number(size) === 0 ? {} : { sizeBytes: Number(size) }),
  };
}

const unitMs = new Map([
  ["ns", 1e-6],
  ["µs", 1e-3],
  ["μs", 1e-3],
  ["us", 1e-3],
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** `1m2.345s`, `345ms`, `0s`. Source: Go time.Duration.String. */
function goDurationMs(text: string): number | undefined {
  const part = /(\d+(?:\.\d+)?)(ns|µs|μs|us|ms|s|m|h)/gy;
  let totalMs = 0;
  let end = 0;
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    totalMs += Number(match[1]) * (unitMs.get(match[2] ?? "") ?? 0);
    end = part.lastIndex;
  }
  return end === text.length && end > 0 ? totalMs : undefined;
}

/** Port: told of the kubelets' own pulls, whoever reads them (events of the cluster, an agent on the node). */
export interface PullDurations {
  /**
   * @param message of a Kubernetes event with reason `Pulled`; anything else is passed over
   * @param endedMs when the pull was over; now where absent
   */
  noteEvent(message: string, endedMs?: number): void;
}

/**
 * The size is told whatever of it was there before: with `Always` a pull may only have looked the name up. Shorter pulls and
 * faster ones (bytes a second; unpacking alone takes longer) tell nothing of the registry.
 */
const leastPullMs = 1000;
const mostBytesPerSecond = 500_000_000;

/** Turns the kubelets' events into throughput. Images without a told size teach nothing. */
export function pullDurations(meter: ThroughputMeter): PullDurations {
  return {
    noteEvent(message, endedMs) {
      const event = parsePulledEvent(message);
      if (event?.sizeBytes === undefined || event.pullMs < leastPullMs) return;
      if ((event.sizeBytes / event.pullMs) * 1000 > mostBytesPerSecond) return;
      const parsed = parseReference(event.image, "current");
      if (parsed.kind !== "reference") return;
      const { domain: registry } = parsed.reference;
      const transfer = { registry, bytes: event.sizeBytes, durationMs: event.pullMs, source: "kubelet" } as const;
      meter.note(endedMs === undefined ? transfer : { ...transfer, endedMs });
    },
  };
}
