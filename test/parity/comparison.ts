import type { PullResult } from "../support/real/index.js";
import type { Prediction } from "./predict.js";
import type { ParityCase } from "./scenario.js";

/** One pull with both answers. `prediction` is absent where nobody was asked. */
export interface Compared {
  readonly asked: ParityCase;
  /** With digests filled in. */
  readonly image: string;
  readonly real: PullResult;
  readonly prediction?: Prediction;
}

const outcomes = ["pulled", "failed", "pending"] as const;
const verdicts = ["pullable", "unpullable", "skipped", "unknown"] as const;

/** Pullguard would have refused what the runtime pulls. */
export function falseDenials(compared: readonly Compared[]): readonly Compared[] {
  return compared.filter((one) => one.real.outcome === "pulled" && one.prediction?.verdict === "unpullable");
}

/** Pullguard would have let pass what the runtime does not pull. */
export function missedFailures(compared: readonly Compared[]): readonly Compared[] {
  return compared.filter((one) => one.real.outcome !== "pulled" && one.prediction?.verdict === "pullable");
}

/** Sound pulls that Pullguard could not vouch for: no harm, but no use either. */
export function undecidedPulls(compared: readonly Compared[]): readonly Compared[] {
  return compared.filter((one) => one.real.outcome === "pulled" && one.prediction?.verdict === "unknown");
}

function saidBy(real: PullResult): string {
  return real.outcome === "failed" ? `${real.code}: ${real.message}` : real.outcome;
}

function listed(title: string, compared: readonly Compared[]): string[] {
  const lines = compared.map(
    (one) =>
      `  ${one.asked.id}  ${one.image}\n    runtime:   ${saidBy(one.real)}\n    pullguard: ${one.prediction?.verdict} ${one.prediction?.cause ?? ""} ${one.prediction?.message ?? ""}`,
  );
  return [`${title}: ${compared.length}`, ...lines];
}

/** The disagreements, worst first, then the confusion table: rows what the runtime did, columns what was predicted. */
export function renderComparison(compared: readonly Compared[]): string {
  const rows = outcomes.map((outcome) => {
    const counts = verdicts.map(
      (verdict) => compared.filter((one) => one.real.outcome === outcome && one.prediction?.verdict === verdict).length,
    );
    return [outcome, ...counts].map((cell) => String(cell).padStart(12)).join("");
  });
  return [
    ...listed("false denials", falseDenials(compared)),
    ...listed("missed failures", missedFailures(compared)),
    ...listed("sound pulls called unknown", undecidedPulls(compared)),
    ["", ...verdicts].map((cell) => cell.padStart(12)).join(""),
    ...rows,
  ].join("\n");
}
