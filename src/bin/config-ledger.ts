import type { Clock } from "../core/index.js";
import { type ConfigOutcome, faultLines, type PolicyInForce } from "../policy/index.js";
import type { ConfigurationStatus } from "../status/index.js";

/** Which configuration counts, and why the newest one does not. */
export interface ConfigLedger {
  /** @param object  as it was offered; a resource tells its generation */
  note(outcome: ConfigOutcome, object?: unknown): void;
  /** A file that cannot be read. */
  fault(reason: string): void;
  status(): ConfigurationStatus;
}

type Facts = Pick<ConfigurationStatus, "generation" | "sinceMs">;

export function createConfigLedger(clock: Clock, inForce: PolicyInForce): ConfigLedger {
  const accepted = new Map<"resource" | "file", Facts>();
  let lastError: ConfigurationStatus["lastError"];
  const fail = (reason: string): void => {
    lastError = { atMs: clock.nowMs(), reason };
  };
  return {
    note: (outcome, object) => {
      const { origin } = outcome;
      if (outcome.kind === "refused") {
        fail(faultLines(outcome.faults).join("; "));
        return;
      }
      lastError = undefined;
      if (outcome.kind === "withdrawn") {
        accepted.delete(origin);
        return;
      }
      const generation = generationOf(object);
      // A list tells of the same object again and again.
      if (generation !== undefined && accepted.get(origin)?.generation === generation) return;
      accepted.set(origin, { sinceMs: clock.nowMs(), ...(generation === undefined ? {} : { generation }) });
    },
    fault: fail,
    status: () => {
      const { config, mode } = inForce.current();
      const origin = accepted.has("resource") ? "resource" : accepted.has("file") ? "file" : "none";
      return {
        origin,
        mode,
        rules: config.rules.length,
        ...(origin === "none" ? {} : accepted.get(origin)),
        ...(lastError === undefined ? {} : { lastError }),
      };
    },
  };
}

function generationOf(object: unknown): number | undefined {
  const metadata = typeof object === "object" && object !== null && "metadata" in object ? object.metadata : undefined;
  const generation =
    typeof metadata === "object" && metadata !== null && "generation" in metadata ? metadata.generation : undefined;
  return typeof generation === "number" ? generation : undefined;
}
