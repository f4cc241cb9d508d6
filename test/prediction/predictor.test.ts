import assert from "node:assert/strict";
import { Redacted } from "../../src/core/index.js";
import type { RegistryCredential } from "../../src/credentials/index.js";
import { dockerContentRules } from "../../src/prediction/content/docker.js";
import {
  createPredictor,
  type PullAttempt,
  type PullDialect,
  type PulledAttempt,
  type PullQuestion,
  type ResolvedImage,
} from "../../src/prediction/index.js";
import { similarTags } from "../../src/prediction/similar-tags.js";
import { fakeClock, registryHost } from "../support/builders.js";
import { scriptedSession } from "../support/scripted-session.js";

const hosts = [registryHost("reg.test")];
const pulled: PulledAttempt = {
  kind: "pulled",
  digest: `sha256:${"a".repeat(64)}`,
  mediaType: "m",
  via: registryHost("reg.test"),
};
const missing: PullAttempt = {
  kind: "failed",
  shown: { host: registryHost("reg.test"), reason: { kind: "not-found", object: "manifests/v1" } },
  failures: [],
};

function credential(identity: string): RegistryCredential {
  const origin = { kind: "secret", namespace: "shop", name: "pull", key: "reg.test" } as const;
  return { username: identity, password: new Redacted("x"), identity, origin };
}

function question(credentials: PullQuestion["credentials"] = [undefined]): PullQuestion {
  return { reference: { written: "reg.test/app:v1", domain: "reg.test", path: "app", tag: "v1" }, credentials, hosts };
}

/** A dialect that answers by the number of the call, and can be held back. */
function countingDialect(
  answer: (call: number) => PullAttempt | Promise<PullAttempt>,
): PullDialect & { calls: number } {
  const dialect = {
    id: "test",
    grammar: "current" as const,
    content: dockerContentRules({ compressions: [], refusesModels: false }),
    calls: 0,
    async attempt() {
      dialect.calls += 1;
      return await answer(dialect.calls);
    },
  };
  return dialect;
}

function predictor(clock = fakeClock(), lingerMs = 0) {
  const client = { session: () => scriptedSession({}), close: async () => {} };
  return createPredictor({ client, clock, cacheBytes: 1_000_000, lingerMs });
}

const forever = new AbortController().signal;

describe("the predictor", () => {
  it("answers the same question from memory, until it is too old", async () => {
    const clock = fakeClock(1);
    const dialect = countingDialect(() => pulled);
    const predict = predictor(clock);
    await predict.predict(question(), { dialect, platform: undefined }, forever);
    await predict.predict(question(), { dialect, platform: undefined }, forever);
    assert.equal(dialect.calls, 1);
    clock.advance(61_000);
    await predict.predict(question(), { dialect, platform: undefined }, forever);
    assert.equal(dialect.calls, 2);
  });

  it("never serves an answer that another credential obtained, not even at the same time", async () => {
    const dialect = countingDialect((call) => (call === 1 ? pulled : missing));
    const predict = predictor();
    const [owner, stranger] = await Promise.all([
      predict.predict(question([credential("owner")]), { dialect, platform: undefined }, forever),
      predict.predict(question(), { dialect, platform: undefined }, forever),
    ]);
    assert.equal(owner.kind, "pulled");
    assert.equal(stranger.kind, "failed");
  });

  it("asks once for many who ask at the same time", async () => {
    const dialect = countingDialect(() => pulled);
    const predict = predictor();
    await Promise.all(
      Array.from({ length: 50 }, () => predict.predict(question(), { dialect, platform: undefined }, forever)),
    );
    assert.equal(dialect.calls, 1);
  });

  it("tries every credential in order until one opens the image", async () => {
    const dialect = countingDialect((call) => (call === 2 ? pulled : missing));
    const outcome = await predictor().predict(
      question([credential("a"), credential("b"), credential("c")]),
      { dialect, platform: undefined },
      forever,
    );
    assert.equal(outcome.kind, "pulled");
    assert.equal(dialect.calls, 2);
  });

  it("answers at once when the deadline comes, names the host it waited for, and remembers nothing", async () => {
    const controller = new AbortController();
    const dialect = countingDialect((call) => (call === 1 ? new Promise(() => {}) : pulled));
    const predict = predictor();
    const waiting = predict.predict(question(), { dialect, platform: undefined }, controller.signal);
    controller.abort();
    assert.deepEqual(await waiting, { kind: "failed", attempts: [{ kind: "unfinished", waitingFor: "reg.test" }] });
  });

  it("answers by the manifest alone when no time is left for what it lists", async () => {
    const controller = new AbortController();
    const image: ResolvedImage = {
      manifestDigest: pulled.digest,
      config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: pulled.digest, sizeBytes: 10 },
      layers: [],
    };
    const client = {
      session: () => ({ exchange: () => new Promise<never>(() => controller.abort()) }),
      close: async () => {},
    };
    const dialect = countingDialect(() => ({ ...pulled, image }));
    const deps = { client, clock: fakeClock(), cacheBytes: 1_000_000, lingerMs: 0 };
    const node = { dialect, platform: undefined };
    assert.equal((await createPredictor(deps).predict(question(), node, controller.signal)).kind, "pulled");
    const skipping = createPredictor({ ...deps, layers: "skip" });
    assert.equal((await skipping.predict(question(), node, forever)).kind, "pulled");
  });

  it("lets abandoned work linger so that its answer serves the next one", async () => {
    const controller = new AbortController();
    let finish: (attempt: PullAttempt) => void = () => {};
    const dialect = countingDialect(
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    const predict = predictor(fakeClock(), 5000);
    const first = predict.predict(question(), { dialect, platform: undefined }, controller.signal);
    controller.abort();
    await first;
    const second = predict.predict(question(), { dialect, platform: undefined }, forever);
    finish(pulled);
    assert.equal((await second).kind, "pulled");
    assert.equal(dialect.calls, 1);
  });
});

describe("similar tags", () => {
  for (const { name, wanted, existing, want } of [
    { name: "a typing error away", wanted: "1.27.1", existing: ["1.27.0", "2.0.0", "latest"], want: ["1.27.0"] },
    { name: "with or without v", wanted: "1.2.0", existing: ["v1.2.0", "1.2.1"], want: ["v1.2.0", "1.2.1"] },
    {
      name: "the asked-for tag as a prefix",
      wanted: "1.27",
      existing: ["1.27.3-alpine", "3.1"],
      want: ["1.27.3-alpine"],
    },
    { name: "nothing alike", wanted: "nope", existing: ["v1", "v2"], want: [] },
  ]) {
    it(`finds a tag ${name}`, () => assert.deepEqual(similarTags(wanted, existing), want));
  }
});
