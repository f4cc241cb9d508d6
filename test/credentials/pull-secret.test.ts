import assert from "node:assert/strict";
import { type PullSecret, parsePullSecret, type SecretReading } from "../../src/credentials/index.js";
import { base64, dockerConfigSecret, secretOf } from "./secrets.js";

type Outcome = readonly [key: string, username: string, password: string][];

function entriesOf(secret: PullSecret): Outcome {
  return parsePullSecret(secret).entries.map((entry) => [entry.key, entry.username, entry.password.reveal()]);
}

function withAuth(auth: string): PullSecret {
  return dockerConfigSecret(JSON.stringify({ auths: { "reg.io": { auth } } }));
}

function legacySecret(text: string): PullSecret {
  return secretOf({ type: "kubernetes.io/dockercfg", data: { ".dockercfg": text } });
}

const usable: readonly { name: string; given: PullSecret; want: Outcome }[] = [
  { name: "takes user and password from auth", given: withAuth(base64("u:p")), want: [["reg.io", "u", "p"]] },
  { name: "parts auth at its first colon", given: withAuth(base64("u:p:q")), want: [["reg.io", "u", "p:q"]] },
  { name: "takes auth without padding", given: withAuth("dTo6cA"), want: [["reg.io", "u", ":p"]] },
  { name: "takes auth with line breaks", given: withAuth("dTp\r\nw\n"), want: [["reg.io", "u", "p"]] },
  {
    name: "takes auth with a line break behind the padding",
    given: withAuth("dTo6cA==\n"),
    want: [["reg.io", "u", ":p"]],
  },
  { name: "takes an auth of a mere colon as no user", given: withAuth(base64(":")), want: [["reg.io", "", ""]] },
  {
    name: "takes user and password where auth is empty",
    given: dockerConfigSecret('{"auths":{"reg.io":{"username":"u","password":"p","auth":""}}}'),
    want: [["reg.io", "u", "p"]],
  },
  {
    name: "lets auth replace user and password",
    given: dockerConfigSecret(`{"auths":{"reg.io":{"username":"x","password":"y","auth":"${base64("u:p")}"}}}`),
    want: [["reg.io", "u", "p"]],
  },
  {
    name: "takes JSON keys in any case",
    given: dockerConfigSecret('{"AUTHS":{"Reg.io":{"UserName":"u","PASSWORD":"p"}}}'),
    want: [["Reg.io", "u", "p"]],
  },
  {
    name: "takes the long s that Go folds",
    given: dockerConfigSecret('{"auth\u017F":{"reg.io":{"u\u017Fername":"u"}}}'),
    want: [["reg.io", "u", ""]],
  },
  {
    name: "keeps an entry of null or without fields as one without user",
    given: dockerConfigSecret('{"auths":{"a":null,"b":{}}}'),
    want: [
      ["a", "", ""],
      ["b", "", ""],
    ],
  },
  {
    name: "adds a second auths to the first",
    given: dockerConfigSecret('{"auths":{"a":{"username":"1"},"b":{"username":"2"}},"auths":{"b":{"username":"3"}}}'),
    want: [
      ["a", "1", ""],
      ["b", "3", ""],
    ],
  },
  {
    name: "forgets the first auths at a null",
    given: dockerConfigSecret('{"auths":{"a":{"username":"1"}},"auths":null}'),
    want: [],
  },
  { name: "takes auths of null as none", given: dockerConfigSecret('{"auths":null}'), want: [] },
  { name: "takes an empty object as no entries", given: dockerConfigSecret("{}"), want: [] },
  { name: "takes null as no entries", given: dockerConfigSecret("null"), want: [] },
  {
    name: "reads a key that objects inherit",
    given: dockerConfigSecret('{"auths":{"__proto__":{"username":"u"}}}'),
    want: [["__proto__", "u", ""]],
  },
  {
    name: "reads the .dockercfg form",
    given: legacySecret('{"reg.io":{"auth":"dTpw"}}'),
    want: [["reg.io", "u", "p"]],
  },
  {
    name: "ignores fields it does not know, whatever they hold",
    given: dockerConfigSecret('{"auths":{},"x":[1],"credsStore":5}'),
    want: [],
  },
];

const needsColon = "unable to parse auth field, must be formatted as base64(username:password)";
const inAuths = "json: cannot unmarshal";

