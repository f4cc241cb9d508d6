import type { CauseEntry } from "../cause-entry.js";

const pull = { kubeletReason: "ErrImagePull" } as const;

/** Stays broken until somebody changes something. */
export const permanent = { persistence: "permanent", ...pull } as const satisfies Partial<CauseEntry>;
/** Fails a pull now but may not in a minute. */
export const transient = { persistence: "transient", ...pull } as const satisfies Partial<CauseEntry>;
/** Permanent where the nodes' registry configuration is known. */
export const trust = { ...permanent, needs: "node-trust" } as const satisfies Partial<CauseEntry>;
/** Permanent where the nodes' own credentials are known. */
export const access = { ...permanent, needs: "node-credentials" } as const satisfies Partial<CauseEntry>;
/** The pull succeeds; what comes with it or after it is worth a warning. */
export const advice = { persistence: "advice", kubeletReason: null } as const satisfies Partial<CauseEntry>;
