import assert from "node:assert/strict";
import { PullguardError } from "../../src/core/index.js";
import {
  inMemorySecretSource,
  parsePullSecret,
  pullSecretFromDockerConfig,
  pullSecretFromObject,
  serviceAccountFromObject,
} from "../../src/credentials/index.js";
import { base64, entryOf, password, secretOf } from "./secrets.js";

const metadata = { name: "regcred", namespace: "shop", resourceVersion: "42" };
const reveal = (secret: ReturnType<typeof pullSecretFromObject>) =>
  [...secret.data].map(([key, value]) => [key, value.reveal()]);

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof PullguardError);
    assert.equal(error.code, "InputInvalid");
    return error.message;
  }
  return assert.fail("nothing was thrown");
}

describe("Secret object", () => {
  it("gives its type, version and decoded values", () => {
    const object = { apiVersion: "v1", kind: "Secret", metadata, type: "a/b", data: { x: base64("1\n") } };
    const { data, ...rest } = pullSecretFromObject(object);
    assert.deepEqual(rest, { namespace: "shop", name: "regcred", type: "a/b", resourceVersion: "42" });
    assert.deepEqual(
      [...data].map(([key, value]) => [key, value.reveal()]),
      [["x", "1\n"]],
    );
  });

  it("lets stringData replace data", () => {
    const object = { metadata, data: { x: base64("1"), y: base64("2") }, stringData: { y: "3", z: "4" } };
    assert.deepEqual(reveal(pullSecretFromObject(object)), [
      ["x", "1"],
      ["y", "3"],
      ["z", "4"],
    ]);
  });

  it("is Opaque where no type is written", () => {
    assert.equal(pullSecretFromObject({ metadata }).type, "Opaque");
    assert.equal(pullSecretFromObject({ metadata, type: "" }).type, "Opaque");
  });

  it("takes values folded over several lines", () => {
    assert.deepEqual(reveal(pullSecretFromObject({ metadata, data: { x: "dT\npw\n" } })), [["x", "u:p"]]);
  });

  it("may come with nulls, without namespace and with fields of no interest", () => {
    const object = {
      metadata: { name: "a", creationTimestamp: new Date(0) },
      data: { x: null },
      stringData: null,
      immutable: true,
    };
    const secret = pullSecretFromObject(object);
    assert.deepEqual([secret.namespace, secret.resourceVersion, reveal(secret)], ["", "", [["x", ""]]]);
  });

  const broken = [
    {
      name: "another kind",
      given: { kind: "ConfigMap", metadata },
      want: "not a v1 Secret: wrong type or value at kind",
    },
    { name: "no name", given: { metadata: {} }, want: "not a v1 Secret: wrong type or value at metadata.name" },
    { name: "no object", given: password, want: "not a v1 Secret: wrong type or value at the object" },
    {
      name: "a value that is no string",
      given: { metadata, stringData: { x: { y: password } } },
      want: "not a v1 Secret: wrong type or value at stringData.x",
    },
    {
      name: "a value that is not base64",
      given: { metadata, data: { x: password } },
      want: 'the Secret\'s data["x"] is not base64: illegal base64 data at input byte 9',
    },
  ];
  for (const { name, given, want } of broken) {
    it(`is refused for ${name}, without its content`, () =>
      assert.equal(
        refusal(() => pullSecretFromObject(given)),
        want,
      ));
  }
});

describe("docker config file", () => {
  it("becomes the Secret that kubectl would make of it", () => {
    const text = `{"auths":{"reg.io":${entryOf("u")}}}`;
    const secret = pullSecretFromDockerConfig({ name: "regcred", text, namespace: "shop" });
    assert.deepEqual(
      [secret.namespace, secret.name, secret.type],
      ["shop", "regcred", "kubernetes.io/dockerconfigjson"],
    );
    assert.deepEqual(
      parsePullSecret(secret).entries.map(({ username }) => username),
      ["u"],
    );
  });

  const broken = [
    { name: "no JSON", text: "{", want: "the docker config is not JSON: unexpected end of JSON input" },
    { name: "no object", text: `"${password}"`, want: "the docker config is a JSON string, not an object" },
  ];
  for (const { name, text, want } of broken) {
    it(`is refused where it is ${name}`, () => {
      assert.equal(
        refusal(() => pullSecretFromDockerConfig({ name: "regcred", text })),
        want,
      );
    });
  }
});

describe("ServiceAccount object", () => {
  it("gives its Secret names in order and keeps empty ones", () => {
    const object = { metadata, imagePullSecrets: [{ name: "b" }, {}, { name: "a" }], secrets: [{ name: "token" }] };
    const want = { namespace: "shop", name: "regcred", imagePullSecrets: ["b", "", "a"] };
    assert.deepEqual(serviceAccountFromObject(object), want);
  });

  it("is refused where its list is none", () => {
    const given = { metadata, imagePullSecrets: "regcred" };
    assert.equal(
      refusal(() => serviceAccountFromObject(given)),
      "not a v1 ServiceAccount: wrong type or value at imagePullSecrets",
    );
  });
});

describe("secrets at hand", () => {
  const signal = new AbortController().signal;
  const older = secretOf({ type: "older", data: {} });
  const newer = secretOf({ type: "newer", data: {} });
  const source = inMemorySecretSource({ secrets: [older, newer], serviceAccounts: [], absent: { kind: "not-found" } });

  it("answer with the later of two of one name", async () => {
    assert.deepEqual(await source.secret("shop", "regcred", signal), { kind: "found", secret: newer });
  });

  it("answer for the rest as told", async () => {
    assert.deepEqual(await source.secret("shop", "other", signal), { kind: "not-found" });
    assert.deepEqual(await source.serviceAccount("shop", "default", signal), { kind: "not-found" });
  });
});
