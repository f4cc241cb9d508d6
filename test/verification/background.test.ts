import assert from "node:assert/strict";
import { systemClock } from "../../src/bin/system.js";
import { Redacted } from "../../src/core/index.js";
import type { RegistryCredential } from "../../src/credentials/index.js";
import { createPredictor, dialectFor, type PullOutcome, type PullQuestion } from "../../src/prediction/index.js";
import { createRegistryClient, type RegistryClient } from "../../src/registry/index.js";
import {
  type BackgroundVerifier,
  createBackgroundVerifier,
  createLayerVerifier,
  createRateLimit,
} from "../../src/verification/index.js";
import { registryHost } from "../support/builders.js";
import { type Lab, startLab } from "../support/lab/index.js";

const signal = new AbortController().signal;
const node = {
  dialect: dialectFor({ runtime: { name: "containerd", major: 1, minor: 7, patch: 13 }, settings: {} }),
  platform: { os: "linux", architecture: "amd64" },
};

function question(identity?: string): PullQuestion {
  const origin = { kind: "secret", namespace: "shop", name: "pull", key: "corrupt.test" } as const;
  const credential: RegistryCredential | undefined =
    identity === undefined ? undefined : { username: identity, password: new Redacted("x"), identity, origin };
  return {
    reference: { written: "corrupt.test/team/app:v1", domain: "corrupt.test", path: "team/app", tag: "v1" },
    credentials: [credential],
    hosts,
  };
}

const hosts = [registryHost("corrupt.test:5000", { scheme: "http" })];
const brief = (outcome: PullOutcome): string =>
  outcome.kind === "pulled"
    ? "pulled"
    : outcome.attempts.map((one) => (one.kind === "content" ? one.problem.kind : one.kind)).join();

describe("the verifier behind the webhook", () => {
  let lab: Lab;
  let client: RegistryClient;
  let verifier: BackgroundVerifier;
  let results: string[];

  before(async () => {
    const registries = [
      { host: "corrupt.test", port: 5000, transport: { kind: "http" }, behaviours: [{ kind: "flipped-layers" }] },
    ] as const;
    lab = await startLab({ ports: "ephemeral", registries });
  });
  after(() => lab.stop());

  function start(maxQueued = 10): void {
    results = [];
    client = createRegistryClient({
      clock: systemClock,
      systemCaPems: undefined,
      lookup: lab.lookup,
      connectTo: lab.connectTo,
      identityKey: "background",
      userAgent: "pullguard-test",
    });
    verifier = createBackgroundVerifier({
      predictor: createPredictor({ client, clock: systemClock, cacheBytes: 1_000_000, lingerMs: 0 }),
      client,
      clock: systemClock,
      verifier: createLayerVerifier({ clock: systemClock, rate: createRateLimit(systemClock, 0), maxRemembered: 100 }),
      maxQueued,
      atATime: 1,
      layerTimeoutMs: 10_000,
      onResult: (result) => results.push(result),
    });
  }
  afterEach(async () => {
    verifier.stop();
    await client.close();
  });

  it("lets the first admission pass and tells the next what it found", async () => {
    start();
    assert.equal(brief(await verifier.predictor.predict(question(), node, signal)), "pulled");
    await verifier.idle();
    assert.deepEqual(results, ["damaged"]);
    const recalled = verifier.predictor.recall(question(), node);
    assert.equal(recalled === undefined ? "" : brief(recalled), "blob-digest");
    assert.equal(brief(await verifier.predictor.predict(question(), node, signal)), "blob-digest");
  });

  it("keeps what one identity read from another", async () => {
    start();
    await verifier.predictor.predict(question("owner"), node, signal);
    await verifier.idle();
    assert.equal(brief(await verifier.predictor.predict(question("stranger"), node, signal)), "pulled");
  });

  it("drops what it has no room for", async () => {
    start(0);
    await verifier.predictor.predict(question(), node, signal);
    await verifier.idle();
    assert.deepEqual(results, ["dropped"]);
  });

  it("reads nothing after it was stopped", async () => {
    start();
    verifier.stop();
    assert.equal(brief(await verifier.predictor.predict(question(), node, signal)), "pulled");
    await verifier.idle();
    assert.deepEqual(results, []);
  });
});
