import assert from "node:assert/strict";
import type { PulledAttempt } from "../../../src/prediction/index.js";
import { createAttemptPacker } from "../../../src/prediction/memory/packed-attempt.js";
import { registryHost } from "../../support/builders.js";

const hosts = [registryHost("mirror.test", { mirrorOf: "reg.test" }), registryHost("reg.test")] as const;
const digest = (character: string): string => `sha256:${character.repeat(64)}`;
const layer = (character: string, sizeBytes = 1000) => ({
  mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
  digest: digest(character),
  sizeBytes,
});
const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest: digest("c"), sizeBytes: 1500 };
const image = { manifestDigest: digest("a"), config, layers: [layer("1"), layer("2", 0), layer("3", 2 ** 40)] };
const attempt: PulledAttempt = {
  kind: "pulled",
  digest: digest("a"),
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  via: hosts[1],
};
const diffIds = [digest("d"), digest("e"), digest("f")];

const packable: readonly (readonly [string, PulledAttempt])[] = [
  ["a digest alone", attempt],
  ["a mirror", { ...attempt, via: hosts[0] }],
  ["a manifest", { ...attempt, image }],
  [
    "a manifest behind an index",
    { ...attempt, platforms: ["linux/amd64", "linux/arm64/v8"], image: { ...image, manifestDigest: digest("b") } },
  ],
  ["an index without an image", { ...attempt, platforms: [] }],
  ["media types in any script", { ...attempt, mediaType: "изображение/🐳" }],
  ["an image without layers", { ...attempt, image: { ...image, layers: [] } }],
  ["content with its layers' archives", { ...attempt, image, content: { advices: [], diffIds } }],
  ["content whose config was not readable", { ...attempt, image, content: { advices: [] } }],
  ["content of an artifact without layers", { ...attempt, image, content: { advices: [], diffIds: [] } }],
];

const rare: readonly (readonly [string, PulledAttempt])[] = [
  ["a digest of another algorithm", { ...attempt, digest: `sha512:${"a".repeat(128)}` }],
  ["a digest in capitals", { ...attempt, digest: digest("A") }],
  ["a host that is not in the list", { ...attempt, via: registryHost("reg.test") }],
  ["a manifest that was left unread", { ...attempt, unread: "rate-limit" }],
  [
    "a layer from elsewhere",
    { ...attempt, image: { ...image, layers: [{ ...layer("1"), urls: ["https://x.test"] }] } },
  ],
  [
    "a layer with annotations",
    { ...attempt, image: { ...image, layers: [{ ...layer("1"), annotations: { a: "b" } }] } },
  ],
  ["a negative size", { ...attempt, image: { ...image, layers: [layer("1", -1)] } }],
  ["a size beyond 48 bits", { ...attempt, image: { ...image, layers: [layer("1", 2 ** 49)] } }],
  ["a type of artifact", { ...attempt, image: { ...image, artifactType: "application/x" } }],
  ["an advice", { ...attempt, image, content: { advices: [{ kind: "artifact", mediaType: "x" }] } }],
  ["half of a character", { ...attempt, mediaType: "x\ud83d" }],
  ["a media type of any length", { ...attempt, mediaType: "x".repeat(20_000) }],
  [
    "more layers than a text has room for",
    { ...attempt, image: { ...image, layers: Array.from({ length: 2000 }, () => layer("1")) } },
  ],
];

describe("attempts as texts", () => {
  for (const [name, value] of packable) {
    it(`gives back ${name}`, () => {
      const packer = createAttemptPacker();
      const text = packer.pack({ attempt: value, contentAtSeconds: 77 }, hosts);
      assert.ok(text !== undefined);
      assert.deepEqual(packer.unpack(text, hosts), { attempt: value, contentAtSeconds: 77 });
    });
  }

  for (const [name, value] of rare) {
    it(`has no place for ${name}`, () => {
      assert.equal(createAttemptPacker().pack({ attempt: value, contentAtSeconds: 0 }, hosts), undefined);
    });
  }

  it("refers to the host of the list that it is read with", () => {
    const packer = createAttemptPacker();
    const text = packer.pack({ attempt, contentAtSeconds: 0 }, hosts) ?? "";
    const equal = [registryHost("mirror.test", { mirrorOf: "reg.test" }), registryHost("reg.test")];
    assert.equal(packer.unpack(text, equal).attempt.via, equal[1]);
  });

  it("takes some hundred bytes for an image of five layers", () => {
    const layers = ["1", "2", "3", "4", "5"].map((character) => layer(character));
    const value = {
      ...attempt,
      image: { ...image, layers },
      content: { advices: [], diffIds: layers.map((one) => one.digest) },
    };
    const text = createAttemptPacker().pack({ attempt: value, contentAtSeconds: 1 }, hosts) ?? "";
    assert.ok(text.length > 0 && text.length <= 450, String(text.length));
    // One byte a character, or a text would take twice as much.
    assert.ok([...text].every((character) => character.charCodeAt(0) <= 0xff));
  });

  it("takes no more for a usual image when somebody has made up thousands of types", () => {
    const packer = createAttemptPacker();
    const usual = { attempt: { ...attempt, image }, contentAtSeconds: 0 };
    const before = createAttemptPacker().pack(usual, hosts)?.length;
    for (let index = 0; index < 5000; index += 1) {
      const made = { attempt: { ...attempt, mediaType: `x/${index}` }, contentAtSeconds: 0 };
      const text = packer.pack(made, hosts) ?? "";
      assert.deepEqual(packer.unpack(text, hosts), made);
    }
    assert.equal(packer.pack(usual, hosts)?.length, before);
    const rest = { attempt: { ...attempt, mediaType: "y/new" }, contentAtSeconds: 0 };
    assert.deepEqual(packer.unpack(packer.pack(rest, hosts) ?? "", hosts), rest);
  });

  it("learns nothing of an image with hundreds of types", () => {
    const packer = createAttemptPacker();
    const layers = Array.from({ length: 100 }, (_, index) => ({ ...layer("1"), mediaType: `x/${index}` }));
    const value = { attempt: { ...attempt, image: { ...image, layers } }, contentAtSeconds: 0 };
    const first = packer.pack(value, hosts) ?? "";
    assert.deepEqual(packer.unpack(first, hosts), value);
    assert.equal(packer.pack(value, hosts)?.length, first.length);
  });

  it("knows the text of an attempt that was read from it", () => {
    const packer = createAttemptPacker();
    const text = packer.pack({ attempt, contentAtSeconds: 5 }, hosts) ?? "";
    assert.equal(packer.packedBefore(packer.unpack(text, hosts).attempt), text);
  });
});
