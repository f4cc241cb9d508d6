import type { Finding, Verdict } from "../findings/index.js";
import type { Decision, Mode } from "./types.js";
import { cut, warningLine, warningLines } from "./warnings.js";

/** How many images a denial spells out; a terminal shows this many without scrolling. */
const maxDeniedImages = 10;

const urgency: Readonly<Record<Verdict, number>> = { unpullable: 0, unknown: 1, skipped: 2, pullable: 3 };

/**
 * What an admission request's findings lead to. Only `unpullable` is ever denied, and only in mode `deny`; `unknown` is
 * warned about; what is pullable or skipped says
 * nothing but its advisories.
 */
export function decide(findings: readonly Finding[], mode: Mode): Decision {
  const noteworthy = findings.filter(
    ({ verdict, advisories }) => verdict === "unpullable" || verdict === "unknown" || advisories !== undefined,
  );
  if (noteworthy.length === 0) return nothingToSay;
  const ordered = noteworthy.sort((a, b) => urgency[a.verdict] - urgency[b.verdict]);
  const denied = mode === "deny" ? ordered.filter(({ verdict }) => verdict === "unpullable") : [];
  if (denied.length === 0) return { allowed: true, warnings: warningLines(ordered) };
  return {
    allowed: false,
    warnings: warningLines(ordered.filter(({ verdict }) => verdict !== "unpullable")),
    denial: { code: 403, reason: "Forbidden", message: denialMessage(denied) },
  };
}

const nothingToSay: Decision = { allowed: true, warnings: [] };

/** One message for all images: kubectl prints it after "admission webhook … denied the request:". */
function denialMessage(denied: readonly Finding[]): string {
  const images = denied.slice(0, maxDeniedImages).map((finding) => `\n- ${warningLine(finding)}${fixLine(finding)}`);
  const more = denied.length > maxDeniedImages ? `\n- and ${denied.length - maxDeniedImages} more images` : "";
  const subject =
    denied.length === 1 ? "an image that the nodes cannot pull" : `${denied.length} images that the nodes cannot pull`;
  return `pullguard found ${subject}:${images.join("")}${more}`;
}

function fixLine({ fix }: Finding): string {
  return fix === null ? "" : `\n  fix: ${cut(fix, 400)}`;
}
