import assert from "node:assert/strict";
import { Redacted } from "../../src/core/index.js";
import { parseGoJson } from "../../src/credentials/go-json.js";
import {
  buildKeyring,
  matchingProviders,
  parseCredentialProviderConfig,
  parsePullSecret,
  pullSecretFromObject,
  serviceAccountFromObject,
} from "../../src/credentials/index.js";
import { parseKubeletConfig } from "../../src/node/kubelet/config-file.js";
import { canary, type FuzzTarget, type Told } from "../target.js";
import { parseGoBase64Check } from "./go-base64-check.js";

const identityKey = new Uint8Array(32).fill(7);
const auth = Buffer.from(`robot:${canary}`).toString("base64");
const repositories = ["docker.io/library/nginx", "reg.io:5000/team/app", "a.b.example.com/x", "localhost/x"];

function readSecret(type: string, key: string) {
  return (input: string): Told => {
    const secret = {
      namespace: "shop",
      name: "pull",
      type,
      resourceVersion: "1",
      data: new Map([[key, new Redacted(input)]]),
    };
    const { reading, entries } = parsePullSecret(secret);
    const keyring = buildKeyring(
      [{ entries, origin: { kind: "secret", namespace: "shop", name: "pull" }, version: "1" }],
      {
        identityKey,
      },
    );
    const found = repositories.map((repository) => {
      keyring.versionDependent(repository);
      return `${keyring.lookup(repository).length} ${keyring.nearMisses(repository)[0]?.reason}`;
    });
    const kept = [...entries, ...keyring.lookup(repositories[0] ?? "")].map(({ password }) => password);
    assert.ok(!JSON.stringify(kept).includes(canary));
    const json = parseGoJson(input);
    if (json.kind === "value") assert.doesNotThrow(() => JSON.parse(input), "Go takes what JSON.parse refuses");
    const notes = reading.kind === "usable" ? (reading.notes ?? []).map(({ code }) => code) : [];
    const message = reading.kind === "malformed" ? reading.message : "";
    const shape = `${reading.kind} ${message.replace(/'.*'|\d+/g, "")} ${[...new Set(notes)]} ${found.join()}`;
    return { shape, said: [message] };
  };
}

/** `.dockerconfigjson` Secrets, as the kubelet reads them. */
export const dockerConfigJson: FuzzTarget = {
  name: "docker-config-json",
  format: "json",
  seeds: [
    `{"auths":{"reg.io:5000":{"auth":"${auth}"}}}`,
    `{"auths":{"https://index.docker.io/v1/":{"username":"robot","password":"${canary}","email":"a@b.c"}}}`,
    `{"AUTHS":{"*.example.com/x":{"auth":"${auth}","identitytoken":"${canary}"}},"credHelpers":{"x":"y"}}`,
    `{"auths":{"docker.io":{"auth":""},"[::1]:5000":{"auth":"${auth}\\n"},"a%3Fb":null},"HttpHeaders":{"X":"y"}}`,
    `{"auths":null,"credsStore":"x"}`,
  ],
  words: [
    '"auths":',
    '"auth":',
    `"${auth}"`,
    "reg.io",
    "*.",
    "[a-z]",
    "https://",
    ":5000",
    "/v1/",
    "{",
    "}",
    ",",
    "\\u0041",
  ],
  run: readSecret("kubernetes.io/dockerconfigjson", ".dockerconfigjson"),
};

/** `.dockercfg` Secrets. */
export const dockerCfg: FuzzTarget = {
  name: "dockercfg",
  format: "json",
  seeds: [
    `{"reg.io":{"auth":"${auth}"}}`,
    `{"auths":{"reg.io":{"username":"x","password":"${canary}"}}}`,
    "null",
    "{}",
  ],
  words: dockerConfigJson.words,
  run: readSecret("kubernetes.io/dockercfg", ".dockercfg"),
};

/** Secret and ServiceAccount objects of files and of the API server. */
export const secretObjects: FuzzTarget = {
  name: "secret-objects",
  weight: 20,
  format: "json",
  seeds: [
    `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a","namespace":"b"},"type":"x","data":{"k":"${auth}"}}`,
    `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"stringData":{"password":"${canary}"}}`,
    '{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"a"},"imagePullSecrets":[{"name":"x"}]}',
  ],
  words: ['"data":', '"metadata":', "null", "[]", "=="],
  run(input) {
    const value = parsed(input);
    const read = /ServiceAccount/.test(input) ? serviceAccountFromObject(value) : pullSecretFromObject(value);
    return { shape: `read ${Object.keys(read).length}` };
  },
};

/** Base64 as Go decodes it, against Node's own decoder. */
export const goBase64: FuzzTarget = {
  name: "go-base64",
  weight: 100,
  seeds: [auth, `${auth}\n`, "YQ==", "YQ", "YWI=", "YWJj", "", "=", "!!!!"],
  words: ["=", "==", "\n", "\r", "YQ", "+/", "-_", " "],
  run: parseGoBase64Check,
};

/** The kubelet's credential providers and its own configuration, both YAML. */
export const kubeletYaml: FuzzTarget = {
  name: "kubelet-yaml",
  // Each fault of a text costs the library some 50 microseconds.
  longest: 1500,
  seeds: [
    "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n- name: ecr\n  matchImages: ['*.dkr.ecr.*.amazonaws.com']\n  env: [{name: X, value: y}]\n",
    '{"apiVersion":"kubelet.config.k8s.io/v1","kind":"CredentialProviderConfig","providers":[{"name":"a","matchImages":["*"]}]}',
    "kind: KubeletConfiguration\nserializeImagePulls: false\nmaxParallelImagePulls: 3\nruntimeRequestTimeout: 2m\nfeatureGates: {A: true}\n",
    "a: &a [x]\nb: *a\nc: [*a, *a]\n<<: {d: e}\n",
  ],
  words: [
    "&a ",
    "*a",
    "<<: ",
    "- ",
    ": ",
    "---\n",
    "!!binary ",
    "!!js/function ",
    "|\n",
    ">-\n",
    "? ",
    "{",
    "}",
    "[",
    "]",
    "providers",
    "kind",
  ],
  run(input) {
    const reading = parseCredentialProviderConfig(input);
    // A text with a thousand faults takes a while, and twice as long for both.
    const settings = /KubeletConfiguration/.test(input) ? parseKubeletConfig(input) : undefined;
    const matched =
      reading.kind === "providers" ? repositories.map((each) => matchingProviders(reading.providers, each).length) : [];
    const said = reading.kind === "invalid" ? [reading.message] : [];
    return { shape: `${reading.kind} ${matched} ${settings === undefined ? "" : Object.keys(settings)}`, said };
  },
};

function parsed(input: string): unknown {
  try {
    return JSON.parse(input);
  } catch {
    return input;
  }
}
