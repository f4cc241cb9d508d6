import type { CauseEntry } from "../cause-entry.js";
import { transient } from "./kinds.js";

/** What Pullguard's own configuration keeps it from finding out. */
export const policyCauses = {
  RegistryAddressForbidden: {
    ...transient,
    kubeletReason: null,
    explanation:
      "The image, a redirect or a token server leads to an address that Pullguard does not dial, so that nobody can have it probe a network. The nodes may well reach it.",
    fix: "Correct the image's registry; if a registry is meant to be there, allow it in the PullguardConfig under spec.registries.dial (allowHosts or allowCIDRs).",
    symptom: "none",
  },
} as const satisfies Record<string, CauseEntry>;
