export { type RealContainerd, startContainerd, whyNoContainerd } from "./containerd.js";
export type { CriClient, PullCredential, PullResult } from "./cri.js";
