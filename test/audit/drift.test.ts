import assert from "node:assert/strict";
import { currentDigests, movedNote, runningDigest } from "../../src/audit/drift.js";
import type { PulledAttempt } from "../../src/prediction/index.js";
import { registryHost } from "../support/builders.js";

const sha = (letter: string): string => `sha256:${letter.repeat(64)}`;
const index = "application/vnd.oci.image.index.v1+json";
const manifest = "application/vnd.oci.image.manifest.v1+json";

function pulled(digest: string, mediaType: string, child?: string): PulledAttempt {
  const descriptor = { mediaType: "application/vnd.oci.image.config.v1+json", digest: sha("c"), sizeBytes: 1 };
  return {
    kind: "pulled",
    digest,
    mediaType,
    via: registryHost("reg.test"),
    ...(child === undefined ? {} : { image: { manifestDigest: child, config: descriptor, layers: [] } }),
  };
}

const indexed = [pulled(sha("1"), index, sha("2")), pulled(sha("1"), index, sha("3"))];

describe("tags that moved", () => {
  const ids: readonly (readonly [string, string | undefined])[] = [
    [`reg.test/app@${sha("1")}`, sha("1")],
    [`docker-pullable://reg.test/app@${sha("1")}`, sha("1")],
    [sha("1"), undefined],
    ["docker://sha256:short", undefined],
    ["", undefined],
  ];
  for (const [given, want] of ids) {
    it(`take ${JSON.stringify(given)} for ${want ?? "no image of a registry"}`, () => {
      const found = runningDigest(given);
      assert.equal(found?.isFromRegistry === true ? found.digest : undefined, want);
    });
  }

  const cases: readonly {
    readonly name: string;
    readonly attempts: readonly PulledAttempt[];
    readonly running: string;
    readonly isTag?: boolean;
    readonly moved: boolean;
  }[] = [
    { name: "the index itself runs", attempts: indexed, running: sha("1"), moved: false },
    { name: "the manifest of a platform runs", attempts: indexed, running: sha("3"), moved: false },
    { name: "another index runs", attempts: indexed, running: sha("9"), moved: true },
    { name: "the name has a digest", attempts: indexed, running: sha("9"), isTag: false, moved: false },
    {
      name: "a manifest of the index was not read",
      attempts: [pulled(sha("1"), index)],
      running: sha("9"),
      moved: false,
    },
    { name: "a single manifest", attempts: [pulled(sha("1"), manifest)], running: sha("9"), moved: true },
    { name: "nobody could pull it", attempts: [], running: sha("9"), moved: false },
  ];
  for (const { name, attempts, running, isTag = true, moved } of cases) {
    it(`${moved ? "are told" : "are not assumed"} where ${name}`, () => {
      const subject = { isTag, running: [{ imageId: `reg.test/app@${running}`, pods: 2, sinceMs: 0 }] };
      const note = movedNote(subject, currentDigests(attempts), attempts[0]?.digest ?? null);
      assert.equal(note !== undefined, moved);
      if (note?.kind === "moved") assert.deepEqual([note.running, note.now, note.pods], [[sha("9")], sha("1"), 2]);
    });
  }
});
