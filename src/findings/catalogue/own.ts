import type { CauseEntry } from "../cause-entry.js";
import { transient } from "./kinds.js";

/** What Pullguard itself could not do. */
export const ownCauses = {
  DeadlineExceeded: {
    ...transient,
    kubeletReason: null,
    explanation: "The time for the answer was over before the check was.",
    fix: "Repeat the check; give it more time with --deadline or the webhook's timeoutSeconds.",
    symptom: "none",
  },
  RegistryNotAsked: {
    ...transient,
    kubeletReason: null,
    explanation:
      "Pullguard did not ask the registry: it had not answered several times in a row, or too many requests wait for it.",
    fix: "Check that the registry answers; Pullguard asks it again by itself within half a minute.",
    symptom: "none",
  },
  PullguardOverloaded: {
    ...transient,
    kubeletReason: null,
    explanation: "pullguard is overloaded, image not checked",
    fix: "Repeat the admission later; add replicas or CPU if it happens often.",
    symptom: "none",
  },
  CheckFailed: {
    ...transient,
    kubeletReason: null,
    explanation: "Pullguard could not check this image because of a fault of its own.",
    fix: "Report the fault with the server's log.",
    symptom: "none",
  },
} as const satisfies Record<string, CauseEntry>;
