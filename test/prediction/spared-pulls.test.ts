import assert from "node:assert/strict";
import { parseRuntime } from "../../src/node/index.js";
import { mediaTypes } from "../../src/oci/index.js";
import { createPredictor, dialectFor } from "../../src/prediction/index.js";
import type { ImageReference } from "../../src/reference/index.js";
import { createRateLimits, type RegistryResponse } from "../../src/registry/index.js";
import { fakeClock, registryHost, registryResponse } from "../support/builders.js";
import { type Script, scriptedSession } from "../support/scripted-session.js";

const digest = `sha256:${"a".repeat(64)}`;
const mediaType = mediaTypes.ociManifest;
const head = registryResponse({ digestHeader: digest, contentLength: 500, mediaType });
const ping = registryResponse({ method: "GET" });
const byTag: ImageReference = { written: "reg.test/a:v1", domain: "reg.test", path: "a", tag: "v1" };
const byDigest: ImageReference = { written: `reg.test/a@${digest}`, domain: "reg.test", path: "a", digest };

interface Asked {
  readonly runtime?: string;
  readonly identity?: string;
  readonly reference?: ImageReference;
  readonly script?: Script;
}

async function askedWith(remaining: number, asked: Asked = {}) {
  const { runtime = "containerd://2.2.7", identity = "anonymous", reference = byTag, script = {} } = asked;
  const clock = fakeClock();
  const rateLimits = createRateLimits(clock);
  rateLimits.note({ registry: "reg.test", identity, reading: { remaining, limit: 100 } });
  const answers = { "HEAD reg.test manifests/v1": head, [`HEAD reg.test manifests/${digest}`]: head };
  const session = scriptedSession({ "GET reg.test /": ping, ...answers, ...script });
  const client = { session: () => session, close: async () => {} };
  const predictor = createPredictor({ client, clock, cacheBytes: 1_000_000, lingerMs: 0, rateLimits });
  const dialect = dialectFor({ runtime: parseRuntime(runtime), settings: {} });
  const question = { reference, credentials: [undefined], hosts: [registryHost("reg.test")] };
  const outcome = await predictor.predict(question, { dialect, platform: undefined }, AbortSignal.timeout(5000));
  return { outcome, asked: session.asked.filter((line) => line !== "GET reg.test /") };
}

describe("a registry that has few pulls left", () => {
  for (const runtime of [
    "containerd://2.2.7",
    "docker://20.10.24",
    "docker://28.2.2",
    "cri-o://1.30.0",
    "podman://4.3.1",
  ]) {
    for (const [name, reference] of [["tag", byTag] as const, ["digest", byDigest] as const]) {
      it(`is asked by HEAD only for a ${name}, and the answer says so (${runtime})`, async () => {
        const { outcome, asked } = await askedWith(3, { runtime, reference });
        assert.deepEqual(asked, [`HEAD reg.test manifests/${reference.digest ?? reference.tag}`]);
        assert.ok(outcome.kind === "pulled", outcome.kind);
        assert.equal(outcome.attempt.unread, "rate-limit");
        assert.equal(outcome.attempt.digest, digest);
        assert.equal(outcome.attempt.mediaType, mediaType);
      });
    }

    it(`is asked for the manifest while enough are left, or for whom enough are left (${runtime})`, async () => {
      for (const { asked } of [
        await askedWith(50, { runtime }),
        await askedWith(3, { runtime, identity: "another team" }),
      ]) {
        assert.ok(
          asked.some((line) => line.startsWith("GET ")),
          asked.join(),
        );
      }
    });
  }

  const unsaid: readonly (readonly [string, Partial<RegistryResponse>])[] = [
    ["is refused", { status: 405 }],
    ["does not find it", { status: 404 }],
    ["brings a type that nobody knows", { mediaType: "text/html" }],
    ["does not name the digest", { digestHeader: "" }],
  ];
  for (const [name, values] of unsaid) {
    it(`is asked by GET where HEAD ${name}, as dockerd and containers-image ask anyway`, async () => {
      const answer = registryResponse({ ...head, ...values });
      const script = { "HEAD reg.test manifests/v1": answer, [`HEAD reg.test manifests/${digest}`]: answer };
      const runs = [
        await askedWith(3, { runtime: "podman://4.3.1", script }),
        await askedWith(3, { runtime: "docker://20.10.24", script }),
      ];
      // By digest the header adds nothing.
      if (!("digestHeader" in values)) {
        runs.push(await askedWith(3, { runtime: "podman://4.3.1", script, reference: byDigest }));
        runs.push(await askedWith(3, { runtime: "docker://20.10.24", script, reference: byDigest }));
      }
      for (const { asked } of runs)
        assert.ok(
          asked.some((line) => line.startsWith("GET ")),
          asked.join(),
        );
    });
  }
});