const malformed: readonly { name: string; given: PullSecret; message: string; key?: string }[] = [
  {
    name: "an auth that is no base64, although another entry is sound",
    given: dockerConfigSecret('{"auths":{"ok":{"auth":"dTpw"},"bad":{"auth":"%%"}}}'),
    message: "illegal base64 data at input byte 0",
    key: "bad",
  },
  { name: "an auth without a colon", given: withAuth(base64("user")), message: needsColon, key: "reg.io" },
  {
    name: "an auth with a space at the end",
    given: withAuth("dTpw "),
    message: "illegal base64 data at input byte 4",
    key: "reg.io",
  },
  {
    name: "an auth with spaces behind its padding",
    given: withAuth("dTo6cA== "),
    message: "illegal base64 data at input byte 8",
    key: "reg.io",
  },
  {
    name: "auths that are a string",
    given: dockerConfigSecret('{"auths":"nonsense"}'),
    message: `${inAuths} string into Go struct field DockerConfigJSON.auths of type credentialprovider.DockerConfig`,
  },
  {
    name: "auths that are an array",
    given: dockerConfigSecret('{"auths":[]}'),
    message: `${inAuths} array into Go struct field DockerConfigJSON.auths of type credentialprovider.DockerConfig`,
  },
  {
    name: "an entry that is a string",
    given: dockerConfigSecret('{"auths":{"r":"s"}}'),
    message: `${inAuths} string into Go struct field DockerConfigJSON.auths of type credentialprovider.dockerConfigEntryWithAuth`,
    key: "r",
  },
  {
    name: "an auth that is a number",
    given: dockerConfigSecret('{"auths":{"r":{"auth":1}}}'),
    message: `${inAuths} number into Go struct field DockerConfigJSON.auths of type string`,
    key: "r",
  },
  {
    name: "an e-mail address that is none",
    given: dockerConfigSecret('{"auths":{"r":{"email":true}}}'),
    message: `${inAuths} bool into Go struct field DockerConfigJSON.auths of type string`,
    key: "r",
  },
  {
    name: "a header that is a number",
    given: dockerConfigSecret('{"HttpHeaders":{"a":1}}'),
    message: `${inAuths} number into Go struct field DockerConfigJSON.HttpHeaders of type string`,
  },
  {
    name: "headers that are a list",
    given: dockerConfigSecret('{"httpheaders":[]}'),
    message: `${inAuths} array into Go struct field DockerConfigJSON.HttpHeaders of type map[string]string`,
  },
  {
    name: "a text that is an array",
    given: dockerConfigSecret("[]"),
    message: `${inAuths} array into Go value of type credentialprovider.DockerConfigJSON`,
  },
  {
    name: "a bad entry that a later one of the same key replaces",
    given: dockerConfigSecret('{"auths":{"r":{"auth":"%%"},"r":{}}}'),
    message: "illegal base64 data at input byte 0",
    key: "r",
  },
  {
    name: "an entry before headers of the wrong type that stand before it",
    given: dockerConfigSecret('{"HttpHeaders":1,"auths":{"r":{"auth":"%%"}}}'),
    message: "illegal base64 data at input byte 0",
    key: "r",
  },
  {
    name: "broken JSON",
    given: dockerConfigSecret('{"auths":{},}'),
    message: "invalid character '}' looking for beginning of object key string",
  },
  { name: "a space", given: dockerConfigSecret(" "), message: "unexpected end of JSON input" },
  {
    name: "a .dockercfg that is a string",
    given: legacySecret('"x"'),
    message: `${inAuths} string into Go value of type credentialprovider.DockerConfig`,
  },
  {
    name: "a .dockercfg entry that is an array",
    given: legacySecret('{"r":[]}'),
    message: `${inAuths} array into Go value of type credentialprovider.dockerConfigEntryWithAuth`,
    key: "r",
  },
  {
    name: "a .dockercfg user that is a number",
    given: legacySecret('{"r":{"username":1}}'),
    message: `${inAuths} number into Go struct field dockerConfigEntryWithAuth.username of type string`,
    key: "r",
  },
];

const ignored: readonly { name: string; given: PullSecret; want: SecretReading }[] = [
  {
    name: "a type that holds no registry credentials",
    given: secretOf({ type: "Opaque", data: { ".dockerconfigjson": '{"auths":{}}' } }),
    want: { kind: "ignored", name: "regcred", reason: "wrong-type", type: "Opaque" },
  },
  {
    name: "the other form's key",
    given: secretOf({ type: "kubernetes.io/dockerconfigjson", data: { ".dockercfg": "{}" } }),
    want: { kind: "ignored", name: "regcred", reason: "missing-key", type: "kubernetes.io/dockerconfigjson" },
  },
  {
    name: "an empty value",
    given: legacySecret(""),
    want: { kind: "ignored", name: "regcred", reason: "empty", type: "kubernetes.io/dockercfg" },
  },
];

