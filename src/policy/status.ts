import type { ConfigOutcome } from "./in-force.js";
import { faultLines } from "./parse-config.js";

/** The status of a PullguardConfig, as its CRD describes it. */
export interface ConfigStatus {
  readonly observedGeneration: number;
  readonly conditions: readonly ConfigCondition[];
  /** How many rules are in force because of it; 0 for a configuration that was refused. */
  readonly rules: number;
  readonly expiredExemptions: readonly string[];
}

/** A condition as Kubernetes has them. */
export interface ConfigCondition {
  readonly type: "Accepted";
  readonly status: "True" | "False";
  readonly reason: "Valid" | "Invalid";
  readonly message: string;
  readonly observedGeneration: number;
  /** RFC 3339, whole seconds; when `status` last became another. */
  readonly lastTransitionTime: string;
}

/** The API server takes 32 KiB for the message of a condition. */
const maxMessageLength = 4096;

/**
 * What to write into the resource's status about what became of it.
 * @param object  the resource as the API server has it
 */
export function configStatus(outcome: ConfigOutcome, object: unknown, nowMs: number): ConfigStatus | undefined {
  if (outcome.kind === "withdrawn") return undefined;
  const generation = memberOf(memberOf(object, "metadata"), "generation");
  const observedGeneration = typeof generation === "number" ? generation : 0;
  const status = outcome.kind === "accepted" ? "True" : "False";
  const message =
    outcome.kind === "accepted"
      ? "in force"
      : `not in force, the last valid one stays: ${faultLines(outcome.faults).join("; ")}`.slice(0, maxMessageLength);
  const condition: ConfigCondition = {
    type: "Accepted",
    status,
    reason: outcome.kind === "accepted" ? "Valid" : "Invalid",
    message,
    observedGeneration,
    lastTransitionTime: transitionTime(object, status) ?? `${new Date(nowMs).toISOString().slice(0, 19)}Z`,
  };
  if (outcome.kind === "refused")
    return { observedGeneration, conditions: [condition], rules: 0, expiredExemptions: [] };
  const { rules, exemptions } = outcome.config;
  return {
    observedGeneration,
    conditions: [condition],
    rules: rules.length,
    expiredExemptions: exemptions.filter(({ expiresMs }) => expiresMs <= nowMs).map(({ name }) => name),
  };
}

/** The time that the status names already, while it says the same. */
function transitionTime(object: unknown, status: string): string | undefined {
  const conditions = memberOf(memberOf(object, "status"), "conditions");
  const before: unknown = Array.isArray(conditions)
    ? conditions.find((condition: unknown) => memberOf(condition, "type") === "Accepted")
    : undefined;
  const time = memberOf(before, "lastTransitionTime");
  return memberOf(before, "status") === status && typeof time === "string" ? time : undefined;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
