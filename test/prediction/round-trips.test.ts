import assert from "node:assert/strict";
import { Redacted } from "../../src/core/index.js";
import type { RegistryCredential } from "../../src/credentials/index.js";
import { parseRuntime } from "../../src/node/index.js";
import { mediaTypes, parsePlatform, sha256Digest } from "../../src/oci/index.js";
import { createPredictor, dialectFor, type PullOutcome } from "../../src/prediction/index.js";
import {
  createRateLimits,
  type Exchange,
  type ExchangeRequest,
  type RegistrySession,
} from "../../src/registry/index.js";
import { fakeClock, registryHost, registryResponse } from "../support/builders.js";

const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";

interface Content {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** A repository's tags and contents; a layer stands for itself. */
interface Repository {
  readonly tags: Map<string, string>;
  readonly contents: Map<string, Content>;
  /** Manifests that are served by their tag alone. */
  readonly hidden: Set<string>;
}

function put(contents: Map<string, Content>, mediaType: string, value: unknown) {
  const bytes = Buffer.from(JSON.stringify(value));
  const digest = sha256Digest(bytes);
  contents.set(digest, { bytes, mediaType });
  return { mediaType, digest, size: bytes.length };
}

function putImage(contents: Map<string, Content>, name: string) {
  const layers = [1, 2].map((number) => put(contents, layerType, `layer ${number} of ${name}`));
  const rootfs = { type: "layers", diff_ids: layers.map(({ digest }) => digest) };
  const config = put(contents, mediaTypes.ociConfig, { architecture: "amd64", os: "linux", config: {}, rootfs });
  return put(contents, mediaTypes.ociManifest, { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers });
}

function repository(more: readonly string[] = []): Repository {
  const contents = new Map<string, Content>();
  const tags = new Map<string, string>();
  for (const tag of ["v1", "v2", "v3", ...more]) tags.set(tag, putImage(contents, tag).digest);
  tags.set("same", tags.get("v2") ?? "");
  const amd64 = { ...putImage(contents, "amd64"), platform: { os: "linux", architecture: "amd64" } };
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [amd64] };
  tags.set("index", put(contents, mediaTypes.ociIndex, index).digest);
  return { tags, contents, hidden: new Set() };
}

/**
 * A registry a round trip away: what is asked while nothing is answered is answered together, once the other side has
 * nothing more to ask. `trips` has what was sent in each.
 */
function distantRegistry({ tags, contents, hidden }: Repository) {
  const trips: string[][] = [];
  let waiting: { readonly line: string; readonly answer: () => void }[] = [];
  let quiet = 0;
  const watch = (): void => {
    quiet += 1;
    if (quiet < 50) return void setImmediate(watch);
    const held = waiting;
    waiting = [];
    trips.push(held.map(({ line }) => line).sort());
    for (const { answer } of held) answer();
  };
  const respond = ({ method, endpoint }: ExchangeRequest): Exchange => {
    const [kind, name = ""] = endpoint.split("/", 2);
    const digest = kind === "manifests" ? (tags.get(name) ?? name) : name;
    const found = contents.get(digest);
    if (found === undefined || hidden.has(name)) return registryResponse({ method, status: 404 });
    const facts = { method, mediaType: found.mediaType, digestHeader: digest, contentLength: found.bytes.length };
    return registryResponse({ ...facts, ...(method === "GET" ? { body: found.bytes } : {}) });
  };
  const session: RegistrySession = {
    exchange: (request) =>
      new Promise((resolve) => {
        quiet = 0;
        const line = `${request.method} ${request.endpoint.replace(/sha256:.*/, "@")}`;
        waiting.push({ line, answer: () => resolve(respond(request)) });
        if (waiting.length === 1) setImmediate(watch);
      }),
  };
  return { session, trips };
}

const containerd = dialectFor({ runtime: parseRuntime("containerd://1.7.13"), settings: {} });
const node = { dialect: containerd, platform: parsePlatform("linux/amd64") };

function asker(stored = repository()) {
  const clock = fakeClock(1);
  const rateLimits = createRateLimits(clock);
  const { session, trips } = distantRegistry(stored);
  const client = { session: () => session, close: async () => {} };
  const predictor = createPredictor({ client, clock, cacheBytes: 1_000_000, lingerMs: 0, rateLimits });
  /** What was sent for one tag, round trip by round trip. */
  const ask = async (
    tag: string,
    isAlone = true,
    credential?: RegistryCredential,
  ): Promise<{ readonly outcome: PullOutcome; readonly sent: readonly string[][] }> => {
    if (isAlone) trips.length = 0;
    const reference = { written: `reg.test/app:${tag}`, domain: "reg.test", path: "app", tag };
    const question = { reference, credentials: [credential], hosts: [registryHost("reg.test")] };
    const outcome = await predictor.predict(question, node, AbortSignal.timeout(10_000));
    return { outcome, sent: [...trips] };
  };
  return { ask, clock, rateLimits, trips };
}

