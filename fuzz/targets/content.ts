import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { assumedRuntimes } from "../../src/node/index.js";
import { decodeConfig, decodeManifest, isDigest, mediaTypes, parsePlatform } from "../../src/oci/index.js";
import { readJson } from "../../src/oci/json.js";
import { dialectFor } from "../../src/prediction/index.js";
import { similarTags } from "../../src/prediction/similar-tags.js";
import type { Exchange, RegistrySession } from "../../src/registry/index.js";
import { ArchiveWalk } from "../../src/verification/archive-walk.js";
import { LayerUnpack } from "../../src/verification/layer-unpack.js";
import { registryHost } from "../../test/support/builders.js";
import { tarOf } from "../../test/support/lab/tar.js";
import { bytesOf, type FuzzTarget } from "../target.js";

const hex = "0123456789abcdef".repeat(4);
const layer = `{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:${hex}","size":3}`;
const manifest = `{"schemaVersion":2,"mediaType":"${mediaTypes.ociManifest}","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:${hex}","size":2},"layers":[${layer}]}`;
const index = `{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[{"mediaType":"${mediaTypes.ociManifest}","digest":"sha256:${hex}","size":9,"platform":{"architecture":"arm64","os":"linux","variant":"v8"}},{"mediaType":"${mediaTypes.ociManifest}","digest":"sha256:${hex}","size":9,"platform":{"architecture":"amd64","os":"linux","os.features":["x"]},"annotations":{"vnd.docker.reference.type":"attestation-manifest"}}]}`;

const dialects = assumedRuntimes.map((runtime) => dialectFor({ runtime, settings: {} }));
const host = registryHost("reg.test");
const reference = { written: "reg.test/a:v", domain: "reg.test", path: "a", tag: "v" };
const platform = parsePlatform("linux/amd64");
const never = new AbortController().signal;
const nothing = { recall: () => undefined, remember: () => undefined };

/** A registry that answers everything with one body, in the type that it begins to speak of. */
function sessionOf(input: string): RegistrySession {
  const body = Buffer.from(input);
  const mediaType = /"manifests"/.test(input) ? mediaTypes.ociIndex : mediaTypes.ociManifest;
  return {
    exchange(request): Promise<Exchange> {
      return Promise.resolve({
        kind: "response",
        url: "https://reg.test/v2/",
        method: request.method,
        status: 200,
        mediaType,
        contentLength: body.length,
        ...(request.method === "GET" ? { body: body.subarray(0, request.maxBodyBytes) } : {}),
        errors: [],
        authorization: "none",
        challenges: [],
      });
    },
  };
}

/** Manifests and indexes: decoded, and read by every runtime as its own would. */
export const manifests: FuzzTarget = {
  name: "manifests",
  format: "json",
  seeds: [
    manifest,
    index,
    '{"schemaVersion":1,"fsLayers":[]}',
    '{"SchemaVersion":2,"Config":null,"layers":null}',
    "{}",
  ],
  words: [
    '"manifests":',
    '"layers":',
    '"config":',
    '"platform":',
    '"digest":',
    '"size":',
    "sha256:",
    "linux",
    "null",
    '"urls":',
    "1e400",
  ],
  async run(input) {
    const shapes = [mediaTypes.ociManifest, mediaTypes.ociIndex, mediaTypes.dockerManifest].map((type) => {
      const read = decodeManifest(Buffer.from(input), type);
      return read.kind === "unreadable" ? `unreadable ${read.reason.replace(/".*"|\d+/g, "")}` : read.kind;
    });
    const session = sessionOf(input);
    const request = { reference, hosts: [host], platform, session, manifests: nothing };
    for (const dialect of dialects) {
      const attempt = await dialect.attempt({ ...request, session: dialect.session?.(session) ?? session }, never);
      if (attempt.kind === "pulled" && attempt.image !== undefined) dialect.content.plan(attempt.image);
      shapes.push(attempt.kind === "content" ? attempt.problem.kind : attempt.kind);
    }
    return { shape: shapes.join() };
  },
};

