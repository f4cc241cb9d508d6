import assert from "node:assert/strict";
import { PullguardError } from "../../../src/core/index.js";
import { readKubeletSettings } from "../../../src/node/index.js";

describe("a KubeletConfiguration", () => {
  const cases = [
    {
      name: "is read as far as it decides about pulls",
      given: {
        kind: "KubeletConfiguration",
        serializeImagePulls: false,
        maxParallelImagePulls: 4,
        registryPullQPS: 20,
        registryBurst: 40,
        runtimeRequestTimeout: "10m0s",
        imageGCHighThresholdPercent: 90,
        featureGates: { KubeletEnsureSecretPulledImages: true },
        imagePullCredentialsVerificationPolicy: "AlwaysVerify",
        podCIDR: "",
      },
      want: {
        serializeImagePulls: false,
        maxParallelImagePulls: 4,
        registryPullQps: 20,
        registryBurst: 40,
        runtimeRequestTimeoutMs: 600_000,
        imageGcHighThresholdPercent: 90,
        featureGates: { KubeletEnsureSecretPulledImages: true },
        imagePullCredentialsVerificationPolicy: "AlwaysVerify",
      },
    },
    { name: "may leave everything out", given: {}, want: {} },
    {
      name: "takes null for nothing",
      given: { registryPullQPS: null, runtimeRequestTimeout: "0s" },
      want: {},
    },
  ];
  for (const { name, given, want } of cases) it(name, () => assert.deepEqual(readKubeletSettings(given), want));

  it("is refused with the field that is wrong", () => {
    assert.throws(
      () => readKubeletSettings({ registryPullQPS: "many" }),
      (error) =>
        error instanceof PullguardError && error.code === "NodeConfigInvalid" && /registryPullQPS/.test(error.message),
    );
  });
});
