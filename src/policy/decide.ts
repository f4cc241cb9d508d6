import type { Finding } from "../findings/index.js";
import { emptyConfig, type Policy } from "./config.js";
import { byImage, concernsOf, type Ruling, rule, strictestOf } from "./evaluate.js";
import { modeOf } from "./namespace-mode.js";
import { own } from "./selector.js";
import { parseSkip, skipAnnotation } from "./skip-annotation.js";
import type { AuditEntry, Decision, Gravity, Mode, PolicySubject } from "./types.js";
import { cut, told, warningLines } from "./warnings.js";
import { wrapLine } from "./wrap.js";

/** How many images a denial spells out; a terminal shows this many without scrolling. */
const maxDeniedImages = 10;
/** What every terminal has; kubectl breaks no lines itself. */
const terminalWidth = 80;
/** The audit log's events have a limit of their own; so many tell enough. */
const maxAuditEntries = 20;

const urgency: Readonly<Record<Gravity, number>> = { unpullable: 0, unknown: 1, advice: 2 };
const nothingToSay: Decision = { allowed: true, warnings: [] };
const anySubject: PolicySubject = { namespaceLabels: {}, annotations: {} };

/** What the simplest policy makes of findings: a mode and nothing else. */
export function decide(findings: readonly Finding[], mode: Mode): Decision {
  return decideByPolicy({ config: emptyConfig, mode }, findings, anySubject, 0);
}

/** Whether a request need be looked at in the first place. */
export function isOff(policy: Policy, subject: Pick<PolicySubject, "namespaceLabels">): boolean {
  const { mode, isLabelled } = modeOf(policy, subject);
  const { rules, defaults } = policy.config;
  return mode === "off" && (isLabelled || (rules.length === 0 && Object.keys(defaults).length === 0));
}

/**
 * What an admission request's findings lead to. Where anything is denied, the denial says what warnings would; what is
 * pullable or skipped says nothing but its advisories.
 * @param nowMs  milliseconds since the Unix epoch, for exemptions that expire
 */
export function decideByPolicy(
  policy: Policy,
  findings: readonly Finding[],
  subject: PolicySubject,
  nowMs: number,
): Decision {
  const concerns = findings.flatMap(concernsOf);
  if (concerns.length === 0) return nothingToSay;
  const rulings = concerns
    .map((concern) => rule(policy, subject, concern, nowMs))
    .sort((one, other) => urgency[one.concern.gravity] - urgency[other.concern.gravity]);
  const denied = rulings.filter((ruling) => ruling.actions.includes("Deny"));
  const warned = rulings.filter((ruling) => strictestOf(ruling) === "Warn");
  const audit = auditOf(rulings);
  return {
    allowed: denied.length === 0,
    warnings: warningLines(warned, notesOf(policy, subject)),
    ...(denied.length === 0
      ? {}
      : { denial: { code: 403, reason: "Forbidden", message: denialMessage(denied) } as const }),
    ...(audit.length === 0 ? {} : { audit }),
  };
}

function auditOf(rulings: readonly Ruling[]): readonly AuditEntry[] {
  return rulings
    .filter(({ actions }) => actions.includes("Audit"))
    .slice(0, maxAuditEntries)
    .map(({ concern, by }) => ({
      cause: concern.cause,
      gravity: concern.gravity,
      image: cut(concern.finding.image),
      message: cut(concern.message),
      by: cut(by),
    }));
}

/** An annotation that does not count because of how it is written is told of, lest its author wait for its effect. */
function notesOf({ config }: Policy, { annotations }: PolicySubject): readonly string[] {
  const written = own(annotations, skipAnnotation);
  if (written === undefined) return [];
  if (config.overrides.skipAnnotation === "Forbid") {
    return [`the annotation ${skipAnnotation} is ignored: the PullguardConfig does not allow it`];
  }
  const skip = parseSkip(written);
  return skip.kind === "malformed" ? [`the annotation ${skipAnnotation} is ignored: ${skip.message}`] : [];
}

/** One message for all images: kubectl prints it after "admission webhook … denied the request:". */
function denialMessage(denied: readonly Ruling[]): string {
  const images = byImage(denied);
  const items = images.slice(0, maxDeniedImages).flatMap((rulings) => rulings.slice(0, 1).map(denialItem));
  const more = images.length > maxDeniedImages ? [`- and ${images.length - maxDeniedImages} more images`] : [];
  const isCertain = denied.every(({ concern }) => concern.gravity === "unpullable");
  const verb = isCertain ? "that the nodes cannot pull" : "that are denied";
  const subject = images.length === 1 ? `an image ${verb.replace("are", "is")}` : `${images.length} images ${verb}`;
  return [`pullguard found ${subject}:`, ...items, ...more].join("\n");
}

/** A command keeps a line to itself, unbroken, for people copy it. */
function fixLines(fix: string): readonly string[] {
  const [, words = fix, command] = /^(.*?:? ?)((?:kubectl|docker) [a-z].*)$/.exec(fix) ?? [];
  if (command === undefined) return [wrapLine(fix, "  fix: ", terminalWidth)];
  return words.trim() === "" ? [`  fix: ${command}`] : [wrapLine(words, "  fix: ", terminalWidth), `    ${command}`];
}

function denialItem(ruling: Ruling): string {
  const { fix } = ruling.concern;
  const lapsed =
    ruling.expired === undefined
      ? []
      : [wrapLine(`exemption ${ruling.expired.name} expired: ${ruling.expired.expires}`, "  ", terminalWidth)];
  return [
    wrapLine(cut(told(ruling), 400), "- ", terminalWidth),
    ...(fix === null ? [] : fixLines(cut(fix, 400))),
    ...lapsed,
  ].join("\n");
}
