import { faultLines, parseConfig } from "../policy/index.js";
import { type AdmissionAnswer, type AdmissionRequestView, reviewAnswer } from "./review.js";

const allowed = { allowed: true, warnings: [] } as const;
/** So many faults are mended in one go; a longer list is no help. */
const maxFaults = 20;

/**
 * Answers a request to create or change a PullguardConfig: refused with the path of each fault where it is not valid, as
 * it then would change nothing. Exemptions that have expired already are worth a warning.
 */
export function reviewConfig(request: AdmissionRequestView, nowMs: number): AdmissionAnswer {
  const { kind, operation, subResource, uid } = request;
  const isConfig = kind.group === "pullguard.dev" && kind.kind === "PullguardConfig" && subResource === "";
  if (!isConfig || (operation !== "CREATE" && operation !== "UPDATE")) return reviewAnswer(uid, allowed);
  const parsed = parseConfig(request.object, "resource");
  if (parsed.kind === "config") {
    const warnings = parsed.config.exemptions.flatMap(({ name, expires, expiresMs }, index) =>
      expiresMs <= nowMs ? [`spec.exemptions[${index}]: ${name} has expired (${expires}) and no longer counts`] : [],
    );
    return reviewAnswer(uid, { allowed: true, warnings: warnings.slice(0, maxFaults) });
  }
  const lines = faultLines(parsed.faults);
  const shown = lines.slice(0, maxFaults).map((line) => `- ${line}`);
  const more = lines.length > maxFaults ? [`- and ${lines.length - maxFaults} more`] : [];
  const message = ["the PullguardConfig is not valid:", ...shown, ...more].join("\n");
  return reviewAnswer(uid, { allowed: false, warnings: [], denial: { code: 422, reason: "Invalid", message } });
}
