import type { Finding } from "../findings/index.js";
import { byImage, type Ruling } from "./evaluate.js";

/** Kubernetes cuts longer warnings itself and drops what exceeds the total. Source: apiserver pkg/warning, 256 and 4096. */
const maxWarningLength = 256;
const maxTotalLength = 4096;
/** So many images are told of one by one; more nobody reads above the output of a deployment. */
const maxWarnings = 10;

/**
 * The warnings of one answer: one an image, in the order given, within Kubernetes' limits; what does not fit is counted.
 * @param rulings  those to warn of
 * @param notes    of other matters, told last
 */
export function warningLines(rulings: readonly Ruling[], notes: readonly string[] = []): readonly string[] {
  const images = byImage(rulings);
  const last = notes.map((note) => cut(note));
  const room = maxTotalLength - last.reduce((sum, { length }) => sum + length, 0);
  const lines: string[] = [];
  let total = 0;
  for (const [index, own] of images.entries()) {
    const text = lineOfImage(own);
    const rest = `pullguard: and ${images.length - index} more images with findings`;
    if (index === maxWarnings || total + text.length > room - rest.length) return [...lines, rest, ...last];
    lines.push(text);
    total += text.length;
  }
  return [...lines, ...last];
}

/** Warnings that are about no finding, each once, within Kubernetes' limits; what does not fit is counted. */
export function noteLines(notes: readonly string[]): readonly string[] {
  const lines = [...new Set(notes.map((note) => cut(note)))];
  if (lines.length <= maxWarnings) return lines;
  return [...lines.slice(0, maxWarnings), `pullguard: and ${lines.length - maxWarnings} more`];
}

/** What was noticed beside the most important is named only: `pullguard explain` tells the rest. */
function lineOfImage(rulings: readonly Ruling[]): string {
  const [first, ...others] = rulings;
  if (first === undefined) return "";
  const also = others.length === 0 ? "" : ` (also: ${others.map(({ concern }) => concern.cause).join(", ")})`;
  const expired = rulings.find((ruling) => ruling.expired !== undefined)?.expired;
  const lapsed = expired === undefined ? "" : ` (exemption ${expired.name} expired: ${expired.expires})`;
  const suffix = `${also}${lapsed}`.slice(0, maxWarningLength / 2);
  return cut(told(first), maxWarningLength - suffix.length) + suffix;
}

/** Cause, place, image and what is the matter, in one line of any length; cause and place first, because tools cut at the end. */
export function told({ concern }: Ruling): string {
  return lineOf(concern.finding, concern.cause ?? concern.gravity, concern.message);
}

function lineOf(finding: Finding, cause: string, message: string): string {
  const [path = "", ...more] = finding.fieldPaths;
  const where = more.length === 0 ? path : `${path} (and ${more.length} more)`;
  return `${cause}: ${where} ${JSON.stringify(short(finding.image))}: ${message}`;
}

/** Control characters would break the HTTP Warning header that carries it. */
export function cut(text: string, length = maxWarningLength): string {
  const flat = text.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
  return flat.length <= length ? flat : `${flat.slice(0, length - 1)}…`;
}

function short(image: string): string {
  return image.length <= 100 ? image : `${image.slice(0, 99)}…`;
}
