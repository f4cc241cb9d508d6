import type { NodeProfile, NodeSource } from "../node/index.js";
import { parseReference } from "../reference/index.js";
import type { AuditSubject } from "./types.js";

/**
 * The addresses that nodes would ask for an image, mirrors and registry: whose budgets a question draws on. Where all
 * repositories of a registry have one plan it is made once for each profile.
 */
export function askedHosts(nodes: NodeSource): (subject: Pick<AuditSubject, "use" | "spec">) => readonly string[] {
  const known = new WeakMap<NodeProfile, Map<string, readonly string[]>>();
  const ofProfile = (profile: NodeProfile, image: string): readonly string[] => {
    const parsed = parseReference(image, "current");
    if (parsed.kind !== "reference") return [];
    const { reference } = parsed;
    const plans = known.get(profile) ?? new Map<string, readonly string[]>();
    known.set(profile, plans);
    const key = profile.hostsScope === "registry" ? reference.domain : `${reference.domain}/${reference.path}`;
    const before = plans.get(key);
    if (before !== undefined) return before;
    const plan = profile.hostsFor(reference);
    const hosts = plan.kind === "hosts" ? [...new Set(plan.hosts.map(({ address }) => address))] : [];
    if (plans.size >= maxPlans) plans.clear();
    plans.set(key, hosts);
    return hosts;
  };
  return ({ use, spec }) =>
    use.pullPolicy === "Never"
      ? []
      : [...new Set(nodes.candidatesFor(spec).flatMap(({ profile }) => ofProfile(profile, use.image)))];
}

/** Of one profile; files that change on a node make another profile, or are seen when the plans are made anew. */
const maxPlans = 5_000;
