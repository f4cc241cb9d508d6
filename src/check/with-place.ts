import type { PullOutcome } from "../prediction/index.js";
import type { GateVisit } from "./gate.js";

/** What `predict` finds with a place at the gate; undefined where there is none in time. */
export async function withPlace(
  visit: GateVisit,
  registry: string,
  predict: () => Promise<PullOutcome>,
  signal: AbortSignal,
): Promise<PullOutcome | undefined> {
  const admitted = visit.enter(registry, signal);
  if (admitted === false || !(await admitted)) return undefined;
  let answered = false;
  try {
    const outcome = await predict();
    answered = wasHeardOf(outcome);
    return outcome;
  } finally {
    visit.leave(registry, answered);
  }
}

/** Whether some registry gave an answer, whichever. */
function wasHeardOf(outcome: PullOutcome): boolean {
  if (outcome.kind === "pulled") return true;
  return outcome.attempts.some(
    (attempt) =>
      attempt.kind === "content" ||
      (attempt.kind === "failed" &&
        attempt.failures.some(({ reason }) => reason.kind !== "fault" && reason.kind !== "refused")),
  );
}
