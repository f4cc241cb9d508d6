import type { Judgement } from "./judge.js";

/** One profile's judgement, with the name by which people know the nodes it stands for. */
export interface ProfiledJudgement {
  readonly where: string;
  readonly judgement: Judgement;
}

/**
 * One answer for all nodes a Pod may land on: the same everywhere is that; where they differ nothing is certain, and the
 * worst is told with the nodes it is true for.
 */
export function mergeJudgements(judgements: readonly ProfiledJudgement[]): Judgement {
  const [first, ...others] = judgements;
  if (first === undefined) throw new RangeError("an image is judged on at least one profile");
  if (others.every(({ judgement }) => judgement.verdict === first.judgement.verdict)) return first.judgement;
  const worst = [...judgements].sort((a, b) => severity(b.judgement) - severity(a.judgement))[0] ?? first;
  if (worst.judgement.verdict !== "unpullable") return worst.judgement;
  const on = judgements.filter(({ judgement }) => judgement.verdict === "unpullable").map(({ where }) => where);
  return {
    ...worst.judgement,
    verdict: "unknown",
    cause: "NodesDisagree",
    message: `fails on ${on.slice(0, 3).join(", ")}: ${worst.judgement.message}`,
  };
}

function severity({ verdict }: Judgement): number {
  // An image that some nodes hold and the others can pull is one that can be pulled.
  return { skipped: 0, pullable: 1, unknown: 2, unpullable: 3 }[verdict];
}
