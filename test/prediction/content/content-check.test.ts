import assert from "node:assert/strict";
import type { RegistryHost } from "../../../src/node/index.js";
import { type Platform, sha256Digest } from "../../../src/oci/index.js";
import { createContentChecker } from "../../../src/prediction/content/content-check.js";
import { dialectFor, type ResolvedImage } from "../../../src/prediction/index.js";
import type { Exchange } from "../../../src/registry/index.js";
import { fakeClock, registryHost, registryResponse } from "../../support/builders.js";
import { type Script, scriptedSession } from "../../support/scripted-session.js";

const rules = dialectFor({ runtime: { name: "containerd", major: 1, minor: 7, patch: 13 }, settings: {} }).content;
const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";
const layerDigest = `sha256:${"c".repeat(64)}`;
const config = Buffer.from(
  JSON.stringify({
    os: "linux",
    architecture: "amd64",
    rootfs: { type: "layers", diff_ids: [`sha256:${"d".repeat(64)}`] },
  }),
);
const configDigest = sha256Digest(config);
const image: ResolvedImage = {
  manifestDigest: `sha256:${"a".repeat(64)}`,
  config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: configDigest, sizeBytes: config.byteLength },
  layers: [{ mediaType: layerType, digest: layerDigest, sizeBytes: 100 }],
};
const reg = registryHost("reg.test");
const mirror = registryHost("mirror.test", { mirrorOf: "reg.test" });
const configRead = { [`GET reg.test blobs/${configDigest}`]: registryResponse({ method: "GET", body: config }) };
const head = (answer: Exchange): Script => ({ ...configRead, [`HEAD reg.test blobs/${layerDigest}`]: answer });
const got = (answer: Exchange): Script => ({ [`GET reg.test blobs/${layerDigest}`]: answer });
const status = (code: number): Exchange => registryResponse({ status: code });
const fault: Exchange = { kind: "fault", url: "", fault: { kind: "reset", message: "m" } };

interface Given {
  readonly script: Script;
  readonly hosts?: readonly RegistryHost[];
  readonly image?: ResolvedImage;
  readonly platform?: Platform;
}

async function check(given: Given, checker = createContentChecker({ clock: fakeClock(), cacheBytes: 1_000_000 })) {
  const session = scriptedSession(given.script);
  const answer = await checker.check(
    {
      hosts: given.hosts ?? [reg],
      repository: "app",
      session,
      image: given.image ?? image,
      rules,
      platform: given.platform,
      scope: "reg.test anonymous",
    },
    new AbortController().signal,
  );
  const said = answer.kind === "problem" ? answer.problem.kind : answer.kind;
  return { answer, said, asked: session.asked };
}

const present = status(200);
const table: readonly ({ readonly name: string; readonly want: string; readonly asks?: number } & Given)[] = [
  { name: "a layer that is there", script: head(registryResponse({ contentLength: 100 })), want: "sound", asks: 2 },
  { name: "a HEAD without a length", script: head(present), want: "sound", asks: 2 },
  {
    name: "a layer of another size",
    script: head(registryResponse({ contentLength: 93 })),
    want: "blob-size",
    asks: 2,
  },
  {
    name: "a layer that GET denies too",
    script: { ...head(status(404)), ...got(status(404)) },
    want: "blob-missing",
    asks: 3,
  },
  {
    name: "a HEAD of 404 that a GET corrects",
    script: {
      ...head(status(404)),
      ...got(registryResponse({ status: 206, contentRange: { first: 0, last: 0, total: 100 } })),
    },
    want: "sound",
  },
  {
    name: "a size that only the range tells",
    script: {
      ...head(status(405)),
      ...got(registryResponse({ status: 206, contentRange: { first: 0, last: 0, total: 93 } })),
    },
    want: "blob-size",
  },
  ...[401, 403, 405, 429, 500].map((code) => ({
    name: `a CDN that answers ${code} to everything`,
    script: { ...head(status(code)), ...got(status(code)) },
    want: "sound",
  })),
  { name: "a connection that breaks off", script: { ...head(fault), ...got(fault) }, want: "sound" },
  {
    name: "a layer that the mirror lacks and the registry has",
    hosts: [mirror, reg],
    script: { ...head(registryResponse({ contentLength: 100 })) },
    want: "sound",
  },
  {
    name: "a config that is missing",
    script: { ...head(present), [`GET reg.test blobs/${configDigest}`]: status(404) },
    want: "blob-missing",
  },
  {
    name: "a config that is refused",
    script: { ...head(present), [`GET reg.test blobs/${configDigest}`]: status(403) },
    want: "failed",
  },
  {
    name: "a config of other bytes",
    script: {
      ...head(present),
      [`GET reg.test blobs/${configDigest}`]: registryResponse({
        method: "GET",
        body: Buffer.from("x".repeat(config.byteLength)),
      }),
    },
    want: "blob-digest",
  },
  {
    name: "a config of another length",
    script: {
      ...head(present),
      [`GET reg.test blobs/${configDigest}`]: registryResponse({ method: "GET", body: Buffer.from("{}") }),
    },
    want: "blob-size",
  },
  {
    name: "a layer with an address of its own",
    script: configRead,
    image: { ...image, layers: image.layers.map((layer) => ({ ...layer, urls: ["https://elsewhere.test/x"] })) },
    want: "sound",
    asks: 1,
  },
  {
    name: "a layer that is said to be empty",
    script: head(present),
    image: { ...image, layers: image.layers.map((layer) => ({ ...layer, sizeBytes: 0 })) },
    want: "blob-size",
    asks: 0,
  },
];

describe("the check of what a manifest lists", () => {
  for (const { name, want, asks, ...given } of table) {
    it(`finds ${name}: ${want}`, async () => {
      const { said, asked } = await check(given);
      assert.equal(said, want, asked.join(", "));
      if (asks !== undefined) assert.equal(asked.length, asks, asked.join(", "));
    });
  }

  it("asks once for what several images share", async () => {
    const checker = createContentChecker({ clock: fakeClock(), cacheBytes: 1_000_000 });
    const given = { script: head(registryResponse({ contentLength: 100 })) };
    const [first, second, third] = await Promise.all([
      check(given, checker),
      check(given, checker),
      check(given, checker),
    ]);
    const layers = [first, second, third].flatMap(({ asked }) => asked.filter((one) => one.startsWith("HEAD")));
    assert.equal(layers.length, 1);
    assert.deepEqual((await check(given, checker)).asked, []);
  });

  it("asks again for what was missing", async () => {
    const checker = createContentChecker({ clock: fakeClock(), cacheBytes: 1_000_000 });
    const missing = await check({ script: { ...head(status(404)), ...got(status(404)) } }, checker);
    assert.equal(missing.said, "blob-missing");
    assert.equal((await check({ script: head(registryResponse({ contentLength: 100 })) }, checker)).said, "sound");
  });

  it("advises that the image is for another architecture", async () => {
    const { answer } = await check({ script: head(present), platform: { os: "linux", architecture: "arm64" } });
    assert.deepEqual(answer.kind === "sound" ? answer.content.advices : [], [
      { kind: "architecture", image: "linux/amd64", node: "linux/arm64" },
    ]);
  });
});
