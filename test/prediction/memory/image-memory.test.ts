import assert from "node:assert/strict";
import type { PulledAttempt } from "../../../src/prediction/index.js";
import { createImageMemory, type ImagePlace } from "../../../src/prediction/memory/image-memory.js";
import { createAttemptPacker } from "../../../src/prediction/memory/packed-attempt.js";
import { shortKeys } from "../../../src/prediction/memory/short-key.js";
import { fakeClock, registryHost } from "../../support/builders.js";

const hosts = [registryHost("reg.test"), registryHost("other.test")] as const;
const digest = (character: string): string => `sha256:${character.repeat(64)}`;
const image = {
  manifestDigest: digest("a"),
  config: { mediaType: "c", digest: digest("c"), sizeBytes: 10 },
  layers: [{ mediaType: "l", digest: digest("1"), sizeBytes: 20 }],
};
const read: PulledAttempt = { kind: "pulled", digest: digest("a"), mediaType: "m", via: hosts[0], image };
const content = { advices: [], diffIds: [digest("d")] };
const advised = { advices: [{ kind: "artifact", mediaType: "x" } as const] };
const place = (identity = "anonymous", own: ImagePlace["hosts"] = hosts): ImagePlace => ({
  hosts: own,
  keyOf: (of) => `${identity} ${of}`,
});

function memory(maxBytes = 100_000) {
  const clock = fakeClock(1);
  return { clock, images: createImageMemory({ clock, packer: createAttemptPacker(), maxBytes }) };
}

describe("the memory of images", () => {
  for (const [name, found] of [
    ["packed", content],
    ["as it is, where it is rare", advised],
  ] as const) {
    it(`keeps what was found ${name}`, () => {
      const { images, clock } = memory();
      images.remember(place(), { ...read, content: found }, true);
      assert.deepEqual(images.recall(place(), digest("a")), read);
      const attempt = { ...read, content: found };
      assert.deepEqual(images.contentOf(place(), read), { isFresh: true, attempt });
      clock.advance(600_000);
      assert.deepEqual(images.contentOf(place(), read), { isFresh: false, attempt });
      clock.advance(3_000_001);
      assert.equal(images.recall(place(), digest("a")), undefined);
    });

    it(`gives it ${name} to an equal list of hosts, with that list's own`, () => {
      const { images } = memory();
      images.remember(place(), { ...read, content: found }, true);
      const equal = [registryHost("reg.test"), registryHost("other.test")] as const;
      assert.equal(images.recall(place("anonymous", equal), digest("a"))?.via, equal[0]);
      assert.ok(images.contentOf(place("anonymous", equal), { ...read, via: equal[0] }) !== undefined);
    });
  }

  it("knows what the config said when blobs did not all answer, and not that they are there", () => {
    const { images } = memory();
    images.remember(place(), { ...read, content }, false);
    assert.equal(images.contentOf(place(), read)?.isFresh, false);
    assert.deepEqual(images.contentOf(place(), read)?.attempt.content, content);
  });

  it("gives the remembered attempt back, whose text an outcome then shares, unless it was read otherwise", () => {
    const packer = createAttemptPacker();
    const images = createImageMemory({ clock: fakeClock(1), packer, maxBytes: 100_000 });
    images.remember(place(), { ...read, content }, true);
    const known = images.contentOf(place(), read);
    assert.ok(known !== undefined && packer.packedBefore(known.attempt) !== undefined);
    const other = images.contentOf(place(), { ...read, mediaType: "other" });
    assert.deepEqual(other?.attempt, { ...read, mediaType: "other", content });
  });

  it("tells another identity nothing, nor of another host or manifest", () => {
    const { images } = memory();
    images.remember(place(), { ...read, content }, true);
    assert.equal(images.recall(place("somebody"), digest("a")), undefined);
    assert.equal(images.contentOf(place("somebody"), read), undefined);
    assert.equal(images.contentOf(place(), { ...read, via: hosts[1] }), undefined);
    const other = { ...read, image: { ...image, manifestDigest: digest("b") } };
    assert.equal(images.contentOf(place(), other), undefined);
  });

  it("does not make a manifest younger by looking at its blobs again", () => {
    const { images, clock } = memory();
    images.remember(place(), read, false);
    clock.advance(3_000_000);
    images.remember(place(), { ...read, content }, true);
    clock.advance(600_001);
    assert.equal(images.recall(place(), digest("a")), undefined);
  });

  it("forgets the oldest past its bound", () => {
    const { images } = memory(2_000);
    for (const character of "0123456789abcdef") images.remember(place(), { ...read, digest: digest(character) }, false);
    assert.equal(images.recall(place(), digest("0")), undefined);
    assert.ok(images.recall(place(), digest("f")) !== undefined);
  });
});

describe("short keys", () => {
  it("are alike for like texts only, and other ones in every process", () => {
    const key = shortKeys();
    assert.equal(key("a".repeat(300)), key("a".repeat(300)));
    assert.notEqual(key("a".repeat(300)), key(`${"a".repeat(299)}b`));
    assert.notEqual(shortKeys()("a"), key("a"));
    assert.equal(key("a").length, 16);
  });
});
