export {
  configPath,
  configWith,
  plainConfig,
  type RealContainerd,
  startContainerd,
  versionOnPath,
  whyNoContainerd,
} from "./containerd.js";
export type { CriClient, PullCredential, PullResult } from "./cri.js";
export {
  died,
  enterPrivateNode,
  privateNetwork,
  type RealDockerd,
  replaceFile,
  spawnPrivately,
  startDockerd,
  whyNoDockerd,
  writeDockerFiles,
} from "./dockerd.js";
export { type PodmanPull, type RealPodman, startPodman, whyNoPodman } from "./podman.js";
