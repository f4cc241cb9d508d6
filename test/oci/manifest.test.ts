import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeManifest,
  isIndexType,
  isManifestType,
  type ManifestDocument,
  manifestAccept,
  maxManifestBytes,
  mediaTypes,
} from "../../src/oci/index.js";

const { ociIndex, ociManifest, dockerIndex, dockerManifest } = mediaTypes;
const digest = `sha256:${"a".repeat(64)}`;

function decode(body: unknown, mediaType: string): ManifestDocument {
  return decodeManifest(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)), mediaType);
}

function reason(body: unknown, mediaType: string): string | undefined {
  const document = decode(body, mediaType);
  return document.kind === "unreadable" ? document.reason : undefined;
}

describe("the bytes of a manifest", () => {
  it("are a manifest with its config and layers", () => {
    const body = {
      schemaVersion: 2,
      mediaType: ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest, size: 7 },
      layers: [
        { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest, size: 9, urls: ["https://cdn.test/x"] },
      ],
      annotations: { "org.example": "x" },
    };
    assert.deepEqual(decode(body, ociManifest), {
      kind: "manifest",
      config: { mediaType: mediaTypes.ociConfig, digest, sizeBytes: 7 },
      layers: [
        {
          mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
          digest,
          sizeBytes: 9,
          urls: ["https://cdn.test/x"],
        },
      ],
    });
  });

  it("are an index whose platforms stay as they are written", () => {
    const manifests = [
      { mediaType: dockerManifest, digest, size: 1, platform: { os: "Linux", architecture: "arm64", variant: "v8" } },
      {
        mediaType: dockerManifest,
        digest,
        size: 2,
        platform: { os: "windows", architecture: "amd64", "os.version": "10.0" },
      },
      { mediaType: dockerManifest, digest, size: 3, platform: {} },
      { mediaType: dockerManifest, digest, size: 4, platform: null },
      { mediaType: ociManifest, digest, size: 5, annotations: { kind: "attestation", nothing: null } },
    ];
    assert.deepEqual(decode({ manifests }, dockerIndex), {
      kind: "index",
      entries: [
        {
          mediaType: dockerManifest,
          digest,
          sizeBytes: 1,
          platform: { os: "Linux", architecture: "arm64", variant: "v8" },
        },
        {
          mediaType: dockerManifest,
          digest,
          sizeBytes: 2,
          platform: { os: "windows", architecture: "amd64", osVersion: "10.0" },
        },
        { mediaType: dockerManifest, digest, sizeBytes: 3, platform: { os: "", architecture: "" } },
        { mediaType: dockerManifest, digest, sizeBytes: 4 },
        { mediaType: ociManifest, digest, sizeBytes: 5, annotations: { kind: "attestation", nothing: "" } },
      ],
    });
  });

  it("keep an artifact's type", () => {
    const document = decode({ artifactType: "application/vnd.example", config: {}, layers: null }, ociManifest);
    const config = { mediaType: "", digest: "", sizeBytes: 0 };
    assert.deepEqual(document, { kind: "manifest", config, layers: [], artifactType: "application/vnd.example" });
  });

  it("are read with keys in any case, as the runtimes read them", () => {
    const document = decode({ MANIFESTS: [{ MediaType: ociManifest, Digest: digest, Size: 3 }] }, ociIndex);
    assert.deepEqual(document, { kind: "index", entries: [{ mediaType: ociManifest, digest, sizeBytes: 3 }] });
  });

  for (const mediaType of [mediaTypes.schema1, mediaTypes.schema1Signed]) {
    it(`are schema 1 when declared as ${mediaType}`, () => {
      assert.deepEqual(decode("anything", mediaType), { kind: "schema1" });
    });
  }

  for (const mediaType of [
    "",
    "application/json",
    "application/octet-stream",
    `${ociManifest};charset=utf-8`,
    ociManifest.toUpperCase(),
  ]) {
    it(`are not looked at when declared as ${JSON.stringify(mediaType)}`, () => {
      assert.equal(reason({ manifests: [] }, mediaType), "the media type names no manifest");
    });
  }

  const faults: readonly { name: string; given: unknown; type: string; want: string }[] = [
    {
      name: "a web page",
      given: "<html>",
      type: ociManifest,
      want: "invalid character '<' looking for beginning of value",
    },
    {
      name: "text after blanks",
      given: " \n\tOops",
      type: ociManifest,
      want: "invalid character 'O' looking for beginning of value",
    },
    {
      name: "a byte order mark",
      given: "\ufeff{}",
      type: ociIndex,
      want: "invalid character U+feff looking for beginning of value",
    },
    { name: "nothing", given: "", type: ociIndex, want: "unexpected end of JSON input" },
    { name: "half a document", given: '{"layers":[', type: ociManifest, want: "invalid JSON" },
    { name: "a list", given: [], type: ociIndex, want: "the document: Invalid input: expected object, received array" },
    {
      name: "an index under a manifest's type",
      given: { manifests: [] },
      type: ociManifest,
      want: `media-type: expected manifest but found index (${ociManifest})`,
    },
    {
      name: "an index by its own word under a manifest's type",
      given: { mediaType: dockerIndex },
      type: dockerManifest,
      want: `media-type: expected manifest but found index (${dockerManifest})`,
    },
    {
      name: "a manifest under an index's type",
      given: { config: {}, layers: [] },
      type: dockerIndex,
      want: `media-type: expected index but found manifest (${dockerIndex})`,
    },
    {
      name: "an index with so much as a null for layers",
      given: { manifests: [], layers: null },
      type: ociIndex,
      want: `media-type: expected index but found manifest (${ociIndex})`,
    },
    {
      name: "a manifest by its own word under an index's type",
      given: { mediaType: ociManifest, manifests: [] },
      type: ociIndex,
      want: `media-type: expected index but found manifest (${ociIndex})`,
    },
    {
      name: "schema 1 under a manifest's type",
      given: { fsLayers: [] },
      type: dockerManifest,
      want: "media-type: schema 1 not supported",
    },
    {
      name: "a size in quotes",
      given: { config: {}, layers: [{}, { size: "1" }] },
      type: ociManifest,
      want: '"layers[1].size": Invalid input: expected number, received string',
    },
    {
      name: "a platform that is no object",
      given: { manifests: [{ platform: "linux" }] },
      type: ociIndex,
      want: '"manifests[0].platform": Invalid input: expected object, received string',
    },
    {
      name: "an annotation that is no text",
      given: { manifests: [{ annotations: { a: 1 } }] },
      type: ociIndex,
      want: '"manifests[0].annotations": expected a map of texts',
    },
    {
      name: "a config that is no object",
      given: { config: "x" },
      type: ociManifest,
      want: '"config": Invalid input: expected object, received string',
    },
    { name: "brackets without end", given: "[".repeat(1_000_000), type: ociIndex, want: "exceeded max depth" },
    {
      name: "more entries than any image has",
      given: `{"manifests":[${"{},".repeat(60_000)}{}]}`,
      type: ociIndex,
      want: '"manifests": has more than 50000 entries',
    },
    {
      name: "more bytes than a runtime takes",
      given: " ".repeat(maxManifestBytes + 1),
      type: ociIndex,
      want: `larger than ${maxManifestBytes} bytes`,
    },
  ];
  for (const { name, given, type, want } of faults) {
    it(`are refused for ${name}`, () => assert.equal(reason(given, type), want));
  }

  it("may nest deeply where nobody looks", () => {
    const body = `{"layers":[],"x":${"[".repeat(9000)}"]]\\"]"${"]".repeat(9000)}}`;
    assert.equal(decode(body, ociManifest).kind, "manifest");
  });

  it("may have brackets inside texts", () => {
    assert.equal(decode({ manifests: [], annotations: { a: `\\"${"[".repeat(20_000)}` } }, ociIndex).kind, "index");
  });

  it("never make it throw", () => {
    const types = fc.constantFrom(...Object.values(mediaTypes));
    const member = fc.constantFrom(
      "manifests",
      "config",
      "layers",
      "mediaType",
      "platform",
      "annotations",
      "__proto__",
    );
    const bodies = fc.oneof(
      fc.uint8Array(),
      fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
      fc.dictionary(member, fc.jsonValue()).map((value) => Buffer.from(JSON.stringify(value))),
    );
    fc.assert(fc.property(bodies, types, (bytes, type) => assert.ok(decodeManifest(bytes, type).kind)));
  });
});

describe("media types", () => {
  it("are asked for in containerd's order", () => {
    assert.deepEqual(manifestAccept, [dockerManifest, dockerIndex, ociManifest, ociIndex, "*/*"]);
  });

  it("tell indexes from manifests", () => {
    assert.deepEqual(manifestAccept.filter(isIndexType), [dockerIndex, ociIndex]);
    assert.deepEqual(manifestAccept.filter(isManifestType), [dockerManifest, ociManifest]);
  });
});
