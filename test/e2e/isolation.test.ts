import assert from "node:assert/strict";
import { Redacted } from "../../src/core/index.js";
import type { PullSecret } from "../../src/credentials/index.js";
import { createEngine, type Engine, podOf } from "../support/engine.js";
import { type Lab, labUser, secure, startLab } from "../support/lab/index.js";

const registries = ["basic", "bearer"] as const;

function login(namespace: string, password: string): PullSecret {
  const entry = { username: labUser.username, password };
  const auths = Object.fromEntries(registries.map((kind) => [`${kind}.test`, entry]));
  return {
    namespace,
    name: "login",
    type: "kubernetes.io/dockerconfigjson",
    resourceVersion: "1",
    data: new Map([[".dockerconfigjson", new Redacted(JSON.stringify({ auths }))]]),
  };
}

function podIn(namespace: string, image: string): object {
  return { ...podOf(image, { imagePullSecrets: [{ name: "login" }] }), metadata: { name: "web", namespace } };
}

describe("a namespace without the credential", () => {
  let lab: Lab;
  let engine: Engine;

  beforeEach(async () => {
    lab = await startLab({
      ports: "ephemeral",
      registries: registries.map((kind) => secure(`${kind}.test`, [], kind)),
    });
    engine = createEngine({
      lab,
      nodeFiles: lab.nodeFiles,
      runtime: "containerd://1.7.13",
      platform: "linux/amd64",
      secrets: [login("owner", labUser.password), login("guesser", "wrong")],
    });
  });

  afterEach(async () => {
    await engine.close();
    await lab.stop();
  });

  const causeOf = async (namespace: string, image: string) => {
    const [finding] = await engine.checkObject(podIn(namespace, image));
    return finding?.cause ?? finding?.verdict;
  };
  const wanted = { owner: "pullable", guesser: "CredentialsRejected", stranger: "PullSecretNotFound" } as const;

  for (const kind of registries) {
    const image = `${kind}.test/team/app:v1`;

    it(`gets nothing from another's success, one after the other (${kind})`, async () => {
      for (const namespace of ["owner", "stranger", "guesser", "owner"] as const) {
        assert.equal(await causeOf(namespace, image), wanted[namespace], namespace);
      }
    });

    it(`gets nothing from another's success, all at the same time (${kind})`, async () => {
      const namespaces = Array.from(
        { length: 60 },
        (_, index) => (["stranger", "owner", "guesser"] as const)[index % 3],
      );
      const causes = await Promise.all(namespaces.map((namespace = "owner") => causeOf(namespace, image)));
      assert.deepEqual(
        causes,
        namespaces.map((namespace = "owner") => wanted[namespace]),
      );
    });
  }
});
