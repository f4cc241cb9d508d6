import assert from "node:assert/strict";
import { judgeFailed } from "../../src/findings/index.js";
import { parseRuntime } from "../../src/node/index.js";
import { createPredictor, dialectFor } from "../../src/prediction/index.js";
import type { Exchange, HeldBack } from "../../src/registry/index.js";
import { diagnosisContext, fakeClock, registryHost, registryResponse } from "../support/builders.js";
import { scriptedSession } from "../support/scripted-session.js";

const reference = { written: "reg.test/a:v1", domain: "reg.test", path: "a", tag: "v1" } as const;
const hosts = [registryHost("mirror.test", { mirrorOf: "reg.test" }), registryHost("reg.test")];
const kinds: readonly HeldBack[] = [
  { kind: "circuit-open", message: "x did not answer 5 times in a row", last: { kind: "refused" } },
  { kind: "over-budget", message: "x: 32 requests are under way" },
  { kind: "paused", message: "x: it asked to be left alone" },
];
const exchangeOf = (fault: HeldBack): readonly Exchange[] => [
  { kind: "fault", url: "", fault },
  { kind: "refused", url: "", refusal: { kind: "token-fault", realm: "https://auth.test", fault, anonymous: true } },
];

describe("what Pullguard holds back is never taken for an answer", () => {
  for (const runtime of [
    "containerd://1.6.20",
    "containerd://1.7.13",
    "containerd://2.2.7",
    "docker://20.10.24",
    "docker://28.2.2",
    "cri-o://1.30.0",
  ]) {
    for (const fault of kinds) {
      for (const [way, held] of exchangeOf(fault).entries()) {
        for (const silent of ["mirror.test", "reg.test"]) {
          it(`${runtime}, ${fault.kind} (${way}) of ${silent} where the other has no such tag`, async () => {
            const ping = registryResponse({ method: "GET" });
            const session = scriptedSession({
              "GET mirror.test /": ping,
              "GET reg.test /": ping,
              [`HEAD ${silent} manifests/v1`]: held,
              [`GET ${silent} manifests/v1`]: held,
              [`${silent} blobs/v1`]: held,
            });
            const client = { session: () => session };
            const predictor = createPredictor({ client, clock: fakeClock(), cacheBytes: 1_000_000, lingerMs: 0 });
            const dialect = dialectFor({ runtime: parseRuntime(runtime), settings: {} });
            const node = { dialect, platform: undefined };
            const question = { reference, credentials: [undefined], hosts };
            const outcome = await predictor.predict(question, node, AbortSignal.timeout(5000));
            assert.ok(outcome.kind === "failed");
            assert.equal(judgeFailed(outcome, diagnosisContext()).verdict, "unknown");
            assert.equal(predictor.recall(question, node), undefined);
          });
        }
      }
    }
  }

  it("does not keep a missing tag from being told", async () => {
    const held: Exchange = { kind: "fault", url: "", fault: { kind: "over-budget", message: "x" } };
    const session = scriptedSession({ "GET reg.test tags/list?n=1000": held });
    const predictor = createPredictor({
      client: { session: () => session },
      clock: fakeClock(),
      cacheBytes: 1_000_000,
      lingerMs: 0,
    });
    const node = {
      dialect: dialectFor({ runtime: parseRuntime("containerd://2.2.7"), settings: {} }),
      platform: undefined,
    };
    const question = { reference, credentials: [undefined], hosts: [registryHost("reg.test")] };
    const outcome = await predictor.predict(question, node, AbortSignal.timeout(5000));
    assert.ok(outcome.kind === "failed");
    assert.equal(judgeFailed(outcome, diagnosisContext()).verdict, "unpullable");
    assert.ok(predictor.recall(question, node) !== undefined);
  });
});
