export { certificateRootsOf } from "./certificate-roots.js";
export { configuredRegistries } from "./configured-registries.js";
export { planHosts } from "./containerd/host-plan.js";
export { defaultHostsRoot } from "./containerd/hosts-roots.js";
export { imageLibraryMinor } from "./containers-image/traits.js";
export { systemRoots } from "./environment/system-roots.js";
export { nodeFilesFromMap } from "./files.js";
export { fixedNodes } from "./fixed-nodes.js";
export { guessRuntime, newestVersion, type RuntimeGuess } from "./guess-runtime.js";
export { readKubeletSettings } from "./kubelet/fields.js";
export { hostPlanKey } from "./plan-key.js";
export {
  type CandidateNode,
  candidateProfiles,
  type SeenNode,
  seenNodeProfile,
  type UnseenNode,
  unseenNodeProfile,
} from "./profile.js";
export {
  type Acceptance,
  type AdvisedFile,
  type AdvisedNode,
  adviseRegistry,
  certificateFolder,
  type RegistryAdvice,
} from "./registry-advice.js";
export { assumedRuntimes, parseRuntime, renderRuntime } from "./runtime.js";
export { type GatheredNode, gatherProfile } from "./snapshot/gather.js";
export { findIssues, type PublishedNode, publishedNodeProfiles } from "./snapshot/rebuild.js";
export type { NodeTree } from "./snapshot/recorder.js";
export { canonicalText, renderProfileSpec } from "./snapshot/render.js";
export { type ProfileSpec, type ProfileSpecReading, parseProfileSpec } from "./snapshot/spec.js";
export { type WellKnownRoots, wellKnownRoots } from "./snapshot/well-known.js";
export type * from "./types.js";
