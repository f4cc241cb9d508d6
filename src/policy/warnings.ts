import type { Finding } from "../findings/index.js";

/** Kubernetes cuts longer warnings itself and drops what exceeds the total. Source: apiserver pkg/warning, 256 and 4096. */
const maxWarningLength = 256;
const maxTotalLength = 4096;

/** One line for one finding: cause and field first, because tools cut at the end. */
export function warningLine(finding: Finding): string {
  const cause = finding.cause ?? finding.verdict;
  const [path = "", ...more] = finding.fieldPaths;
  const where = more.length === 0 ? path : `${path} (and ${more.length} more)`;
  return cut(`${cause}: ${where} ${JSON.stringify(short(finding.image))}: ${finding.message}`);
}

/** The warnings of one answer, most important first, within Kubernetes' limits; what does not fit is counted. */
export function warningLines(findings: readonly Finding[]): readonly string[] {
  const lines: string[] = [];
  let total = 0;
  for (const [index, finding] of findings.entries()) {
    const line = warningLine(finding);
    const rest = `pullguard: ${findings.length - index} more images have findings`;
    if (total + line.length > maxTotalLength - rest.length) return [...lines, rest];
    lines.push(line);
    total += line.length;
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
