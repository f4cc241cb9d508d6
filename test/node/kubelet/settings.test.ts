import assert from "node:assert/strict";
import { nodeFilesFromMap, parseRuntime, seenNodeProfile } from "../../../src/node/index.js";
import { parseKubeletConfig } from "../../../src/node/kubelet/config-file.js";
import { readNodeKubelet } from "../../../src/node/kubelet/settings.js";

const head = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";

describe("a kubelet's configuration", () => {
  const table: readonly { readonly name: string; readonly given: string; readonly want: object | undefined }[] = [
    { name: "says nothing of pulls", given: `${head}cgroupDriver: systemd`, want: {} },
    {
      name: "says all there is to say",
      given: `${head}serializeImagePulls: false
maxParallelImagePulls: 5
registryPullQPS: 0
registryBurst: 20
runtimeRequestTimeout: 15m0s
imageGCHighThresholdPercent: 70
featureGates: { KubeletEnsureSecretPulledImages: true }`,
      want: {
        serializeImagePulls: false,
        maxParallelImagePulls: 5,
        registryPullQps: 0,
        registryBurst: 20,
        runtimeRequestTimeoutMs: 900_000,
        imageGcHighThresholdPercent: 70,
        featureGates: { KubeletEnsureSecretPulledImages: true },
      },
    },
    {
      name: "may be JSON",
      given: '{"kind":"KubeletConfiguration","registryBurst":1}',
      want: { registryBurst: 1 },
    },
    { name: "has the default for a timeout of nothing", given: `${head}runtimeRequestTimeout: 0s`, want: {} },
    { name: "is passed over where a value has the wrong type", given: `${head}registryBurst: many`, want: {} },
    { name: "is none of another kind", given: "kind: Pod", want: undefined },
    { name: "is none where it is no YAML", given: "kind: [", want: undefined },
    { name: "is none where it is empty", given: "", want: undefined },
  ];
  for (const { name, given, want } of table) it(name, () => assert.deepEqual(parseKubeletConfig(given), want));

  it("is the first that there is, and its drop-ins in order", () => {
    const files = {
      "/var/lib/kubelet/config.yaml": `${head}registryBurst: 1\nregistryPullQPS: 1\nfeatureGates: { A: true }`,
      "/etc/kubernetes/kubelet/config.json": '{"kind":"KubeletConfiguration","registryBurst":9}',
      "/etc/kubernetes/kubelet.conf.d/20-b.conf": `${head}registryBurst: 3`,
      "/etc/kubernetes/kubelet.conf.d/10-a.conf": `${head}registryBurst: 2\nfeatureGates: { B: false }`,
      "/etc/kubernetes/kubelet.conf.d/30-c.yaml": `${head}registryBurst: 4`,
    };
    const want = { registryBurst: 3, registryPullQps: 1, featureGates: { A: true, B: false } };
    assert.deepEqual(readNodeKubelet(nodeFilesFromMap(files)), want);
    const { "/var/lib/kubelet/config.yaml": _, ...others } = files;
    assert.deepEqual(readNodeKubelet(nodeFilesFromMap(others)).registryBurst, 3);
    assert.deepEqual(readNodeKubelet(nodeFilesFromMap({})), {});
  });

  it("is part of a node's profile", () => {
    const files = nodeFilesFromMap({ "/var/lib/kubelet/config.yaml": `${head}registryBurst: 1` });
    const runtime = parseRuntime("containerd://1.7.13");
    const profile = seenNodeProfile({ name: "n", files, runtime, identityKey: new Uint8Array(32) });
    assert.deepEqual(profile.kubelet, { registryBurst: 1 });
  });
});
