import type { Judgement } from "./judge.js";

/** One profile's judgement, with the name by which people know the nodes it stands for. */
export interface ProfiledJudgement {
  readonly where: string;
  readonly judgement: Judgement;
}

/** Groups of nodes that a message spells out. */
const maxNamed = 3;

/**
 * One answer for all nodes a Pod may land on: the same everywhere is that; where they differ nothing is certain, and the
 * worst is told with the nodes it is true for. Where it fails everywhere, but not for the same cause, each is told.
 */
export function mergeJudgements(judgements: readonly ProfiledJudgement[]): Judgement {
  const [first, ...others] = judgements;
  if (first === undefined) throw new RangeError("an image is judged on at least one profile");
  if (others.every(({ judgement }) => judgement.verdict === first.judgement.verdict)) {
    return first.judgement.verdict === "unpullable" ? failingEverywhere(first, others) : first.judgement;
  }
  const worst = [...judgements].sort((a, b) => severity(b.judgement) - severity(a.judgement))[0] ?? first;
  if (worst.judgement.verdict !== "unpullable") return worst.judgement;
  const failing = judgements.filter(({ judgement }) => judgement.verdict === "unpullable");
  return {
    ...worst.judgement,
    verdict: "unknown",
    cause: "NodesDisagree",
    message: `fails on ${named(failing.map(({ where }) => where))}: ${told(worst.judgement)}`,
  };
}

function failingEverywhere(first: ProfiledJudgement, others: readonly ProfiledJudgement[]): Judgement {
  const differing = others.filter(({ judgement }) => judgement.cause !== first.judgement.cause);
  if (differing.length === 0) return first.judgement;
  const causes = [...new Set(differing.map(({ judgement }) => judgement.cause))].map((cause) => {
    const alike = differing.filter(({ judgement }) => judgement.cause === cause);
    const [one] = alike;
    return `; on ${named(alike.map(({ where }) => where))}: ${one === undefined ? cause : told(one.judgement)}`;
  });
  return { ...first.judgement, message: `${first.judgement.message}${causes.join("")}` };
}

function told({ cause, message }: Judgement): string {
  return cause === null ? message : `${cause}: ${message}`;
}

function named(places: readonly string[]): string {
  const shown = places.slice(0, maxNamed).join(", ");
  return places.length > maxNamed ? `${shown} and ${places.length - maxNamed} more groups of nodes` : shown;
}

function severity({ verdict }: Judgement): number {
  // An image that some nodes hold and the others can pull is one that can be pulled.
  return { skipped: 0, pullable: 1, unknown: 2, unpullable: 3 }[verdict];
}
