import type { Finding } from "../findings/index.js";

/** Kubernetes cuts longer warnings itself and drops what exceeds the total. Source: apiserver pkg/warning, 256 and 4096. */
const maxWarningLength = 256;
const maxTotalLength = 4096;

/** One line for one finding: cause and field first, because tools cut at the end. */
export function warningLine(finding: Finding): string {
  return line(finding, finding.cause ?? finding.verdict, finding.message);
}

function line(finding: Finding, cause: string, message: string): string {
  const [path = "", ...more] = finding.fieldPaths;
  const where = more.length === 0 ? path : `${path} (and ${more.length} more)`;
  return cut(`${cause}: ${where} ${JSON.stringify(short(finding.image))}: ${message}`);
}

/** The verdict, where it says anything, then what was noticed beside it. */
function linesOf(finding: Finding): readonly string[] {
  const advice = (finding.advisories ?? []).map(({ cause, message }) => line(finding, cause, message));
  const isSilent = finding.verdict === "pullable" || finding.verdict === "skipped";
  return isSilent && advice.length > 0 ? advice : [warningLine(finding), ...advice];
}

/** The warnings of one answer, most important first, within Kubernetes' limits; what does not fit is counted. */
export function warningLines(findings: readonly Finding[]): readonly string[] {
  const lines: string[] = [];
  let total = 0;
  for (const [index, finding] of findings.entries()) {
    const own = linesOf(finding);
    const length = own.reduce((sum, { length }) => sum + length, 0);
    const rest = `pullguard: ${findings.length - index} more images have findings`;
    if (total + length > maxTotalLength - rest.length) return [...lines, rest];
    lines.push(...own);
    total += length;
  }
  return lines;
}

/** Control characters would break the HTTP Warning header that carries it. */
export function cut(text: string, length = maxWarningLength): string {
  const flat = text.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
  return flat.length <= length ? flat : `${flat.slice(0, length - 1)}…`;
}

function short(image: string): string {
  return image.length <= 100 ? image : `${image.slice(0, 99)}…`;
}
