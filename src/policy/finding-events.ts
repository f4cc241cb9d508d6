import type { CauseCode, Finding } from "../findings/index.js";
import type { Policy } from "./config.js";
import { concernsOf, rule, strictestOf } from "./evaluate.js";
import type { PolicySubject } from "./types.js";
import { cut, told } from "./warnings.js";

/** Something to record as an Event of the workload. */
export interface FindingEvent {
  readonly cause: CauseCode;
  /** One line, 1024 characters at most, as the API server wants it. */
  readonly note: string;
}

const maxNoteLength = 1024;
/** An object with more findings has told enough. */
const maxEvents = 5;

/**
 * The Events that an admitted workload's findings lead to: one for each cause that people are warned of, failures and doubts
 * but no advice. None where the configuration does not switch them on.
 */
export function findingEvents(
  policy: Policy,
  findings: readonly Finding[],
  subject: PolicySubject,
  nowMs: number,
): readonly FindingEvent[] {
  if (!policy.config.events) return [];
  const events = new Map<CauseCode, FindingEvent>();
  for (const concern of findings.flatMap(concernsOf)) {
    const { cause, gravity } = concern;
    if (cause === null || gravity === "advice" || events.has(cause)) continue;
    const ruling = rule(policy, subject, concern, nowMs);
    if (strictestOf(ruling) === "Warn") events.set(cause, { cause, note: cut(told(ruling), maxNoteLength) });
  }
  return [...events.values()].slice(0, maxEvents);
}
