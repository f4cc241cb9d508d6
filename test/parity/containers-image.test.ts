import assert from "node:assert/strict";
import { type Lab, startLab } from "../support/lab/index.js";
import { type RealPodman, startPodman, whyNoPodman } from "../support/real/index.js";
import { type Compared, falseDenials, missedFailures, renderComparison } from "./comparison.js";
import { faultsOfRegistries, nodeLab } from "./containers-image-cases.js";
import { compareOnNodes } from "./containers-image-node.js";
import { writtenNodes } from "./containers-image-nodes.js";
import { nodesAtRandom, seedOfRun } from "./containers-image-random.js";
import { requireReal } from "./require-real.js";

function agree(title: string, compared: readonly Compared[]): void {
  console.log(`\n${title}, ${compared.length} pulls\n${renderComparison(compared)}`);
  const ids = (some: readonly Compared[]): string[] => some.map((one) => one.asked.id);
  assert.deepEqual(ids(falseDenials(compared)), [], "false denials");
  assert.deepEqual(ids(missedFailures(compared)), [], "missed failures");
}

describe("parity with podman, whose library CRI-O shares", function () {
  this.timeout(600_000);
  let lab: Lab | undefined;
  let podman: RealPodman | undefined;

  before(function () {
    requireReal(this, whyNoPodman(), "containers-image");
  });
  afterEach(async () => {
    await podman?.stop();
    await lab?.stop();
    podman = undefined;
    lab = undefined;
  });

  it("denies nothing that it pulls and passes nothing that it does not, whatever a registry answers", async () => {
    lab = await startLab(faultsOfRegistries.lab);
    podman = await startPodman(lab.hostsFileText);
    const nodes = [{ node: faultsOfRegistries.node(lab), cases: faultsOfRegistries.cases }];
    agree(podman.version, await compareOnNodes(podman, lab, nodes));
  });

  it("reads the node's files as it does", async () => {
    lab = await startLab(nodeLab);
    podman = await startPodman(lab.hostsFileText);
    agree(podman.version, await compareOnNodes(podman, lab, await writtenNodes(lab)));
  });

  it("reads files made at random as it does", async () => {
    lab = await startLab(nodeLab);
    podman = await startPodman(lab.hostsFileText);
    const seed = seedOfRun();
    console.log(`\nPULLGUARD_SEED=${seed}`);
    const nodes = nodesAtRandom(lab, seed);
    const compared = await compareOnNodes(podman, lab, nodes);
    for (const wrong of [...falseDenials(compared), ...missedFailures(compared)]) {
      const found = nodes.find(({ cases }) => cases.includes(wrong.asked));
      console.log(`${wrong.asked.id} on the node ${JSON.stringify(found?.node, null, 1)}`);
    }
    agree(podman.version, compared);
  });
});
