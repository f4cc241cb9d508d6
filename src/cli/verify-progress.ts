import type { LayerObserver } from "../verification/index.js";
import type { TextSink } from "./types.js";

/** Bars on a terminal, one for each layer that is being read, and a last line for all. */
export interface Progress {
  readonly observer: LayerObserver;
  /** Takes the bars off the screen. */
  clear(): void;
}

interface Bar {
  readonly digest: string;
  readonly sizeBytes: number;
  received: number;
}

/** Shortest time between two pictures, in milliseconds. */
const pictureMs = 100;
const barWidth = 24;

/** @param columns width of the terminal; no line is longer */
export function createProgress(sink: TextSink, columns: number, nowMs: () => number): Progress {
  const bars = new Map<string, Bar>();
  let drawnLines = 0;
  let drawnAtMs = 0;
  let doneLayers = 0;
  let receivedBytes = 0;
  const startMs = nowMs();

  const clear = (): void => {
    if (drawnLines > 0) sink.write(`\u001b[${drawnLines}A\u001b[J`);
    drawnLines = 0;
  };
  const draw = (always: boolean): void => {
    const now = nowMs();
    if (!always && now - drawnAtMs < pictureMs) return;
    drawnAtMs = now;
    const seconds = Math.max((now - startMs) / 1000, 0.001);
    const total = `${doneLayers} done, ${bars.size} under way, ${sizeText(receivedBytes)}, ${sizeText(receivedBytes / seconds)}/s`;
    const lines = [...[...bars.values()].map(barText), total].map((line) => line.slice(0, Math.max(columns - 1, 1)));
    clear();
    sink.write(`${lines.join("\n")}\n`);
    drawnLines = lines.length;
  };
  return {
    clear,
    observer: {
      onLayer(digest, sizeBytes) {
        bars.set(digest, { digest, sizeBytes, received: 0 });
        draw(true);
      },
      onBytes(digest, bytes) {
        receivedBytes += bytes;
        const bar = bars.get(digest);
        if (bar !== undefined) bar.received += bytes;
        draw(false);
      },
      onDone(digest) {
        bars.delete(digest);
        doneLayers += 1;
        draw(true);
      },
    },
  };
}

function barText({ digest, sizeBytes, received }: Bar): string {
  const share = sizeBytes > 0 ? Math.min(received / sizeBytes, 1) : 0;
  const filled = Math.round(share * barWidth);
  const bar = `${"=".repeat(filled)}${" ".repeat(barWidth - filled)}`;
  return `${digest.slice(0, 19)} [${bar}] ${String(Math.floor(share * 100)).padStart(3)}% of ${sizeText(sizeBytes)}`;
}

function sizeText(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  const powers = ["kB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), powers.length);
  return `${(bytes / 1000 ** power).toFixed(1)} ${powers[power - 1] ?? "TB"}`;
}
