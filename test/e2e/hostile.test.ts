import assert from "node:assert/strict";
import { Redacted } from "../../src/core/index.js";
import type { PullSecret } from "../../src/credentials/index.js";
import { createEngine, type Engine } from "../support/engine.js";
import { type Behaviour, type Lab, labUser, type RegistrySpec, secure, startLab } from "../support/lab/index.js";

/** Registries that mean harm or have lost their mind, by what they do to whoever asks for a manifest. */
const hostile: Readonly<Record<string, { readonly behaviours: readonly Behaviour[]; readonly auth?: "bearer" }>> = {
  "headers without end": { behaviours: [{ kind: "endless-headers" }] },
  "a body without end": { behaviours: [{ kind: "endless-body" }] },
  "redirects in a loop": { behaviours: [{ kind: "redirect-loop" }] },
  "no answer at all": { behaviours: [{ kind: "hang" }] },
  "a TLS handshake without end": { behaviours: [{ kind: "hang-in-handshake" }] },
  "headers and then nothing": { behaviours: [{ kind: "hang-in-body" }, { kind: "no-digest-header" }] },
  "a connection that breaks off": { behaviours: [{ kind: "reset" }] },
  "a redirect to a host that asks for the password": {
    behaviours: [{ kind: "manifest-redirect", to: "https://thief.test" }],
    auth: "bearer",
  },
  "a token server in the clear on another host": {
    behaviours: [{ kind: "realm", url: "http://listener.test/token" }],
    auth: "bearer",
  },
};

const hosts = Object.keys(hostile).map((_, index) => `hostile${index}.test`);
const thief: RegistrySpec = secure("thief.test", [], "basic");
const listener: RegistrySpec = {
  host: "listener.test",
  port: 80,
  transport: { kind: "http" },
  behaviours: [{ kind: "token-answer", answer: "insist" }],
};

describe("a hostile registry", () => {
  let lab: Lab;
  let engine: Engine;

  before(async () => {
    const registries = Object.values(hostile).map(({ behaviours, auth }, index) =>
      secure(hosts[index] ?? "", behaviours, auth),
    );
    lab = await startLab({ ports: "ephemeral", registries: [...registries, thief, listener] });
    const entry = { username: labUser.username, password: labUser.password };
    const auths = Object.fromEntries([...hosts, "thief.test", "listener.test"].map((host) => [host, entry]));
    const secret: PullSecret = {
      namespace: "shop",
      name: "pull",
      type: "kubernetes.io/dockerconfigjson",
      resourceVersion: "1",
      data: new Map([[".dockerconfigjson", new Redacted(JSON.stringify({ auths }))]]),
    };
    engine = createEngine({
      lab,
      nodeFiles: lab.nodeFiles,
      runtime: "containerd://1.7.13",
      platform: "linux/amd64",
      secrets: [secret],
    });
  });

  after(async () => {
    await engine.close();
    await lab.stop();
  });

  for (const [index, name] of Object.keys(hostile).entries()) {
    it(`that sends ${name} is unknown by the deadline, and learns no password`, async () => {
      const finding = await engine.checkImage(`${hosts[index]}/team/app:v1`, {
        deadlineMs: 1000,
        spec: { imagePullSecrets: [{ name: "pull" }] },
      });
      assert.equal(finding.verdict, "unknown", JSON.stringify(finding));
      assert.doesNotMatch(JSON.stringify(finding), new RegExp(labUser.password));
      for (const host of ["thief.test", "listener.test"]) {
        for (const seen of lab.requestsOf(host)) assert.equal(seen.authorization, "none");
      }
    });
  }

  it("that is asked for two thousand tags at once leaves no image without an answer", async () => {
    const containers = Array.from({ length: 2000 }, (_, index) => ({
      name: `c${index}`,
      image: `${hosts[0]}/team/app:v${index}`,
    }));
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "many" }, spec: { containers } };
    const findings = await engine.checkObject(pod, 2000);
    assert.equal(findings.length, 2000);
    assert.ok(findings.every(({ verdict }) => verdict === "unknown"));
  });
});
