import type { Presence } from "../prediction/index.js";
import { type ImageReference, normalisedReference } from "../reference/index.js";
import { causeEntry } from "./catalogue.js";
import type { Judgement } from "./judge.js";

/** An image that is on every node, where the policy then asks for no pull. `mayNeedProof`: see `credentialProof`. */
export function judgePresent(reference: ImageReference, { on }: Presence, mayNeedProof: boolean): Judgement {
  const entry = causeEntry("PresentImageNeedsProof");
  const proof = {
    cause: "PresentImageNeedsProof",
    message:
      "where the kubelet pulled the image with a Pod's Secret, only Pods with that Secret may use it (KubeletEnsureSecretPulledImages)",
    fix: entry.fix,
  } as const;
  return {
    reference: normalisedReference(reference),
    digest: null,
    verdict: "skipped",
    cause: "ImageOnNode",
    kubeletReason: null,
    message: `is already on ${nodesText(on)}; no pull will happen`,
    fix: null,
    ...(mayNeedProof ? { advisories: [proof] } : {}),
  };
}

/** `Never`, and the image is on some nodes or on none; undefined where lists that may be incomplete leave that open. */
export function judgeNeverPulled(reference: ImageReference, { on, missing, unsure }: Presence): Judgement | undefined {
  if (missing.length === 0 || (on.length === 0 && unsure.length > 0)) return undefined;
  const entry = causeEntry("ImageNeverPulledAbsent");
  const everywhere = on.length === 0;
  const not = `is not on ${nodesText(missing)}, and imagePullPolicy Never forbids to pull it`;
  return {
    reference: normalisedReference(reference),
    digest: null,
    verdict: everywhere ? "unpullable" : "unknown",
    cause: everywhere ? "ImageNeverPulledAbsent" : "NodesDisagree",
    kubeletReason: entry.kubeletReason,
    message: everywhere ? not : `fails on some nodes: it ${not}; it is on ${nodesText(on)}`,
    fix: `Load the image on ${nodesText(missing)}, or use imagePullPolicy IfNotPresent.`,
  };
}

/** The answer of the registry for nodes of which some hold the image already: a failure fails on the others only. */
export function judgePartlyPresent(judgement: Judgement, { on, missing, unsure }: Presence): Judgement {
  const others = nodesText([...missing, ...unsure]);
  if (judgement.verdict === "pullable") {
    return { ...judgement, message: `${judgement.message}; it is already on ${nodesText(on)}, not on ${others}` };
  }
  const message = `is on ${nodesText(on)}, but must be pulled on ${others}: ${judgement.message}`;
  if (judgement.verdict !== "unpullable") return { ...judgement, message };
  return { ...judgement, verdict: "unknown", cause: "NodesDisagree", message };
}

/** The answer of the registry for an image that every node holds, should the kubelet want the pull as a proof. */
export function judgeProof(judgement: Judgement, { on }: Presence): Judgement {
  const there = `is already on ${nodesText(on)}`;
  if (judgement.verdict === "pullable" || judgement.verdict === "skipped") {
    return {
      ...judgement,
      message: `${there}; where the kubelet wants proof of the Pod's credentials, it ${judgement.message}`,
    };
  }
  return {
    ...judgement,
    verdict: "unknown",
    cause: "PresentImageNeedsProof",
    kubeletReason: causeEntry("PresentImageNeedsProof").kubeletReason,
    message: `${there}, but the kubelet may want proof of the Pod's credentials by a pull, which fails: ${judgement.message}`,
  };
}

/** `node-a and node-b`, `node-a, node-b and 7 more nodes`. */
export function nodesText(names: readonly string[]): string {
  const [first = "no node", second] = names;
  if (second === undefined) return first;
  return names.length === 2 ? `${first} and ${second}` : `${first}, ${second} and ${names.length - 2} more`;
}
