import assert from "node:assert/strict";
import { judgeFailed } from "../../src/findings/index.js";
import type { ContentProblem } from "../../src/prediction/index.js";
import { diagnosisContext } from "../support/builders.js";
import { host } from "./provocations.js";

const digest = `sha256:${"1".repeat(64)}`;
const layer = { kind: "layer", index: 0, count: 2, digest } as const;
const platforms = (...offered: string[]): ContentProblem => ({
  kind: "platform-missing",
  wanted: "linux/amd64",
  offered,
});
const unpack = (reason: string): ContentProblem => ({ kind: "layer-unpack", blob: layer, reason });

/** What one runtime refuses and another does not mind. */
const own: readonly (readonly [string, ContentProblem])[] = [
  ["a layer of another size", { kind: "blob-size", blob: layer, declaredBytes: 7, actualBytes: 9 }],
  ["a size of nothing", { kind: "blob-size", blob: layer, declaredBytes: 0 }],
  ["a manifest of another size", { kind: "size-mismatch", digest, declaredBytes: 7, actualBytes: 9 }],
  ["a config that lists fewer layers", { kind: "layer-count", layers: 3, diffIds: 2 }],
  ["a layer with another diff_id", { kind: "layer-diff-id", blob: layer, expected: digest, actual: digest }],
  ["a layer of a foreign type", { kind: "layer-type", blob: layer, mediaType: "application/x-layer" }],
  ["a layer that its type does not fit", unpack("archive/tar: invalid tar header")],
  ["a whiteout without a name", unpack("invalid whiteout name")],
  ["an artifact", { kind: "not-an-image", mediaType: "application/vnd.cncf.helm.config.v1+json" }],
  ["a manifest of a foreign type", { kind: "unsupported-type", digest, mediaType: "text/plain" }],
  ["schema 1", { kind: "schema1", digest }],
  ["a digest header that is none", { kind: "invalid-digest-header", header: "x" }],
  ["an entry for 32 bits", platforms("linux/386")],
  ["an entry for a newer CPU", platforms("linux/arm64", "linux/amd64/v3")],
];

/** What all of them refuse. */
const shared: readonly (readonly [string, ContentProblem])[] = [
  ["a missing layer", { kind: "blob-missing", blob: layer }],
  ["a missing config", { kind: "blob-missing", blob: { kind: "config", digest } }],
  ["a corrupt layer", { kind: "blob-digest", blob: layer, actual: digest }],
  ["a layer that ends early", unpack("unexpected EOF")],
  ["a config that is none", { kind: "config-unreadable", digest, reason: "unexpected end" }],
  ["a corrupt manifest", { kind: "digest-mismatch", expected: digest, actual: digest }],
  ["no entry that any runtime takes", platforms("linux/arm64", "windows/amd64")],
];

function verdictOf(problem: ContentProblem, isAssumed: boolean): string {
  const { profile } = diagnosisContext();
  const context = diagnosisContext({ profile: { ...profile, ...(isAssumed ? { runtimeIsAssumed: true } : {}) } });
  const { verdict, message } = judgeFailed(
    { kind: "failed", attempts: [{ kind: "content", via: host, problem }] },
    context,
  );
  const saysWhy = message.endsWith(", and the nodes' runtime is not known");
  return saysWhy ? `${verdict}, says why` : verdict;
}

describe("where nobody said which runtime the nodes have", () => {
  for (const [name, problem] of own) {
    it(`${name} is no denial, and who minds is said`, () => {
      assert.equal(verdictOf(problem, true), "unknown, says why");
      assert.equal(verdictOf(problem, false), "unpullable");
    });
  }
  for (const [name, problem] of shared) {
    it(`${name} is a denial all the same`, () => assert.equal(verdictOf(problem, true), "unpullable"));
  }
});
