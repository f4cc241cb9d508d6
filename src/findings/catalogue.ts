import { accessCauses } from "./catalogue/access.js";
import { contentCauses } from "./catalogue/content.js";
import { namesCauses } from "./catalogue/names.js";
import { nodesCauses } from "./catalogue/nodes.js";
import { ownCauses } from "./catalogue/own.js";
import { policyCauses } from "./catalogue/policy.js";
import { presenceCauses } from "./catalogue/presence.js";
import { timeCauses } from "./catalogue/time.js";
import { transportCauses } from "./catalogue/transport.js";
import type { CauseEntry } from "./cause-entry.js";

/** Every cause that Pullguard can name, in the order of the documentation. */
export const catalogue = {
  ...namesCauses,
  ...presenceCauses,
  ...transportCauses,
  ...nodesCauses,
  ...accessCauses,
  ...contentCauses,
  ...timeCauses,
  ...policyCauses,
  ...ownCauses,
} as const satisfies Record<string, CauseEntry>;

export type CauseCode = keyof typeof catalogue;

/** The entry of a code, typed loosely for those who read all entries alike. */
export function causeEntry(code: CauseCode): CauseEntry {
  return catalogue[code];
}

/** Every published code, in the order of the documentation. */
export const causeCodes = Object.keys(catalogue) as readonly CauseCode[];
