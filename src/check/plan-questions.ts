import type { RegistryHost } from "../node/index.js";
import type { PullPlan } from "../prediction/index.js";

/**
 * Texts by which plans can be compared: two with equal text ask the same hosts in the same way. What versions merely know of in
 * addition is left out. Texts are remembered for as long as the hosts are: those of published nodes stay the same objects.
 */
export function planQuestions(): (plan: PullPlan) => string {
  const known = new WeakMap<readonly RegistryHost[], string>();
  return (plan) => {
    if (plan.kind !== "pull") return plan.kind;
    const before = known.get(plan.hosts);
    if (before !== undefined) return before;
    const question = JSON.stringify(plan.hosts.map(hostQuestion));
    known.set(plan.hosts, question);
    return question;
  };
}

function hostQuestion({ capabilities, headersOnTokenRequests, httpFallback, ...host }: RegistryHost): object {
  return {
    ...host,
    // With a written port there is no other port to fall back to.
    httpFallback: httpFallback !== "never" && /:\d+$/.test(host.address) ? "plain-http" : httpFallback,
    canPull: capabilities.includes("pull"),
    canResolve: capabilities.includes("resolve"),
    headersOnTokenRequests: headersOnTokenRequests && Object.keys(host.headers).length > 0,
  };
}
