import assert from "node:assert/strict";
import type { Finding } from "../../src/findings/index.js";
import { createEngine } from "../support/engine.js";
import { type Lab, loadNodeTruth, type NodeTruthCase, standardLab, startLab } from "../support/lab/index.js";
import { recordedPodmanFiles } from "../support/podman-node.js";
import { assertDenied, recordedSecrets } from "./recorded.js";

const recorder = "podman-4.3.1";
/** What only the bytes of a layer show. */
const deep = new Set(["content-notgzip", "integrity-corrupt", "integrity-drip"]);

describe(`what ${recorder} did`, () => {
  let lab: Lab;

  before(async () => {
    lab = await startLab(standardLab("ephemeral"));
  });

  after(() => lab.stop());

  // CRI-O with the same library must not differ where the same was recorded.
  for (const runtime of ["podman://4.3.1", "cri-o://1.26.0"]) {
    describe(runtime, () => {
      const cases = loadNodeTruth().filter((one) => one.truth[recorder] !== undefined);
      for (const recorded of cases) {
        it(`${recorded.id}: ${recorded.image}`, async () => {
          const finding = await ask(lab, recorded, runtime);
          const shown = JSON.stringify(finding);
          switch (recorded.truth[recorder]?.outcome) {
            case "pulled":
              assert.equal(finding.verdict, "pullable", shown);
              return;
            case "pending":
              assert.equal(finding.verdict, "unknown", shown);
              return;
            default: {
              assertDenied(finding);
            }
          }
        });
      }
    });
  }
});

async function ask(lab: Lab, recorded: NodeTruthCase, runtime: string): Promise<Finding> {
  const engine = createEngine({
    lab,
    nodeFiles: recordedPodmanFiles(lab.caPem),
    runtime,
    platform: "linux/amd64",
    verify: deep.has(recorded.id),
    secrets: recordedSecrets(recorded),
  });
  try {
    return await engine.checkImage(lab.expand(recorded.image), {
      deadlineMs: recorded.truth[recorder]?.outcome === "pending" ? 500 : 10_000,
      spec: { imagePullSecrets: (recorded.podSecrets ?? []).map((name) => ({ name })) },
    });
  } finally {
    await engine.close();
  }
}
