import assert from "node:assert/strict";
import type { Finding } from "../../src/findings/index.js";
import type { NodeState } from "../../src/node/index.js";
import { createEngine, type Engine, podOf } from "../support/engine.js";
import { type Lab, loadNodeTruth, type NodeTruthCase, standardLab, startLab } from "../support/lab/index.js";
import { assertDenied, recordedSecrets } from "./recorded.js";

/** What only whole layers show. */
const deep = new Set(["content-notgzip", "integrity-corrupt", "integrity-drip"]);
const runtimes = ["containerd-1.6.20", "containerd-1.7.13"] as const;
describe("what real nodes did", () => {
  let lab: Lab;

  before(async () => {
    lab = await startLab(standardLab("ephemeral"));
  });

  after(() => lab.stop());

  for (const runtime of runtimes) {
    describe(runtime, () => {
      for (const recorded of loadNodeTruth()) {
        it(`${recorded.id}: ${recorded.image}`, async () => {
          const engine = engineFor(lab, recorded, runtime);
          try {
            const finding = await worst(engine, lab, recorded, {
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

/** What is said of the Pod's first image that cannot be pulled: containers wait for the init containers before them. */
async function worst(
  engine: Engine,
  lab: Lab,
  { image, initImage }: NodeTruthCase,
  { spec, deadlineMs }: { readonly spec: object; readonly deadlineMs: number },
): Promise<Finding> {
  const init =
    initImage === undefined
      ? {}
      : { initContainers: [{ name: "init", image: lab.expand(initImage), imagePullPolicy: "Always" }] };
  const findings = await engine.checkObject(podOf(lab.expand(image), { ...init, ...spec }), deadlineMs);
  const finding = findings.find(({ verdict }) => verdict !== "pullable") ?? findings[0];
  if (finding === undefined) throw new Error(`no finding for ${image}`);
  return finding;
}

function engineFor(lab: Lab, recorded: NodeTruthCase, runtime: (typeof runtimes)[number]): Engine {
  return createEngine({
    lab,
    nodeFiles: lab.nodeFiles,
    runtime: runtime.replace("-", "://"),
    platform: "linux/amd64",
    ...(recorded.class === "policy" ? { nodes: [nodeOf(recorded, lab)] } : {}),
    verify: deep.has(recorded.id),
    secrets: recordedSecrets(recorded),
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
      assertDenied(finding);
      assert.equal(finding.kubelet.reason, truth?.kubeletReason, shown);
    }
  }
}
