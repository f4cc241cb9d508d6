import assert from "node:assert/strict";
import { type Judgement, mergeJudgements } from "../../src/findings/index.js";

function judgement(verdict: Judgement["verdict"], values: Partial<Judgement> = {}): Judgement {
  return {
    ...{ reference: "reg.test/app:v1", digest: null, kubeletReason: null, fix: null },
    ...{ verdict, cause: null, message: "can be pulled" },
    ...values,
  };
}
const untrusted = judgement("unpullable", { cause: "CertificateUntrusted", message: "the nodes do not trust it" });
const gone = judgement("unpullable", { cause: "TagNotFound", message: "there is no such tag" });
const fine = judgement("pullable");

interface MergeCase {
  readonly name: string;
  readonly given: readonly (readonly [string, Judgement])[];
  readonly want: Pick<Judgement, "verdict" | "cause" | "message">;
}

const cases: readonly MergeCase[] = [
  {
    name: "is that of every node where they agree",
    given: [
      ["a", fine],
      ["b", fine],
    ],
    want: { verdict: "pullable", cause: null, message: "can be pulled" },
  },
  {
    name: "names the nodes that it fails on, and why",
    given: [
      ["pool cpu (9 nodes)", fine],
      ["node-a and node-b", untrusted],
    ],
    want: {
      verdict: "unknown",
      cause: "NodesDisagree",
      message: "fails on node-a and node-b: CertificateUntrusted: the nodes do not trust it",
    },
  },
  {
    name: "counts what it does not name",
    given: [["ok", fine], ...["a", "b", "c", "d", "e"].map((name) => [name, untrusted] as const)],
    want: {
      verdict: "unknown",
      cause: "NodesDisagree",
      message: "fails on a, b, c and 2 more groups of nodes: CertificateUntrusted: the nodes do not trust it",
    },
  },
  {
    name: "fails everywhere for one cause",
    given: [
      ["a", untrusted],
      ["b", { ...untrusted, message: "in other words" }],
    ],
    want: { verdict: "unpullable", cause: "CertificateUntrusted", message: "the nodes do not trust it" },
  },
  {
    name: "fails everywhere, and tells each cause with its nodes",
    given: [
      ["a", untrusted],
      ["b", gone],
      ["c", gone],
    ],
    want: {
      verdict: "unpullable",
      cause: "CertificateUntrusted",
      message: "the nodes do not trust it; on b, c: TagNotFound: there is no such tag",
    },
  },
  {
    name: "is unknown where it is on some, and fine on the others",
    given: [
      ["a", fine],
      ["b", judgement("unknown", { cause: "RegistryTimeout", message: "no answer" })],
    ],
    want: { verdict: "unknown", cause: "RegistryTimeout", message: "no answer" },
  },
];

describe("the answer for several groups of nodes", () => {
  for (const { name, given, want } of cases) {
    it(name, () => {
      const { verdict, cause, message } = mergeJudgements(given.map(([where, each]) => ({ where, judgement: each })));
      assert.deepEqual({ verdict, cause, message }, want);
    });
  }
});
