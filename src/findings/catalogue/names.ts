import type { CauseEntry } from "../cause-entry.js";

/** What a name or a pull policy decides before any registry is asked. */
export const namesCauses = {
  InvalidImageName: {
    persistence: "permanent",
    kubeletReason: "InvalidImageName",
    explanation: "The image name does not follow the reference grammar, so the kubelet never tries to pull it.",
    fix: "Correct the image name: [registry[:port]/]path[:tag][@digest], path in lower case, no scheme.",
    symptom: "InvalidImageName: couldn't parse image reference: invalid reference format",
  },
  ImageNameDependsOnNode: {
    persistence: "transient",
    kubeletReason: "InvalidImageName",
    explanation: "Older kubelets and runtimes refuse this image name, newer ones accept it.",
    fix: "Write the registry's host name in lower case and keep the whole name under 255 characters.",
    symptom: "InvalidImageName: invalid reference format: repository name must be lowercase",
  },
  PullPolicyNever: {
    persistence: "none",
    kubeletReason: null,
    explanation:
      "imagePullPolicy is Never: no pull happens. Where the image is not on the node the container does not start.",
    fix: "Load the image on every node the Pod may land on, or use imagePullPolicy IfNotPresent.",
    symptom: "ErrImageNeverPull: Container image is not present with pull policy of Never",
  },
} as const satisfies Record<string, CauseEntry>;
