import type { CauseEntry } from "../cause-entry.js";
import { permanent, transient } from "./kinds.js";

/** What images that nodes already hold, or lack, decide. */
export const presenceCauses = {
  ImageOnNode: {
    persistence: "none",
    kubeletReason: null,
    explanation: "The image is on every node that the Pod may land on, and the pull policy asks for no pull then.",
    fix: "Nothing needs to be done; with imagePullPolicy Always the registry would be asked all the same.",
    symptom: "Container image already present on machine",
  },
  ImageNeverPulledAbsent: {
    ...permanent,
    kubeletReason: "ErrImageNeverPull",
    explanation:
      "imagePullPolicy is Never and the image is on none of the nodes that the Pod may land on: the container does not start.",
    fix: "Load the image on these nodes, or use imagePullPolicy IfNotPresent.",
    symptom: "ErrImageNeverPull: Container image is not present with pull policy of Never",
  },
  PresentImageNeedsProof: {
    ...transient,
    explanation:
      "The image is on the nodes, but their kubelet (from Kubernetes 1.35 on) may want proof that this Pod may use it, and the pull that would prove it fails.",
    fix: "Give the Pod the pull secret with which the image was pulled, or relax imagePullCredentialsVerificationPolicy on the nodes.",
    symptom: "ErrImagePull, or ErrImageNeverPull, although the image is on the node",
  },
} as const satisfies Record<string, CauseEntry>;
