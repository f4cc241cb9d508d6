import { mapConcurrently } from "../../src/check/concurrently.js";
import type { Lab } from "../support/lab/index.js";
import type { RealPodman } from "../support/real/index.js";
import type { Compared } from "./comparison.js";
import { createPredictions } from "./predict.js";
import type { ParityCase } from "./scenario.js";

/** Files of a node by absolute path. */
export type PodmanNode = Readonly<Record<string, string>>;

/** Some pulls on one node. */
export interface NodeWithPulls {
  readonly node: PodmanNode;
  readonly cases: readonly ParityCase[];
}

/** Pulls side by side on one node; more of them only get in each other's way. */
const pullsAtOnce = 16;
const nodesAtOnce = 4;
const predictionsAtOnce = 12;
const patientSeconds = 120;

/** What the real podman makes of every case, then what Pullguard says of it, in the order of the cases. */
export async function compareOnNodes(
  podman: RealPodman,
  lab: Lab,
  nodes: readonly NodeWithPulls[],
): Promise<readonly Compared[]> {
  const batches = nodes.flatMap(({ node, cases }) => inBatches(cases).map((some) => ({ node, cases: some })));
  const pulled = await mapConcurrently(batches, nodesAtOnce, async ({ node, cases }) => {
    const asked = cases.map((one) => ({ ...one, image: lab.expand(one.image) }));
    const results = await podman.pull(node, asked);
    return { node, compared: cases.map((one, index) => comparedOf(one, asked[index], results[index])) };
  });
  lab.reset();
  const predicted = await mapConcurrently(pulled, nodesAtOnce, async ({ node, compared }) => ({
    node,
    compared: await withPredictions(podman, lab, node, compared),
  }));
  const settled = await mapConcurrently(predicted, 1, ({ node, compared }) => lookAgain(podman, node, compared));
  return settled.flat();
}

/** A pull that should have ended well and did not end may have been slow on a busy machine: once more, alone and patiently. */
async function lookAgain(
  podman: RealPodman,
  node: PodmanNode,
  compared: readonly Compared[],
): Promise<readonly Compared[]> {
  const slow = compared.filter((one) => one.real.outcome === "pending" && one.prediction?.verdict === "pullable");
  if (slow.length === 0) return compared;
  const pulls = slow.map(({ asked, image }) => ({ ...asked, image }));
  const results = await podman.pull(node, pulls, patientSeconds);
  const again = new Map(slow.map((one, index) => [one, results[index]] as const));
  return compared.map((one) => ({ ...one, real: again.get(one) ?? one.real }));
}

async function withPredictions(
  podman: RealPodman,
  lab: Lab,
  node: PodmanNode,
  compared: readonly Compared[],
): Promise<readonly Compared[]> {
  const predictions = createPredictions(lab, podman.version, node);
  try {
    return await mapConcurrently(compared, predictionsAtOnce, async (one) => ({
      ...one,
      prediction: await predictions.predict(one.image, one.asked.credential),
    }));
  } finally {
    await predictions.close();
  }
}

function inBatches(cases: readonly ParityCase[]): readonly (readonly ParityCase[])[] {
  const count = Math.ceil(cases.length / pullsAtOnce);
  return Array.from({ length: count }, (_, index) => cases.slice(index * pullsAtOnce, (index + 1) * pullsAtOnce));
}

function comparedOf(asked: ParityCase, expanded: ParityCase | undefined, real: Compared["real"] | undefined): Compared {
  if (expanded === undefined || real === undefined) throw new Error(`${asked.id} was not pulled`);
  return { asked, image: expanded.image, real };
}
