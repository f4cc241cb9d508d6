export { planHosts } from "./containerd/host-plan.js";
export { defaultHostsRoot } from "./containerd/view.js";
export { nodeFilesFromMap } from "./files.js";
export { fixedNodes } from "./fixed-nodes.js";
export { readKubeletSettings } from "./kubelet-config.js";
export {
  type CandidateNode,
  candidateProfiles,
  type SeenNode,
  seenNodeProfile,
  type UnseenNode,
  unseenNodeProfile,
} from "./profile.js";
export { assumedRuntimes, parseRuntime, renderRuntime } from "./runtime.js";
export { systemCaPems } from "./system-cas.js";
export type * from "./types.js";
