import assert from "node:assert/strict";
import { Redacted } from "../../src/core/index.js";
import type { PullSecret } from "../../src/credentials/index.js";
import type { Finding } from "../../src/findings/index.js";
import type { NodeState } from "../../src/node/index.js";
import { createEngine, type Engine } from "../support/engine.js";
import { type Lab, loadNodeTruth, type NodeTruthCase, standardLab, startLab } from "../support/lab/index.js";

/** Classes that later checks (layers) will decide; they are not compared yet. */
const notYet = new Set(["content", "integrity", "containers"]);
const runtimes = ["containerd-1.6.20", "containerd-1.7.13"] as const;
/** A registry that is out of order fails the recorded pull and may be up a minute later. */
const outages = new Set([
  "RegistryNameNotFound",
  "RegistryConnectionRefused",
  "RegistryUnavailable",
  "RegistryRateLimited",
  "TokenServerUnavailable",
]);

describe("what real nodes did", () => {
  let lab: Lab;

  before(async () => {
    lab = await startLab(standardLab("ephemeral"));
  });

  after(() => lab.stop());

  for (const runtime of runtimes) {
    describe(runtime, () => {
      for (const recorded of loadNodeTruth().filter(({ class: kind }) => !notYet.has(kind))) {
        it(`${recorded.id}: ${recorded.image}`, async () => {
          const engine = engineFor(lab, recorded, runtime);
          try {
            const finding = await engine.checkImage(lab.expand(recorded.image), {
              deadlineMs: recorded.truth[runtime]?.outcome === "pending" ? 500 : 10_000,
              spec: {
                imagePullSecrets: (recorded.podSecrets ?? []).map((name) => ({ name })),
                ...policyOf(recorded, lab),
              },
            });
            assertAgrees(finding, recorded, runtime);
          } finally {
            await engine.close();
          }
        });
      }
    });
  }
});

/** The recorded Pods had `Always` unless the case says otherwise. */
function policyOf({ image, imagePullPolicy }: NodeTruthCase, lab: Lab): object {
  return imagePullPolicy === undefined
    ? {}
    : { containers: [{ name: "app", image: lab.expand(image), imagePullPolicy }] };
}

function engineFor(lab: Lab, recorded: NodeTruthCase, runtime: (typeof runtimes)[number]): Engine {
  return createEngine({
    lab,
    nodeFiles: lab.nodeFiles,
    runtime: runtime.replace("-", "://"),
    platform: "linux/amd64",
    ...(recorded.class === "policy" ? { nodes: [nodeOf(recorded, lab)] } : {}),
    secrets: Object.entries(recorded.secrets ?? {}).map(([name, secret]) => pullSecret(name, secret)),
    serviceAccounts:
      recorded.saSecrets === undefined
        ? []
        : [{ namespace: "shop", name: "default", imagePullSecrets: recorded.saSecrets }],
  });
}

/** The node of the record held nothing but what a case puts there. */
function nodeOf({ alreadyOnNode, image }: NodeTruthCase, lab: Lab): NodeState {
  const images = alreadyOnNode === true ? [{ names: [lab.expand(image)], sizeBytes: 40_000 }] : [];
  return { name: "node", labels: {}, images, imagesAreComplete: true };
}

function pullSecret(
  name: string,
  secret: { readonly type: string; readonly data: Readonly<Record<string, string>> },
): PullSecret {
  const data = new Map(Object.entries(secret.data).map(([key, value]) => [key, new Redacted(value)]));
  return { namespace: "shop", name, type: secret.type, resourceVersion: "1", data };
}

function assertAgrees(finding: Finding, recorded: NodeTruthCase, runtime: (typeof runtimes)[number]): void {
  const truth = recorded.truth[runtime];
  const shown = JSON.stringify(finding);
  switch (truth?.outcome) {
    case "pulled":
      assert.equal(finding.verdict, "pullable", shown);
      return;
    case "present":
      assert.equal(finding.verdict, "skipped", shown);
      assert.equal(finding.cause, "ImageOnNode", shown);
      return;
    case "pending":
      assert.equal(finding.verdict, "unknown", shown);
      return;
    default: {
      const outage = finding.cause !== null && outages.has(finding.cause);
      assert.equal(finding.verdict, outage ? "unknown" : "unpullable", shown);
      assert.equal(finding.kubelet.reason, truth?.kubeletReason, shown);
    }
  }
}
