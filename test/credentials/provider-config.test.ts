import assert from "node:assert/strict";
import { matchingProviders, parseCredentialProviderConfig } from "../../src/credentials/index.js";
import { nodeFilesFromMap, parseRuntime, seenNodeProfile } from "../../src/node/index.js";
import { createEngine } from "../support/engine.js";
import { type Lab, secure, startLab } from "../support/lab/index.js";

const yaml = `
kind: CredentialProviderConfig
apiVersion: kubelet.config.k8s.io/v1
providers:
  - name: ecr-credential-provider
    apiVersion: credentialprovider.kubelet.k8s.io/v1
    matchImages: ["*.dkr.ecr.*.amazonaws.com", "reg.test:8443/team", "REG.test/x"]
    defaultCacheDuration: 12h0m0s
    env: [{ name: AWS_SECRET_ACCESS_KEY, value: s3cret-pass }]
  - name: everything-below-test
    matchImages: ["*.test"]
    tokenAttributes: { serviceAccountTokenAudience: x }
  - name: with-scheme
    matchImages: ["https://reg.test"]
`;

function providersOf(text: string) {
  const reading = parseCredentialProviderConfig(text);
  assert.equal(reading.kind, "providers", JSON.stringify(reading));
  return reading.kind === "providers" ? reading.providers : [];
}

describe("parseCredentialProviderConfig", () => {
  for (const version of ["v1", "v1beta1", "v1alpha1"]) {
    it(`reads ${version} as JSON`, () => {
      const apiVersion = `kubelet.config.k8s.io/${version}`;
      const provider = { name: "acr", matchImages: ["*.azurecr.io"], args: ["/etc/kubernetes/azure.json"] };
      const text = JSON.stringify({ kind: "CredentialProviderConfig", apiVersion, providers: [provider] });
      assert.deepEqual(providersOf(text), [{ name: "acr", matchImages: ["*.azurecr.io"] }]);
    });
  }

  const invalid = [
    { name: "an empty file", text: "" },
    { name: "text that is no YAML", text: "a: [s3cret-pass" },
    { name: "a repeated key", text: `${yaml}\nkind: CredentialProviderConfig` },
    { name: "another kind", text: yaml.replace("kind: CredentialProviderConfig", "kind: KubeletConfiguration") },
    { name: "another version", text: yaml.replace("kubelet.config.k8s.io/v1", "kubelet.config.k8s.io/v2") },
    { name: "a provider without name", text: yaml.replace("name: with-scheme", "nom: s3cret-pass") },
    { name: "patterns that are no list", text: yaml.replace('["*.test"]', "s3cret-pass") },
    { name: "aliases that unfold without end", text: `a: &a [x]\n${bomb(9)}` },
  ];
  for (const { name, text } of invalid) {
    it(`refuses ${name} without a word of its content`, () => {
      const reading = parseCredentialProviderConfig(text);
      assert.equal(reading.kind, "invalid");
      assert.doesNotMatch(JSON.stringify(reading), /s3cret/);
    });
  }
});

/** Ten times as many items at each level, by aliases. */
function bomb(levels: number): string {
  const names = "abcdefghij";
  const level = (at: number) => `${names[at]}: &${names[at]} [${`*${names[at - 1]},`.repeat(10)}]`;
  return Array.from({ length: levels }, (_, at) => level(at + 1)).join("\n");
}

describe("matchingProviders", () => {
  const cases = [
    { repository: "1234.dkr.ecr.eu-west-1.amazonaws.com/shop/web", want: ["ecr-credential-provider"] },
    { repository: "dkr.ecr.eu-west-1.amazonaws.com/shop/web", want: [] },
    { repository: "1234.dkr.ecr.eu-west-1.amazonaws.com:443/shop/web", want: [] },
    { repository: "reg.test:8443/team/app", want: ["ecr-credential-provider"] },
    { repository: "reg.test:8443/other/app", want: [] },
    { repository: "reg.test/x", want: ["everything-below-test"] },
    { repository: "REG.test/x", want: ["ecr-credential-provider", "everything-below-test"] },
    { repository: "a.reg.test/x", want: [] },
  ];
  for (const { repository, want } of cases) {
    it(`runs ${want.join(" and ") || "nothing"} for ${repository}`, () => {
      assert.deepEqual(matchingProviders(providersOf(yaml), repository), want);
    });
  }
});

describe("a node with credential providers", () => {
  const repository = "reg.test/team/app";
  const places = [
    "/etc/kubernetes/credential-provider-config.yaml",
    "/etc/kubernetes/credential-provider-config.json",
    "/etc/eks/image-credential-provider/config.json",
    "/etc/kubernetes/kubelet/credential-provider-config.yaml",
    "/etc/srv/kubernetes/cri_auth_config.yaml",
    "/var/lib/rancher/credentialprovider/config.yaml",
    "/etc/kubernetes/kubelet-credentialproviderconfig.yaml",
    "/var/lib/kubelet/credential-provider-config.yaml",
    "/etc/kubernetes/credential-providers/ecr-credential-provider.yaml",
  ];
  for (const place of places) {
    it(`is recognised by ${place}`, () => {
      const credentials = credentialsOf({ [place]: yaml });
      assert.equal(credentials.kind, "known");
      const providers = credentials.kind === "known" ? credentials.providersFor?.(repository) : undefined;
      assert.deepEqual(providers, ["everything-below-test"]);
    });
  }

  it("has no providers where there is no such file", () => {
    const credentials = credentialsOf({ "/etc/kubernetes/credential-providers/notes.txt": "a: b" });
    assert.deepEqual(Object.keys(credentials), ["kind", "lookup", "files"]);
  });

  it("has unknown credentials where such a file cannot be read or parsed", () => {
    const place = "/etc/eks/image-credential-provider/config.json";
    assert.deepEqual(credentialsOf({ [place]: "{" }), { kind: "unknown" });
    assert.deepEqual(credentialsOf({ [place]: { unreadable: "permission denied" } }), { kind: "unknown" });
  });

  function credentialsOf(files: Readonly<Record<string, string | { readonly unreadable: string }>>) {
    const runtime = parseRuntime("containerd://1.7.13");
    const node = { name: "node", files: nodeFilesFromMap(files), runtime, identityKey: Buffer.alloc(32, 7) };
    return seenNodeProfile(node).credentials;
  }

  describe("asking a registry that wants credentials", () => {
    let lab: Lab;
    before(async () => {
      lab = await startLab({ ports: "ephemeral", registries: [secure("reg.test", [], "basic")] });
    });
    after(() => lab.stop());

    async function check(matchImage: string) {
      const text = yaml.replace('"*.test"', JSON.stringify(matchImage));
      const nodeFiles = { ...lab.nodeFiles, "/etc/eks/image-credential-provider/config.json": text };
      const engine = createEngine({ lab, nodeFiles, runtime: "containerd://1.7.13", platform: "linux/amd64" });
      try {
        return await engine.checkImage("reg.test/team/app:v1");
      } finally {
        await engine.close();
      }
    }

    it("leaves open what a matching provider may bring, and names it", async () => {
      const finding = await check("*.test");
      assert.equal(finding.verdict, "unknown");
      assert.equal(finding.cause, "PullSecretMissing");
      assert.match(finding.message, /the nodes' credential provider everything-below-test may have credentials$/);
    });

    it("is certain where no provider matches", async () => {
      const finding = await check("other.test");
      assert.equal(finding.verdict, "unpullable");
      assert.doesNotMatch(finding.message, /provider/);
    });
  });
});
