import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { mapConcurrently } from "../../src/check/concurrently.js";
import { type Lab, startLab } from "../support/lab/index.js";
import {
  configPath,
  plainConfig,
  type RealContainerd,
  startContainerd,
  whyNoContainerd,
} from "../support/real/index.js";
import { type ParitySetting, paritySettings } from "./cases.js";
import { type Compared, falseDenials, missedFailures, renderComparison } from "./comparison.js";
import { createPredictions } from "./predict.js";
import { pullAll } from "./reality.js";
import { requireReal } from "./require-real.js";

const concurrentPredictions = 12;
/** Prefix of files to which every outcome and prediction is written as JSON. */
const recordTo = process.env.PULLGUARD_PARITY_RECORD;

async function predicted(
  lab: Lab,
  runtime: string,
  nodeFiles: Readonly<Record<string, string>>,
  compared: readonly Compared[],
): Promise<readonly Compared[]> {
  const predictions = createPredictions(lab, runtime, nodeFiles);
  try {
    return await mapConcurrently(compared, concurrentPredictions, async (one) => ({
      ...one,
      prediction: await predictions.predict(one.image, one.asked.credential, one.asked.level === "content"),
    }));
  } finally {
    await predictions.close();
  }
}

function record(place: number, runtime: string, compared: readonly Compared[]): void {
  if (recordTo === undefined) return;
  const cases = compared.map(({ asked, image, real, prediction }) => ({ ...asked, image, ...real, prediction }));
  writeFileSync(`${recordTo}-${place}.json`, `${JSON.stringify({ runtime, cases }, null, 1)}\n`);
}

function parity(setting: ParitySetting, place: number): void {
  describe(`parity with containerd on a node with ${setting.name}`, function () {
    // A pull or a check that hangs must not end the suite while others are still at work.
    this.timeout(600_000);
    let lab: Lab | undefined;
    let containerd: RealContainerd | undefined;
    const filesOf = (given: Lab) => ({ ...given.nodeFiles, [configPath]: setting.config ?? plainConfig });

    before(async function () {
      requireReal(this, whyNoContainerd());
      lab = await startLab(setting.lab);
      containerd = await startContainerd(lab, filesOf(lab));
    });
    after(async () => {
      await containerd?.stop();
      await lab?.stop();
    });

    it("denies nothing that it pulls and passes nothing that it does not", async () => {
      assert.ok(lab && containerd);
      const reality = await pullAll(containerd, lab, setting.cases);
      lab.reset();
      const all = await predicted(lab, containerd.version, filesOf(lab), reality);
      record(place, containerd.version, all);
      console.log(`\n${containerd.version}, ${all.length} pulls\n${renderComparison(all)}`);
      const ids = (some: readonly Compared[]): string[] => some.map((one) => one.asked.id);
      assert.deepEqual(ids(falseDenials(all)), [], "false denials");
      assert.deepEqual(ids(missedFailures(all)), [], "missed failures");
    });
  });
}

for (const [place, setting] of paritySettings().entries()) parity(setting, place);
