import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import type { Finding } from "../../src/findings/index.js";
import { repositoryOf } from "../support/damaged-image.js";
import { createEngine } from "../support/engine.js";
import { contentOf, type Lab, secure, startLab } from "../support/lab/index.js";
import {
  configPath,
  type PullResult,
  plainConfig,
  type RealContainerd,
  startContainerd,
  whyNoContainerd,
} from "../support/real/index.js";
import { type DamagedImage, damagedImages } from "./content-damage.js";
import { requireReal } from "./require-real.js";

/** `PULLGUARD_SEED` repeats a run. */
const seed = Number(process.env.PULLGUARD_SEED ?? randomInt(1_000_000));
const count = Number(process.env.PULLGUARD_PARITY_DAMAGES ?? 112);
const pullDeadlineMs = 30_000;

interface Answers {
  readonly damaged: DamagedImage;
  readonly real: PullResult;
  readonly verified: Finding;
  readonly checked: Finding;
}

function told({ damaged, real, verified, checked }: Answers): string {
  const runtime = real.outcome === "failed" ? `${real.code}: ${real.message}` : real.outcome;
  return `${damaged.name}\n    runtime: ${runtime}\n    verify:  ${verified.verdict} ${verified.cause ?? ""} ${verified.message}\n    check:   ${checked.verdict} ${checked.cause ?? ""}`;
}

describe("parity with containerd on damaged images", function () {
  this.timeout(600_000);
  let lab: Lab | undefined;
  let containerd: RealContainerd | undefined;
  const images = damagedImages(seed, count);

  before(async function () {
    requireReal(this, whyNoContainerd());
    const repositories = new Map(images.map(({ draft }, index) => [`damaged/n${index}`, repositoryOf(draft)]));
    lab = await startLab({
      ports: "real",
      registries: [{ ...secure("damage.test"), content: contentOf(repositories) }],
    });
    containerd = await startContainerd(lab, { ...lab.nodeFiles, [configPath]: plainConfig });
  });
  after(async () => {
    await containerd?.stop();
    await lab?.stop();
  });

  it(`verify says unpullable of exactly what it does not pull (seed ${seed}, ${count} damages)`, async () => {
    assert.ok(lab && containerd);
    const runtime = containerd.version.replace(" ", "://");
    const known = { lab, nodeFiles: lab.nodeFiles, runtime, platform: "linux/amd64" };
    const verify = createEngine({ ...known, verify: true });
    const check = createEngine(known);
    const all: Answers[] = [];
    try {
      for (const [index, damaged] of images.entries()) {
        const image = `damage.test/damaged/n${index}:v1`;
        const real = await containerd.cri.pull(image, undefined, pullDeadlineMs);
        if (real.outcome === "pulled") await containerd.cri.remove(real.imageId);
        const [verified, checked] = [await verify.checkImage(image), await check.checkImage(image)];
        all.push({ damaged, real, verified, checked });
      }
    } finally {
      await Promise.all([verify.close(), check.close()]);
    }
    const pulled = all.filter(({ real }) => real.outcome === "pulled");
    const wrong = all.filter(
      ({ real, verified }) => (real.outcome === "pulled") === (verified.verdict === "unpullable"),
    );
    const unsure = all.filter(({ verified }) => verified.verdict === "unknown");
    const denied = pulled.filter(({ checked }) => checked.verdict === "unpullable");
    const early = all.filter(({ checked }) => checked.verdict === "unpullable").length;
    console.log(
      `\n${containerd.version}, seed ${seed}: ${all.length} images, ${pulled.length} pulled, ${early} of ${all.length - pulled.length} failures found without reading layers, ${unsure.length} unknown`,
    );
    assert.deepEqual(wrong.map(told), [], "disagreements");
    assert.deepEqual(denied.map(told), [], "false denials of the check at admission");
    assert.deepEqual(unsure.map(told), [], "left unknown");
  });
});
