export { planHosts } from "./containerd/host-plan.js";
export { defaultHostsRoot } from "./containerd/view.js";
export { nodeFilesFromMap } from "./files.js";
export { fixedNodes } from "./fixed-nodes.js";
export { hostPlanKey } from "./plan-key.js";
export {
  type CandidateNode,
  candidateProfiles,
  type SeenNode,
  seenNodeProfile,
  type UnseenNode,
  unseenNodeProfile,
} from "./profile.js";
export { assumedRuntimes, parseRuntime, renderRuntime } from "./runtime.js";
export { type GatheredNode, gatherProfile } from "./snapshot/gather.js";
export { findIssues, type PublishedNode, publishedNodeProfiles } from "./snapshot/rebuild.js";
export type { NodeTree } from "./snapshot/recorder.js";
export { canonicalText, renderProfileSpec } from "./snapshot/render.js";
export { type ProfileSpec, type ProfileSpecReading, parseProfileSpec } from "./snapshot/spec.js";
export { type WellKnownRoots, wellKnownRoots } from "./snapshot/well-known.js";
export { systemCaPems } from "./system-cas.js";
export type * from "./types.js";
