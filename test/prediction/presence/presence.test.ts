import assert from "node:assert/strict";
import type { KubeletSettings, NodeState } from "../../../src/node/index.js";
import { createPresenceIndex, credentialProof } from "../../../src/prediction/index.js";
import { parseReference } from "../../../src/reference/index.js";

const digest = `sha256:${"a".repeat(64)}`;
const otherDigest = `sha256:${"b".repeat(64)}`;

function reference(image: string) {
  const parsed = parseReference(image, "current");
  assert.equal(parsed.kind, "reference");
  return parsed.reference;
}

function node(names: readonly string[], imagesAreComplete = true): NodeState {
  return { name: "a", labels: {}, images: [{ names, sizeBytes: 1 }], imagesAreComplete };
}

describe("a node whose images change", () => {
  it("is looked at anew, though it is the same object", () => {
    const lists = [[], [{ names: ["reg.test/a:v1"], sizeBytes: 1 }]];
    let now = 0;
    const watched: NodeState = {
      ...{ name: "a", labels: {}, imagesAreComplete: true },
      get images() {
        return lists[now] ?? [];
      },
    };
    const index = createPresenceIndex();
    const on = () =>
      index.presenceOn([watched], { reference: reference("reg.test/a:v1"), resolvesShortNames: false }).on;
    assert.deepEqual(on(), []);
    now = 1;
    assert.deepEqual(on(), ["a"]);
  });
});

describe("an image is on a node", () => {
  const cases: {
    name: string;
    image: string;
    names: readonly string[];
    complete?: boolean;
    short?: boolean;
    want: string;
  }[] = [
    { name: "by repository and tag", image: "reg.test/a:v1", names: ["reg.test/a:v1"], want: "on" },
    {
      name: "whatever of Docker Hub's name is left out",
      image: "nginx",
      names: ["docker.io/library/nginx:latest"],
      want: "on",
    },
    { name: "as dockerd lists it", image: "docker.io/library/nginx:1.27", names: ["nginx:1.27"], want: "on" },
    { name: "not under another tag", image: "reg.test/a:v2", names: ["reg.test/a:v1"], want: "missing" },
    { name: "by digest", image: `reg.test/a@${digest}`, names: [`reg.test/a@${digest}`, "reg.test/a:v1"], want: "on" },
    {
      name: "by digest alone where a tag is written beside it",
      image: `reg.test/a:v9@${digest}`,
      names: [`reg.test/a@${digest}`],
      want: "on",
    },
    {
      name: "not by tag where a digest is written",
      image: `reg.test/a:v1@${otherDigest}`,
      names: ["reg.test/a:v1", `reg.test/a@${digest}`],
      want: "missing",
    },
    {
      name: "not under another repository's digest",
      image: `reg.test/b@${digest}`,
      names: [`reg.test/a@${digest}`],
      want: "missing",
    },
    { name: "by its id", image: digest, names: ["reg.test/a:v1", digest], want: "on" },
    {
      name: "perhaps, where the list may go on",
      image: "reg.test/a:v1",
      names: ["reg.test/b:v1"],
      complete: false,
      want: "unsure",
    },
    {
      name: "perhaps, where an image's names may be cut at five",
      image: "reg.test/a:v6",
      names: ["1", "2", "3", "4", "5"].map((tag) => `reg.test/a:v${tag}`),
      want: "unsure",
    },
    {
      name: "not, where an image shows six names",
      image: "reg.test/a:v7",
      names: ["1", "2", "3", "4", "5", "6"].map((tag) => `reg.test/a:v${tag}`),
      want: "missing",
    },
    {
      name: "perhaps, where the runtime searches registries for a short name",
      image: "nginx:1",
      names: ["quay.io/nginx:1"],
      short: true,
      want: "unsure",
    },
    {
      name: "not, where the name has a registry",
      image: "quay.io/nginx:2",
      names: ["quay.io/nginx:1"],
      short: true,
      want: "missing",
    },
    {
      name: "passing over names that are none",
      image: "reg.test/a:v1",
      names: ["<none>@<none>", "reg.test/a:v1"],
      want: "on",
    },
  ];
  for (const { name, image, names, complete, short = false, want } of cases) {
    it(name, () => {
      const asked = { reference: reference(image), resolvesShortNames: short };
      const found = createPresenceIndex().presenceOn([node(names, complete)], asked);
      assert.deepEqual(
        { on: found.on.length, missing: found.missing.length, unsure: found.unsure.length },
        {
          on: want === "on" ? 1 : 0,
          missing: want === "missing" ? 1 : 0,
          unsure: want === "unsure" ? 1 : 0,
        },
      );
    });
  }
});

describe("proof of credentials for an image that is there", () => {
  const cases: { name: string; given: KubeletSettings; want: "not-wanted" | "may-be-wanted" }[] = [
    { name: "is not wanted up to 1.34", given: { version: "1.34.9" }, want: "not-wanted" },
    { name: "may be wanted from 1.35", given: { version: "v1.35.0+k3s1" }, want: "may-be-wanted" },
    { name: "is not taken for wanted where nobody told the version", given: {}, want: "not-wanted" },
    {
      name: "may be wanted where the gate is on",
      given: { version: "1.33.0", featureGates: { KubeletEnsureSecretPulledImages: true } },
      want: "may-be-wanted",
    },
    {
      name: "is not wanted where the gate is off",
      given: { version: "1.36.2", featureGates: { KubeletEnsureSecretPulledImages: false } },
      want: "not-wanted",
    },
    {
      name: "is not wanted under NeverVerify",
      given: { version: "1.36.2", imagePullCredentialsVerificationPolicy: "NeverVerify" },
      want: "not-wanted",
    },
    {
      name: "may be wanted under AlwaysVerify",
      given: { version: "1.36.2", imagePullCredentialsVerificationPolicy: "AlwaysVerify" },
      want: "may-be-wanted",
    },
    ...(
      [
        ["reg.test/team/*", "not-wanted"],
        ["reg.test/team/app", "not-wanted"],
        ["reg.test/team/ap", "may-be-wanted"],
        ["reg.test/te/*", "may-be-wanted"],
      ] as const
    ).map(([pattern, want]) => ({
      name: `is ${want === "not-wanted" ? "not wanted" : "perhaps wanted"} under an allowlist of ${pattern}`,
      given: {
        version: "1.36.2",
        imagePullCredentialsVerificationPolicy: "NeverVerifyAllowlistedImages" as const,
        preloadedImagesVerificationAllowlist: [pattern],
      },
      want,
    })),
  ];
  for (const { name, given, want } of cases) {
    it(name, () => assert.equal(credentialProof(given, reference("reg.test/team/app:v1")), want));
  }
});