const keyShown: readonly { name: string; key: string; want: string }[] = [
  { name: "as written", key: "https://reg.io/v1/", want: "https://reg.io/v1/" },
  { name: "without its user and password", key: "https://me:pw@reg.io/v1/", want: "https://[redacted]@reg.io/v1/" },
  { name: "without user and password that no URL may hold", key: "me:p/w@x@reg.io", want: "[redacted]@reg.io" },
  { name: "without its query", key: "reg.io/foo?token=t#f", want: "reg.io/foo?[redacted]" },
];

const noted: readonly { name: string; given: PullSecret; want: readonly object[] }[] = [
  {
    name: "credHelpers",
    given: dockerConfigSecret('{"auths":{},"credHelpers":{"a":"ecr-login"}}'),
    want: [{ code: "CredentialHelpersIgnored" }],
  },
  {
    name: "credsStore",
    given: dockerConfigSecret('{"auths":{},"credsStore":"desktop"}'),
    want: [{ code: "CredentialHelpersIgnored" }],
  },
  { name: "nothing for an empty credsStore", given: dockerConfigSecret('{"auths":{},"credsStore":""}'), want: [] },
  {
    name: "a config without auths",
    given: dockerConfigSecret('{"reg.io":{"auth":"dTpw"}}'),
    want: [{ code: "AuthsMissing" }],
  },
  {
    name: "an identity token, which leaves the entry without user",
    given: dockerConfigSecret('{"auths":{"r":{"identitytoken":"t"}}}'),
    want: [
      { code: "TokenIgnored", key: "r" },
      { code: "AnonymousEntry", key: "r" },
    ],
  },
  {
    name: "a registry token beside a user",
    given: dockerConfigSecret('{"auths":{"r":{"auth":"dTpw","registrytoken":"t"}}}'),
    want: [{ code: "TokenIgnored", key: "r" }],
  },
  {
    name: "auth that says something else than user and password",
    given: dockerConfigSecret('{"auths":{"r":{"auth":"dTpw","username":"v"}}}'),
    want: [{ code: "AuthOverridesUser", key: "r" }],
  },
  {
    name: "nothing for auth that says the same",
    given: dockerConfigSecret('{"auths":{"r":{"auth":"dTpw","username":"u","password":"p"}}}'),
    want: [],
  },
  {
    name: "auth that is no UTF-8",
    given: withAuth(Buffer.from([0x75, 0x3a, 0xe9]).toString("base64")),
    want: [{ code: "AuthNotUtf8", key: "reg.io" }],
  },
  {
    name: "a key that the kubelet skips",
    given: dockerConfigSecret('{"auths":{"reg.io ":{"auth":"dTpw"}}}'),
    want: [{ code: "KeyUnusable", key: "reg.io " }],
  },
  {
    name: "a key that comes apart when read again",
    given: dockerConfigSecret('{"auths":{"reg.io/%25x":{"auth":"dTpw"}}}'),
    want: [{ code: "KeyUnusable", key: "reg.io/%25x" }],
  },
  {
    name: "a key that only older kubelets take",
    given: dockerConfigSecret('{"auths":{"reg[12].io":{"auth":"dTpw"}}}'),
    want: [{ code: "KeyDependsOnVersion", key: "reg[12].io" }],
  },
  {
    name: "a config.json in a .dockercfg",
    given: legacySecret('{"auths":{"r":{"auth":"dTpw"}}}'),
    want: [
      { code: "NestedAuths", key: "auths" },
      { code: "AnonymousEntry", key: "auths" },
    ],
  },
];

describe("pull secret", () => {
  for (const { name, given, want } of usable) {
    it(name, () => {
      assert.deepEqual(entriesOf(given), want);
      const { reading } = parsePullSecret(given);
      assert.deepEqual(
        reading.kind === "usable" ? reading.keys : reading,
        want.map(([key]) => key),
      );
    });
  }

  for (const { name, given, message, key } of malformed) {
    it(`fails as a whole for ${name}`, () => {
      const want = { kind: "malformed", name: "regcred", message, ...(key === undefined ? {} : { key }) };
      assert.deepEqual(parsePullSecret(given), { reading: want, entries: [] });
    });
  }

  for (const { name, given, want } of ignored) {
    it(`is ignored for ${name}`, () => assert.deepEqual(parsePullSecret(given), { reading: want, entries: [] }));
  }

  for (const { name, key, want } of keyShown) {
    it(`shows a key ${name}`, () => {
      const { reading } = parsePullSecret(dockerConfigSecret(JSON.stringify({ auths: { [key]: {} } })));
      assert.deepEqual(reading.kind === "usable" ? reading.keys : reading, [want]);
    });
  }

  for (const { name, given, want } of noted) {
    it(`notes ${name}`, () => {
      const { reading } = parsePullSecret(given);
      assert.deepEqual(reading.kind === "usable" ? reading.notes : reading, want);
    });
  }
});
