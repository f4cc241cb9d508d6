import { setTimeout as pause } from "node:timers/promises";
import type { Lab } from "../support/lab/index.js";
import type { RealContainerd } from "../support/real/index.js";
import type { Compared } from "./comparison.js";
import type { ParityCase } from "./scenario.js";

/** Longer than two TLS handshakes that time out after 10 s each, so that only what truly hangs stays pending. */
const pullDeadlineMs = 25_000;
/** A pull that takes longer than this is left alone while the next ones go on. */
const patienceMs = 1500;

async function pullOne(containerd: RealContainerd, lab: Lab, asked: ParityCase): Promise<Compared> {
  const image = lab.expand(asked.image);
  const real = await containerd.cri.pull(image, asked.credential, pullDeadlineMs);
  // Otherwise the next case could be answered from this one's content.
  if (real.outcome === "pulled") await containerd.cri.remove(real.imageId);
  return { asked, image, real };
}

/**
 * What the real containerd makes of every case, in the order of the cases. One pull at a time: mirrors share images, and
 * removing one would take it from under another pull. What hangs never gets as far as an image and may be overtaken.
 */
export async function pullAll(
  containerd: RealContainerd,
  lab: Lab,
  cases: readonly ParityCase[],
): Promise<readonly Compared[]> {
  const pulls: Promise<Compared>[] = [];
  for (const asked of cases) {
    const pull = pullOne(containerd, lab, asked);
    pulls.push(pull);
    const over = new AbortController();
    await Promise.race([pull, pause(patienceMs, undefined, { signal: over.signal }).catch(() => undefined)]);
    over.abort();
  }
  return await Promise.all(pulls);
}