/** Configs of images. */
export const imageConfigs: FuzzTarget = {
  name: "image-configs",
  format: "json",
  seeds: [
    `{"architecture":"amd64","os":"linux","created":"2026-01-01T00:00:00Z","rootfs":{"type":"layers","diff_ids":["sha256:${hex}"]},"config":{"Env":["A=b"],"ExposedPorts":{"80/tcp":{}}},"history":[{"created":"2026-01-01T00:00:00.1+01:00","empty_layer":true}]}`,
    '{"OS":"windows","os.version":"10.0.17763.1"}',
    "null",
  ],
  words: ['"rootfs":', '"diff_ids":', '"os":', '"config":', "null", "{}", "[]"],
  run(input) {
    const bytes = Buffer.from(input);
    const read = decodeConfig(bytes);
    const json = readJson(bytes);
    // What the product takes for JSON is JSON, whatever it makes of the rest.
    if (json.kind === "json") assert.doesNotThrow(() => JSON.parse(input));
    else assert.ok(json.reason.length < 80);
    return {
      shape: read.kind === "config" ? `config ${read.config.hasRootfs}` : read.reason.replace(/".*"|'.*'|U\+\w+/g, ""),
    };
  },
};

/** Lists of tags, compared with the one that is not there: a line each, the first is wanted. */
export const tags: FuzzTarget = {
  name: "similar-tags",
  weight: 20,
  seeds: ["1.2\n1.2.7\nv1.2\nlatest", "lastest\nlatest", "a\n"],
  words: ["\n", "v", "1.", "-alpine", "latest"],
  run(input) {
    const [wanted = "", ...existing] = input.split("\n");
    const found = similarTags(wanted, existing);
    assert.ok(found.length <= 3 && found.every((tag) => existing.includes(tag)));
    return { shape: `${found.length} ${isDigest(wanted)}` };
  },
};

const archive = tarOf([
  { name: "etc/", body: null },
  { name: "etc/a", body: Buffer.from("x") },
  { name: ".wh.b", body: Buffer.alloc(0) },
]);
const pax = tarOf([{ name: "meta", body: Buffer.from("12 path=a/b\n19 size=00000000001\n") }]);
pax[156] = 0x78;
const packing = { kind: "sniffed", formats: ["gzip", "zstd", "bzip2", "xz"] } as const;

/** Archives, plain: every byte of a header may be anything, and the checksum is put right half of the time. */
export const archives: FuzzTarget = {
  name: "tar-headers",
  format: "bytes",
  seeds: [archive, pax, archive.subarray(0, 700)].map((bytes) => bytes.toString("latin1").slice(0, 2560)),
  words: [
    "\0".repeat(12),
    "ustar\0",
    "ustar  \0",
    "\x80",
    "../",
    ".wh.",
    "path=",
    "GNU.sparse.offset=",
    "777",
    "\xff".repeat(12),
    "x",
    "L",
    "K",
    "g",
  ],
  run(input) {
    const bytes = bytesOf(input);
    if (input.length % 2 === 0)
      for (let at = 0; at + 512 <= bytes.length && at < 2048; at += 512) putChecksum(bytes, at);
    const [whole, pieces] = [bytes.length, 1 + (input.length % 97)].map((size) => {
      const walk = new ArchiveWalk({ refusesEmptyWhiteouts: true });
      for (let at = 0; at < bytes.length; at += size) walk.push(bytes.subarray(at, at + size));
      return walk.end();
    });
    assert.deepEqual(pieces, whole, "it matters where the stream is cut");
    return { shape: `${whole?.fault?.replace(/\d+/g, "")} ${whole?.escapingName === undefined}` };
  },
};

function putChecksum(bytes: Buffer, at: number): void {
  const header = bytes.subarray(at, at + 512);
  header.fill(" ", 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
}

// A frame of one raw block, as small as zstd allows.
const zstd = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x03, 0x19, 0, 0, 0x61, 0x62, 0x63]);

/** Layers as they come over the wire: gzip, zstd, or neither. */
export const layers: FuzzTarget = {
  name: "compressed-layers",
  format: "bytes",
  seeds: [
    gzipSync(archive),
    zstd,
    Buffer.from("BZh91AY"),
    archive.subarray(0, 512),
    Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]),
  ].map((bytes) => bytes.toString("latin1")),
  words: ["\x1f\x8b\b\0", "(\xb5/\xfd", "P*M\x18", "\0\0\0\0", "\xff\xff\xff\xff", "\x20", "\x03"],
  async run(input) {
    const unpack = new LayerUnpack(packing, { refusesEmptyWhiteouts: true });
    const bytes = bytesOf(input);
    await unpack.write(bytes.subarray(0, 6));
    await unpack.write(bytes.subarray(6));
    const { fault, doubt, isPlain } = await unpack.end();
    unpack.destroy();
    return { shape: `${fault?.replace(/\d+/g, "")} ${doubt} ${isPlain}` };
  },
};
