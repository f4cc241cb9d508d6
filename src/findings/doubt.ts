import type { NodeProfile } from "../node/index.js";
import type { PullPlan } from "../prediction/index.js";
import type { Judgement } from "./judge.js";

type DoubtfulProfile = Pick<NodeProfile, "lastConfirmed" | "systemRoots" | "hostsRoot">;

/**
 * Takes the certainty from a failure that was predicted from facts about the nodes which are old or have gaps, and says
 * which. What the nodes' configuration has no part in stays as it is.
 */
export function doubtJudgement(judgement: Judgement, plan: PullPlan, profile: DoubtfulProfile): Judgement {
  if (judgement.verdict !== "unpullable") return judgement;
  const reason = reasonFor(judgement, plan, profile);
  if (reason === undefined) return judgement;
  return { ...judgement, verdict: "unknown", message: `${judgement.message}; ${reason}` };
}

function reasonFor(
  { cause }: Judgement,
  plan: PullPlan,
  { lastConfirmed, systemRoots, hostsRoot }: DoubtfulProfile,
): string | undefined {
  if (lastConfirmed !== undefined && restsOnFiles(plan)) {
    return `the nodes' profile was last confirmed ${lastConfirmed()}`;
  }
  if (plan.kind === "pull" && plan.partial === true) {
    const [file] = plan.issues.map(({ origin }) => origin.file);
    return `not all of the nodes' configuration is known: check ${file ?? hostsRoot} on a node`;
  }
  const needsRoots = cause === "CertificateUntrusted" || cause === "CertificateSelfSigned";
  return systemRoots === "unknown" && needsRoots
    ? "whether the nodes' own trust store has it is not known: check /etc/ssl/certs on a node"
    : undefined;
}

function restsOnFiles(plan: PullPlan): boolean {
  if (plan.kind === "hosts-broken" || plan.kind === "hosts-refused") return true;
  return plan.kind === "pull" && plan.hosts.some(({ origin, proxy }) => origin !== undefined || proxy !== undefined);
}
