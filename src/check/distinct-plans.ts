import type { NodeCandidates, NodeState } from "../node/index.js";
import { whereOf } from "../placement/index.js";
import type { PullPlan } from "../prediction/index.js";
import type { ImageQuestion, PlannedImage, ProfileCheck, ProfileChecks } from "./profile-check.js";

/** What a profile would ask for one image. */
export interface PlannedCheck extends PlannedImage {
  readonly check: ProfileCheck;
  /** The nodes it is for, for people; asked only where nodes disagree. */
  readonly where: () => string;
}

/** Nodes of several groups as one array, the same one for the same groups: what is known of its images is found by it. */
export type NodeUnions = WeakMap<
  readonly NodeState[],
  { readonly parts: readonly unknown[]; readonly all: readonly NodeState[] }
>;

/**
 * The profiles worth asking for one image. Where the runtime is only assumed, profiles that would ask the same hosts
 * give the same answer but for rare contents, so the newest of them speaks for all: no registry is asked twice. Profiles that are
 * alike in everything but what other registries are like are one.
 */
export function distinctPlans(
  checks: ProfileChecks,
  { candidates, image }: Pick<ImageQuestion, "candidates" | "image">,
  unions: NodeUnions,
): readonly PlannedCheck[] {
  const planned = candidates.map((candidate) => {
    const check = checks(candidate.profile);
    return { check, plan: check.plan(image), candidate };
  });
  const [only] = planned;
  if (only !== undefined && planned.length === 1) return [asPlanned(only, [only], unions)];
  const groups = new Map<string, PlannedCandidate[]>();
  for (const entry of planned) {
    const { runtimeIsAssumed, likeness, name } = entry.check.profile;
    const isOne = likeness !== undefined && runtimeIsAssumed !== true;
    const own = isOne ? `${likeness} ${circumstancesOf(entry.plan)}` : runtimeIsAssumed === true ? "" : name;
    const key = `${own} ${entry.candidate.nodes !== undefined} ${entry.check.questionOf(entry.plan)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [entry]);
    else group.push(entry);
  }
  return [...groups.values()].flatMap((group) => group.slice(-1).map((last) => asPlanned(last, group, unions)));
}

interface PlannedCandidate {
  readonly check: ProfileCheck;
  readonly plan: PullPlan;
  readonly candidate: NodeCandidates;
}

function asPlanned(
  { check, plan, candidate }: PlannedCandidate,
  group: readonly PlannedCandidate[],
  unions: NodeUnions,
): PlannedCheck {
  const where = (): string => {
    const nodes = group.length === 1 ? [] : group.flatMap((entry) => entry.candidate.nodes ?? []);
    return nodes.length === 0 ? candidate.where : whereOf(nodes);
  };
  return { check, plan, where, nodes: group.length === 1 ? candidate.nodes : nodesOf(group, unions) };
}

function nodesOf(group: readonly PlannedCandidate[], unions: NodeUnions): readonly NodeState[] | undefined {
  const parts = group.flatMap(({ candidate }) => (candidate.nodes === undefined ? [] : [candidate.nodes]));
  const [first] = parts;
  if (first === undefined || parts.length < 2) return first;
  const before = unions.get(first);
  if (before?.parts.length === parts.length && parts.every((part, index) => part === before.parts[index])) {
    return before.all;
  }
  const all = parts.flat();
  unions.set(first, { parts, all });
  return all;
}

/** What of a plan shows in a judgement besides the hosts that are asked. */
function circumstancesOf(plan: PullPlan): string {
  if (plan.kind !== "pull") return JSON.stringify(plan);
  return plan.issues.length === 0 ? String(plan.partial) : JSON.stringify([plan.partial, plan.issues]);
}
