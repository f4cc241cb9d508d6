export { planHosts } from "./containerd/host-plan.js";
export { nodeFilesFromMap } from "./files.js";
export {
  type CandidateNode,
  type ContainerdNode,
  candidateProfiles,
  containerdProfile,
  defaultHostsRoot,
  type UnseenNode,
  unseenNodeProfile,
} from "./profile.js";
export { assumedRuntimes, parseRuntime, renderRuntime } from "./runtime.js";
export { systemCaPems } from "./system-cas.js";
export type * from "./types.js";
