import type { Clock } from "../core/index.js";
import type { HostPlan, NodeProfile } from "../node/index.js";

/**
 * A profile's host plans, each read at most once in `ttlMs`: containerd reads its files at every pull, so a change must
 * show soon, but not every cached answer may touch the disk. At most one plan a registry is kept, and few registries.
 */
export function cachedHostPlans(
  profile: NodeProfile,
  clock: Clock,
  ttlMs: number,
  maxRegistries = 1000,
): (domain: string) => HostPlan {
  const plans = new Map<string, { readonly plan: HostPlan; readonly until: number }>();
  return (domain) => {
    const now = clock.nowMs();
    const known = plans.get(domain);
    if (known !== undefined && known.until > now) return known.plan;
    if (plans.size >= maxRegistries) plans.clear();
    const plan = profile.hostsFor(domain);
    plans.set(domain, { plan, until: now + ttlMs });
    return plan;
  };
}