const blobs = ["GET blobs/@", "HEAD blobs/@", "HEAD blobs/@"];

describe("round trips of a check", () => {
  it("three for the first image of a registry", async () => {
    const { outcome, sent } = await asker().ask("v1");
    assert.equal(outcome.kind, "pulled");
    assert.deepEqual(sent, [["HEAD manifests/v1"], ["GET manifests/@"], blobs]);
  });

  it("two for a new image of a registry that has answered before", async () => {
    const { ask } = asker();
    await ask("v1");
    const { outcome, sent } = await ask("v2");
    assert.equal(outcome.kind, "pulled");
    assert.deepEqual(sent, [
      ["GET manifests/v2", "HEAD manifests/v2"],
      ["GET blobs/@", "GET manifests/@", "HEAD blobs/@", "HEAD blobs/@"],
    ]);
  });

  it("three for one behind an index, as each names the next", async () => {
    const { ask } = asker();
    await ask("v1");
    assert.deepEqual((await ask("index")).sent, [
      ["GET manifests/index", "HEAD manifests/index"],
      ["GET manifests/@", "GET manifests/@"],
      blobs,
    ]);
  });

  it("one for another tag of a known image", async () => {
    const { ask } = asker();
    await ask("v1");
    await ask("v2");
    assert.deepEqual((await ask("same")).sent, [["GET manifests/same", "HEAD manifests/same"]]);
  });

  it("one, of one request, for a tag that is looked up again", async () => {
    const { ask, clock } = asker();
    await ask("v1");
    clock.advance(61_000);
    assert.deepEqual((await ask("v1")).sent, [["HEAD manifests/v1"]]);
  });

  it("all of them again for another account: what one was shown is not known to the other", async () => {
    const { ask } = asker();
    const origin = { kind: "secret", namespace: "shop", name: "pull", key: "reg.test" } as const;
    const robot = { username: "robot", password: new Redacted("x"), identity: "robot", origin };
    await ask("v1");
    const { sent } = await ask("v1", true, robot);
    const asked = sent.flat().filter((line) => line !== "GET manifests/v1");
    assert.deepEqual(asked.sort(), ["HEAD manifests/v1", "GET manifests/@", ...blobs].sort());
    assert.deepEqual((await ask("v1", true, robot)).sent, []);
  });

  it("and no manifest is read by its tag where the registry counts pulls", async () => {
    const { ask, rateLimits } = asker();
    await ask("v1");
    rateLimits.note({ registry: "reg.test", identity: "anonymous", reading: { remaining: 90, limit: 100 } });
    assert.deepEqual((await ask("v2")).sent, [["HEAD manifests/v2"], ["GET manifests/@"], blobs]);
  });

  it("and none is once a crowd keeps the registry busy", async () => {
    const crowd = Array.from({ length: 30 }, (_, index) => `crowd-${index}`);
    const { ask, trips } = asker(repository(crowd));
    await ask("v1");
    const left = crowd.values();
    const work = async (): Promise<void> => {
      for (const tag of left) assert.equal((await ask(tag, false)).outcome.kind, "pulled");
    };
    await Promise.all(Array.from({ length: 10 }, work));
    const byTag = trips.flat().filter((line) => line.startsWith("GET manifests/crowd-"));
    assert.deepEqual(byTag, [
      "GET manifests/crowd-0",
      "GET manifests/crowd-1",
      "GET manifests/crowd-2",
      "GET manifests/crowd-3",
    ]);
  });
});

describe("what is read by the tag beforehand", () => {
  it("vouches for nothing: a manifest that is not served by its digest is missing", async () => {
    const stored = repository();
    const { ask } = asker(stored);
    await ask("v1");
    stored.hidden.add(stored.tags.get("v2") ?? "");
    const { outcome } = await ask("v2");
    assert.ok(outcome.kind === "failed" && outcome.attempts[0]?.kind === "content");
    assert.equal(outcome.attempts[0].problem.kind, "child-missing");
  });

  it("does not hide a layer that is missing", async () => {
    const stored = repository();
    const { ask } = asker(stored);
    await ask("v1");
    for (const [digest, { mediaType }] of stored.contents) if (mediaType === layerType) stored.contents.delete(digest);
    const { outcome } = await ask("v2");
    assert.ok(outcome.kind === "failed" && outcome.attempts[0]?.kind === "content");
    assert.equal(outcome.attempts[0].problem.kind, "blob-missing");
  });
});
