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
