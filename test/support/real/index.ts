export { type RealContainerd, startContainerd, whyNoContainerd } from "./containerd.js";
export type { CriClient, PullCredential, PullResult } from "./cri.js";
export { type PodmanPull, type RealPodman, startPodman, whyNoPodman } from "./podman.js";
