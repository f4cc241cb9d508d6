import assert from "node:assert/strict";
import { inspect } from "node:util";
import {
  buildKeyring,
  inMemorySecretSource,
  parseNodeCredentials,
  parsePullSecret,
  pullSecretFromDockerConfig,
  pullSecretFromObject,
  selectPullSecrets,
} from "../../src/credentials/index.js";
import { base64, deps, dockerConfigSecret, keyringOf, password } from "./secrets.js";

const auth = base64(`robot:${password}`);
const text = JSON.stringify({
  auths: {
    "reg.io": { auth },
    "*.io": { username: "robot", password },
    [`https://robot:${password}@reg.io/foo`]: { auth },
    [`robot:${password}/x@reg.io?${password}#${password}`]: { auth },
    [`reg.io?token=${password}`]: { auth },
  },
});
const object = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "regcred", namespace: "shop" },
  type: "kubernetes.io/dockerconfigjson",
  data: { ".dockerconfigjson": base64(text) },
  stringData: { note: password },
};

/** Broken in one way each, always with the password in it. */
const brokenTexts = [
  text.slice(0, -3),
  `${password}`,
  `{"auths":"${password}"}`,
  `{"auths":{"reg.io":"${password}"}}`,
  `{"auths":{"reg.io":{"auth":"${password}"}}}`,
  `{"auths":{"https://robot:${password}@reg.io":{"auth":"%%"}}}`,
  `{"auths":{"reg.io":{"auth":"${base64(password)}"}}}`,
  `{"auths":{"reg.io":{"password":["${password}"]}}}`,
  `{"auths":{"reg.io":{"password":"${password}\n"}}}`,
];

function assertSilent(value: unknown): void {
  const shown = [JSON.stringify(value), inspect(value, { depth: 20, showHidden: true }), String(value)].join("\n");
  for (const secret of [password, auth, base64(password), base64(text)]) {
    assert.ok(!shown.includes(secret), "a credential is shown");
  }
}

async function values(): Promise<readonly { name: string; value: unknown }[]> {
  const secret = pullSecretFromObject(object);
  const source = inMemorySecretSource({ secrets: [secret], serviceAccounts: [], absent: { kind: "not-found" } });
  const request = {
    namespace: "shop",
    imagePullSecrets: ["regcred"],
    serviceAccountName: "",
    injectServiceAccount: false,
  };
  const selection = await selectPullSecrets({ ...deps, source }, request, new AbortController().signal);
  const node = parseNodeCredentials(() => text, { kubeletRoot: "/k", home: "/root" }, deps);
  assert.equal(selection.keyring.lookup("reg.io/x")[0]?.password.reveal(), password);
  assert.equal(node.keyring.lookup("reg.io/x")[0]?.password.reveal(), password);
  return [
    { name: "pullSecretFromObject", value: secret },
    { name: "pullSecretFromDockerConfig", value: pullSecretFromDockerConfig({ name: "regcred", text }) },
    { name: "parsePullSecret", value: parsePullSecret(secret) },
    { name: "a looked up Secret", value: await source.secret("shop", "regcred", new AbortController().signal) },
    { name: "inMemorySecretSource", value: source },
    { name: "selectPullSecrets", value: selection },
    { name: "lookup", value: selection.keyring.lookup("reg.io/x") },
    { name: "nearMisses", value: selection.keyring.nearMisses("other.test:5000/x") },
    { name: "versionDependent", value: selection.keyring.versionDependent("reg.io/x") },
    { name: "parseNodeCredentials", value: [node, node.keyring.lookup("reg.io/x")] },
    { name: "buildKeyring", value: buildKeyring([], deps) },
    { name: "keyring", value: keyringOf(dockerConfigSecret(text)) },
  ];
}

describe("secrecy of credentials", () => {
  it("shows no credential in any value, as JSON, inspected or as a string", async () => {
    for (const { value } of await values()) assertSilent(value);
  });

  for (const [at, broken] of brokenTexts.entries()) {
    it(`shows no credential in what is told of a broken text (${at + 1})`, () => {
      const parsed = parsePullSecret(dockerConfigSecret(broken));
      assert.equal(parsed.reading.kind, "malformed");
      assertSilent(parsed);
      assertSilent(parseNodeCredentials(() => broken, { kubeletRoot: "/k" }, deps));
    });
  }

  it("shows no credential in an error", () => {
    const attempts = [
      () => pullSecretFromObject({ ...object, data: { x: password } }),
      () => pullSecretFromObject({ ...object, data: password }),
      () => pullSecretFromObject({ ...object, stringData: { x: [password] } }),
      () => pullSecretFromObject({ ...object, kind: password }),
      () => pullSecretFromDockerConfig({ name: "regcred", text: password }),
    ];
    for (const attempt of attempts) {
      assert.throws(attempt, (error: Error) => {
        assertSilent(error);
        assertSilent(error.message);
        return true;
      });
    }
  });
});
