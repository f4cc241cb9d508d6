import assert from "node:assert/strict";
import { parseRuntime } from "../../src/node/index.js";
import { createPredictor, dialectFor } from "../../src/prediction/index.js";
import { createRateLimits } from "../../src/registry/index.js";
import { fakeClock, registryHost, registryResponse } from "../support/builders.js";
import { scriptedSession } from "../support/scripted-session.js";

const digest = `sha256:${"a".repeat(64)}`;
const head = registryResponse({ digestHeader: digest, contentLength: 500 });
const reference = { written: "reg.test/a:v1", domain: "reg.test", path: "a", tag: "v1" };

async function askedWith(remaining: number, identity = "anonymous") {
  const clock = fakeClock();
  const rateLimits = createRateLimits(clock);
  rateLimits.note({ registry: "reg.test", identity, reading: { remaining, limit: 100 } });
  const session = scriptedSession({ "HEAD reg.test manifests/v1": head });
  const client = { session: () => session, close: async () => {} };
  const predictor = createPredictor({ client, clock, maxCachedOutcomes: 10, lingerMs: 0, rateLimits });
  const dialect = dialectFor({ runtime: parseRuntime("containerd://2.2.7"), settings: {} });
  const question = { reference, credentials: [undefined], hosts: [registryHost("reg.test")] };
  const outcome = await predictor.predict(question, { dialect, platform: undefined }, AbortSignal.timeout(5000));
  return { outcome, asked: session.asked };
}

describe("a registry that has few pulls left", () => {
  it("is asked by HEAD only, and the answer says so", async () => {
    const { outcome, asked } = await askedWith(3);
    assert.deepEqual(asked, ["HEAD reg.test manifests/v1"]);
    assert.equal(outcome.kind === "pulled" && outcome.attempt.unread, "rate-limit");
    assert.equal(outcome.kind === "pulled" && outcome.attempt.digest, digest);
  });

  it("is asked for the manifest while enough are left, or for whom enough are left", async () => {
    for (const { asked } of [await askedWith(50), await askedWith(3, "another team")]) {
      assert.ok(asked.includes(`GET reg.test manifests/${digest}`));
    }
  });
});
