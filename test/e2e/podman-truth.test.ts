import assert from "node:assert/strict";
import { Redacted } from "../../src/core/index.js";
import type { PullSecret } from "../../src/credentials/index.js";
import type { Finding } from "../../src/findings/index.js";
import { createEngine } from "../support/engine.js";
import { type Lab, loadNodeTruth, type NodeTruthCase, standardLab, startLab } from "../support/lab/index.js";
import { recordedPodmanFiles } from "../support/podman-node.js";

const recorder = "podman-4.3.1";
/** Only reading layers shows what is wrong with these. */
const layersOnly = new Set([
  "content-notgzip",
  "content-nolayer",
  "integrity-corrupt",
  "integrity-missblob",
  "integrity-drip",
]);
/** A registry that is out of order fails the recorded pull and may be up a minute later. */
const outages = new Set([
  "RegistryNameNotFound",
  "RegistryConnectionRefused",
  "RegistryUnavailable",
  "RegistryRateLimited",
  "TokenServerUnavailable",
]);

describe(`what ${recorder} did`, () => {
  let lab: Lab;

  before(async () => {
    lab = await startLab(standardLab("ephemeral"));
  });

  after(() => lab.stop());

  // CRI-O with the same library must not differ where the same was recorded.
  for (const runtime of ["podman://4.3.1", "cri-o://1.26.0"]) {
    describe(runtime, () => {
      const cases = loadNodeTruth().filter((one) => one.truth[recorder] !== undefined && !layersOnly.has(one.id));
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
              const outage = finding.cause !== null && outages.has(finding.cause);
              assert.equal(finding.verdict, outage ? "unknown" : "unpullable", shown);
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
    secrets: Object.entries(recorded.secrets ?? {}).map(([name, { type, data }]) => pullSecret(name, type, data)),
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

function pullSecret(name: string, type: string, data: Readonly<Record<string, string>>): PullSecret {
  const redacted = Object.entries(data).map(([key, value]) => [key, new Redacted(value)] as const);
  return { namespace: "shop", name, type, resourceVersion: "1", data: new Map(redacted) };
}
