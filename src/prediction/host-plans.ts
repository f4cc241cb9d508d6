import type { Clock } from "../core/index.js";
import { type HostPlan, hostPlanKey, type NodeProfile } from "../node/index.js";
import type { ImageReference } from "../reference/index.js";

/**
 * A profile's host plans, each read at most once in `ttlMs`: containerd reads its files at every pull, so a change must
 * show soon, but not every cached answer may touch the disk. At most one plan a registry (or a repository, where each may have its own) is kept, and few of them.
 */
export function cachedHostPlans(
  profile: NodeProfile,
  clock: Clock,
  ttlMs: number,
  maxPlans = 1000,
): (reference: ImageReference) => HostPlan {
  const plans = new Map<string, { readonly plan: HostPlan; readonly until: number }>();
  return (reference) => {
    const now = clock.nowMs();
    const key = hostPlanKey(profile, reference);
    const known = plans.get(key);
    if (known !== undefined && known.until > now) return known.plan;
    if (plans.size >= maxPlans) plans.clear();
    const plan = profile.hostsFor(reference);
    plans.set(key, { plan, until: now + ttlMs });
    return plan;
  };
}
