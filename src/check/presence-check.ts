import { type Judgement, judgeNeverPulled, judgePartlyPresent, judgePresent, judgeProof } from "../findings/index.js";
import type { NodeProfile, NodeState } from "../node/index.js";
import { credentialProof, type PresenceIndex, type PullPlan } from "../prediction/index.js";
import type { PullPolicy } from "../workload/index.js";

/** What presence makes of one image on the nodes of one profile. */
export interface PresenceQuestion {
  readonly plan: PullPlan;
  readonly pullPolicy: PullPolicy;
  readonly profile: Pick<NodeProfile, "kubelet" | "runtime">;
  /** Absent: nobody listed them. */
  readonly nodes: readonly NodeState[] | undefined;
}

export type PresenceAnswer =
  | { readonly kind: "settled"; readonly judgement: Judgement }
  /** What the plan leads to decides; `adapt` says what it means for these nodes. */
  | { readonly kind: "open"; readonly adapt: (judgement: Judgement) => Judgement };

const open: PresenceAnswer = { kind: "open", adapt: (judgement) => judgement };

/**
 * Looks the image up where the kubelet would: after the name, before hosts, credentials and registry. `Always` asks the
 * registry whatever is there.
 * Source: Kubernetes pkg/kubelet/images/image_manager.go `imagePullPrecheck`, 1.36.
 */
export function checkPresence(index: PresenceIndex, question: PresenceQuestion): PresenceAnswer {
  const { plan, pullPolicy, profile, nodes } = question;
  if (nodes === undefined || nodes.length === 0 || pullPolicy === "Always") return open;
  if (plan.kind === "invalid-name" || plan.kind === "name-depends") return open;
  const { reference } = plan;
  const resolvesShortNames = profile.runtime.name === "cri-o" || profile.runtime.name === "podman";
  const presence = index.presenceOn(nodes, { reference, resolvesShortNames });
  const isEverywhere = presence.on.length === nodes.length;
  const proof = isEverywhere && credentialProof(profile.kubelet, reference) === "may-be-wanted";
  if (plan.kind === "no-pull") {
    const judgement = isEverywhere ? judgePresent(reference, presence, proof) : judgeNeverPulled(reference, presence);
    return judgement === undefined ? open : { kind: "settled", judgement };
  }
  if (presence.on.length === 0) return open;
  if (isEverywhere && !proof) return { kind: "settled", judgement: judgePresent(reference, presence, false) };
  const adapt = isEverywhere ? judgeProof : judgePartlyPresent;
  return { kind: "open", adapt: (judgement) => ({ ...adapt(judgement, presence), heldBy: presence.on }) };
}
