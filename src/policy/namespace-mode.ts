import type { Policy } from "./config.js";
import { own } from "./selector.js";
import type { Mode, PolicySubject } from "./types.js";

/** Label of a namespace that says how strict Pullguard is there. */
export const modeLabel = "pullguard.dev/mode";

/** The mode for one namespace. `isLabelled`: the namespace says so itself, so it also softens what rules say. */
export interface ModeInForce {
  readonly mode: Mode;
  readonly isLabelled: boolean;
}

const modes: readonly Mode[] = ["deny", "warn", "audit", "off"];

/** The label's mode where there is one and the configuration lets it count, else the server's. */
export function modeOf(
  { config, mode }: Policy,
  { namespaceLabels }: Pick<PolicySubject, "namespaceLabels">,
): ModeInForce {
  const written = own(namespaceLabels ?? {}, modeLabel);
  const labelled = modes.find((known) => known === written);
  const { namespaceMode } = config.overrides;
  const counts = namespaceMode === "Allow" || (namespaceMode === "Stricter" && labelled === "deny");
  return labelled !== undefined && counts ? { mode: labelled, isLabelled: true } : { mode, isLabelled: false };
}
