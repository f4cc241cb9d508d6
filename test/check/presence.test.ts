import assert from "node:assert/strict";
import type { KubeletSettings, NodeState } from "../../src/node/index.js";
import { createEngine } from "../support/engine.js";
import { type Lab, standardLab, startLab } from "../support/lab/index.js";

describe("images that nodes hold", () => {
  let lab: Lab;
  before(async () => {
    lab = await startLab(standardLab("ephemeral"));
  });
  after(() => lab.stop());

  const here = (name: string, image: string): NodeState => ({
    name,
    labels: {},
    images: [{ names: [image], sizeBytes: 1 }],
    imagesAreComplete: true,
  });
  const empty = (name: string): NodeState => ({ name, labels: {}, images: [], imagesAreComplete: true });
  const good = "ok.test/team/app:v1";
  const gone = "ok.test/team/app:gone";
  const secret = "basic.test/team/app:v1";
  const cases: {
    name: string;
    image: string;
    policy: string;
    nodes: (image: string) => readonly NodeState[];
    kubelet?: KubeletSettings;
    want: readonly [verdict: string, cause: string | null];
    message?: RegExp;
  }[] = [
    {
      name: "are skipped although their tag is gone",
      image: gone,
      policy: "IfNotPresent",
      nodes: (image) => [here("a", image)],
      want: ["skipped", "ImageOnNode"],
    },
    {
      name: "are asked for under Always all the same",
      image: gone,
      policy: "Always",
      nodes: (image) => [here("a", image)],
      want: ["unpullable", "TagNotFound"],
    },
    {
      name: "are pulled by the nodes that lack them",
      image: good,
      policy: "IfNotPresent",
      nodes: (image) => [here("a", image), empty("b")],
      want: ["pullable", null],
      message: /already on a, not on b/,
    },
    {
      name: "leave a failure to the nodes that lack them",
      image: gone,
      policy: "IfNotPresent",
      nodes: (image) => [here("a", image), empty("b")],
      want: ["unknown", "NodesDisagree"],
      message: /is on a, but must be pulled on b/,
    },
    {
      name: "are wanted in vain by Never where none has them",
      image: good,
      policy: "Never",
      nodes: () => [empty("a"), empty("b")],
      want: ["unpullable", "ImageNeverPulledAbsent"],
    },
    {
      name: "are perhaps wanted in vain by Never where only some have them",
      image: good,
      policy: "Never",
      nodes: (image) => [here("a", image), empty("b")],
      want: ["unknown", "NodesDisagree"],
    },
    {
      name: "are not judged for Never where lists may go on",
      image: good,
      policy: "Never",
      nodes: () => [{ ...empty("a"), imagesAreComplete: false }],
      want: ["skipped", "PullPolicyNever"],
    },
    {
      name: "are skipped without credentials before 1.35",
      image: secret,
      policy: "IfNotPresent",
      nodes: (image) => [here("a", image)],
      kubelet: { version: "1.34.2" },
      want: ["skipped", "ImageOnNode"],
    },
    {
      name: "may need credentials from 1.35 on",
      image: secret,
      policy: "IfNotPresent",
      nodes: (image) => [here("a", image)],
      kubelet: { version: "1.35.0" },
      want: ["unknown", "PresentImageNeedsProof"],
    },
    {
      name: "are fine from 1.35 on where a pull would succeed",
      image: good,
      policy: "IfNotPresent",
      nodes: (image) => [here("a", image)],
      kubelet: { version: "1.35.0" },
      want: ["pullable", null],
    },
  ];
  for (const { name, image, policy, nodes, kubelet, want, message } of cases) {
    it(name, async () => {
      const expanded = lab.expand(image);
      const engine = createEngine({
        lab,
        nodeFiles: lab.nodeFiles,
        runtime: "containerd://1.7.13",
        platform: "linux/amd64",
        nodes: nodes(expanded),
        ...(kubelet === undefined ? {} : { kubelet }),
      });
      try {
        const finding = await engine.checkImage(expanded, {
          spec: { containers: [{ name: "a", image: expanded, imagePullPolicy: policy }] },
        });
        assert.deepEqual([finding.verdict, finding.cause], want, JSON.stringify(finding));
        if (message !== undefined) assert.match(finding.message, message);
      } finally {
        await engine.close();
      }
    });
  }
});
