import assert from "node:assert/strict";
import {
  inMemorySecretSource,
  type PullSecretRequest,
  type SecretSource,
  selectPullSecrets,
} from "../../src/credentials/index.js";
import { deps, dockerConfigSecret, secretOf, secretWithUsers } from "./secrets.js";

const secrets = [
  secretWithUsers({ "reg.io": "pod" }, "of-pod"),
  secretWithUsers({ "reg.io": "account" }, "of-account"),
  dockerConfigSecret('{"auths":{"other.io":{"auth":"%%"}}}', "broken"),
  dockerConfigSecret('{"auths":[]}', "broken-too"),
  secretOf({ name: "opaque", data: {} }),
];
const serviceAccounts = [
  { namespace: "shop", name: "default", imagePullSecrets: ["of-account"] },
  { namespace: "shop", name: "builder", imagePullSecrets: [] },
];
const complete = inMemorySecretSource({ secrets, serviceAccounts, absent: { kind: "not-found" } });
const partial = inMemorySecretSource({
  secrets,
  serviceAccounts,
  absent: { kind: "unreadable", reason: "no cluster" },
});

function select(request: Partial<PullSecretRequest>, source: SecretSource = complete) {
  const whole = { namespace: "shop", imagePullSecrets: [], serviceAccountName: "default", injectServiceAccount: true };
  return selectPullSecrets({ ...deps, source }, { ...whole, ...request }, new AbortController().signal);
}

const cases: readonly {
  name: string;
  request: Partial<PullSecretRequest>;
  source?: SecretSource;
  want: {
    origin: string;
    readings: readonly string[];
    users: readonly string[];
    failing?: object;
    serviceAccount?: object;
  };
}[] = [
  {
    name: "a template's own list keeps the ServiceAccount's out",
    request: { imagePullSecrets: ["of-pod"] },
    want: { origin: "pod", readings: ["of-pod usable"], users: ["pod"] },
  },
  {
    name: "a template without a list takes the ServiceAccount's",
    request: {},
    want: { origin: "serviceAccount", readings: ["of-account usable"], users: ["account"] },
  },
  {
    name: "no name is the ServiceAccount called default",
    request: { serviceAccountName: "" },
    want: { origin: "serviceAccount", readings: ["of-account usable"], users: ["account"] },
  },
  {
    name: "a Pod that the API server completed has its list already",
    request: { injectServiceAccount: false },
    want: { origin: "pod", readings: [], users: [] },
  },
  {
    name: "an empty name keeps the ServiceAccount's list out and is skipped",
    request: { imagePullSecrets: [""] },
    want: { origin: "pod", readings: [], users: [] },
  },
  {
    name: "a ServiceAccount may list nothing",
    request: { serviceAccountName: "builder" },
    want: { origin: "serviceAccount", readings: [], users: [] },
  },
  {
    name: "a ServiceAccount that does not exist is told",
    request: { serviceAccountName: "ghost" },
    want: {
      origin: "serviceAccount",
      readings: [],
      users: [],
      serviceAccount: { name: "ghost", problem: "not-found" },
    },
  },
  {
    name: "a ServiceAccount that cannot be read is told with the reason",
    request: { serviceAccountName: "ghost" },
    source: partial,
    want: {
      origin: "serviceAccount",
      readings: [],
      users: [],
      serviceAccount: { name: "ghost", problem: "unreadable", reason: "no cluster" },
    },
  },
  {
    name: "missing and useless Secrets are skipped, the others count, in the order of the list",
    request: { imagePullSecrets: ["ghost", "opaque", "of-account", "of-pod", "of-account"] },
    want: {
      origin: "pod",
      readings: ["ghost not-found", "opaque ignored", "of-account usable", "of-pod usable"],
      users: ["account", "pod"],
    },
  },
  {
    name: "a Secret that cannot be read is not one that does not exist",
    request: { imagePullSecrets: ["ghost"] },
    source: partial,
    want: { origin: "pod", readings: ["ghost unreadable"], users: [] },
  },
  {
    name: "the first malformed Secret fails every pull",
    request: { imagePullSecrets: ["of-pod", "broken", "broken-too"] },
    want: {
      origin: "pod",
      readings: ["of-pod usable", "broken malformed", "broken-too malformed"],
      users: ["pod"],
      failing: { name: "broken", message: "illegal base64 data at input byte 0" },
    },
  },
  {
    name: "a Secret of the same name in another namespace does not count",
    request: { namespace: "other", imagePullSecrets: ["of-pod"] },
    want: { origin: "pod", readings: ["of-pod not-found"], users: [] },
  },
];

describe("selection of pull secrets", () => {
  for (const { name, request, source, want } of cases) {
    it(name, async () => {
      const { keyring, readings, ...rest } = await select(request, source);
      const users = keyring.lookup("reg.io/x").map(({ username }) => username);
      const told = readings.map((reading) => `${reading.name} ${reading.kind}`);
      assert.deepEqual({ ...rest, readings: told, users }, want);
    });
  }

  it("asks for all Secrets before the first has answered", async () => {
    const asked: string[] = [];
    let release = () => {};
    const all = new Promise<void>((resolve) => {
      release = resolve;
    });
    const source: SecretSource = {
      ...complete,
      secret: async (_, name) => {
        asked.push(name);
        if (asked.length === 3) release();
        await all;
        return { kind: "not-found" };
      },
    };
    await select({ imagePullSecrets: ["a", "b", "c"] }, source);
    assert.deepEqual(asked, ["a", "b", "c"]);
  });

  it("hands the signal on and its reason back", async () => {
    const stop = new Error("deadline");
    const source: SecretSource = {
      ...complete,
      secret: async (_namespace, _name, signal) => {
        signal.throwIfAborted();
        return { kind: "not-found" };
      },
    };
    const request = { namespace: "shop", imagePullSecrets: ["a"], serviceAccountName: "", injectServiceAccount: true };
    await assert.rejects(selectPullSecrets({ ...deps, source }, request, AbortSignal.abort(stop)), stop);
  });
});
