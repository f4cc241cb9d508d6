import assert from "node:assert/strict";
import { type Judgement, mergeJudgements } from "../../src/findings/index.js";

const judgement = (verdict: Judgement["verdict"]): Judgement => ({
  reference: "reg.test/a:v1",
  digest: null,
  verdict,
  cause: null,
  kubeletReason: null,
  message: verdict,
  fix: null,
});

describe("nodes that answer differently", () => {
  const cases = [
    {
      name: "can have the image where some hold it and the others can pull it",
      given: ["skipped", "pullable"],
      want: "pullable",
    },
    {
      name: "are doubtful where some hold it and the others cannot pull it",
      given: ["skipped", "unpullable"],
      want: "unknown",
    },
    { name: "are doubtful where one is", given: ["pullable", "unknown", "skipped"], want: "unknown" },
    { name: "agree where all hold it", given: ["skipped", "skipped"], want: "skipped" },
  ] as const;
  for (const { name, given, want } of cases) {
    it(name, () => {
      const judgements = given.map((verdict, index) => ({ where: `n${index}`, judgement: judgement(verdict) }));
      assert.equal(mergeJudgements(judgements).verdict, want);
    });
  }
});
