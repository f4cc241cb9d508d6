import type { CauseCode, Finding } from "../findings/index.js";
import type { Exemption, Match, Policy } from "./config.js";
import { patternMatches } from "./image-pattern.js";
import { type ModeInForce, modeOf } from "./namespace-mode.js";
import { own, selects } from "./selector.js";
import { parseSkip, skipAnnotation } from "./skip-annotation.js";
import type { Action, Gravity, PolicySubject } from "./types.js";

/** One thing that a finding says: its verdict, or something noticed beside it. */
export interface Concern {
  readonly finding: Finding;
  readonly gravity: Gravity;
  readonly cause: CauseCode | null;
  readonly message: string;
  readonly fix: string | null;
}

/** What a policy makes of a concern. `by` names what decided; `expired` an exemption that would have. */
export interface Ruling {
  readonly concern: Concern;
  readonly actions: readonly Action[];
  readonly by: string;
  readonly expired?: Exemption;
}

const strictness: Readonly<Record<Action, number>> = { Ignore: 0, Audit: 1, Warn: 2, Deny: 3 };

/** What a finding has to say, its verdict first; nothing for an image that is pulled or skipped without further ado. */
export function concernsOf(finding: Finding): readonly Concern[] {
  const { verdict, cause, message, fix, advisories = [] } = finding;
  const own: readonly Concern[] =
    verdict === "unpullable" || verdict === "unknown" ? [{ finding, gravity: verdict, cause, message, fix }] : [];
  return [...own, ...advisories.map((advisory): Concern => ({ ...advisory, finding, gravity: "advice" }))];
}

/** Applies a policy to one concern. @param nowMs  decides whether exemptions still count */
export function rule(policy: Policy, subject: PolicySubject, concern: Concern, nowMs: number): Ruling {
  const { exemptions, overrides, enforcement } = policy.config;
  const exempting = exemptions.filter(({ match }) => matches(match, subject, concern) !== false);
  const valid = exempting.find(({ expiresMs }) => nowMs < expiresMs);
  const found = actionsFor(policy, subject, concern);
  const strictest = enforcement.get(concern.finding.workload.kind);
  const mode = modeOf(policy, subject);
  const capped = capByMode(strictest === undefined ? found.actions : cap(found.actions, strictest), mode);
  if (valid !== undefined) {
    return { concern, actions: cap(capped, "Audit"), by: `exemption ${valid.name}: ${valid.reason}` };
  }
  const skip = skipOf(overrides.skipAnnotation, subject, concern);
  if (skip !== undefined && (overrides.skipAnnotation === "Allow" || !capped.includes("Deny"))) {
    return { concern, actions: cap(capped, "Audit"), by: `annotation ${skipAnnotation}: ${skip}` };
  }
  const [expired] = exempting;
  return { concern, actions: capped, by: found.by, ...(expired === undefined ? {} : { expired }) };
}

/** Rulings image by image, each image at the place of its first. */
export function byImage(rulings: readonly Ruling[]): readonly (readonly Ruling[])[] {
  const groups = new Map<Finding, Ruling[]>();
  for (const ruling of rulings) {
    const group = groups.get(ruling.concern.finding);
    if (group === undefined) groups.set(ruling.concern.finding, [ruling]);
    else group.push(ruling);
  }
  return [...groups.values()];
}

/** The strictest of a ruling's actions. */
export function strictestOf({ actions }: Ruling): Action {
  return [...actions].sort((a, b) => strictness[b] - strictness[a])[0] ?? "Ignore";
}

interface Found {
  readonly actions: readonly Action[];
  readonly by: string;
}

/**
 * The first rule that matches. One of which that cannot be said, because labels are missing, may or may not be it: of all
 * that may be it the mildest holds, so that nothing is denied by mistake.
 */
function actionsFor(policy: Policy, subject: PolicySubject, concern: Concern): Found {
  const possible: Found[] = [];
  for (const { name, match, actions } of policy.config.rules) {
    const answer = matches(match, subject, concern);
    if (answer === false) continue;
    const names = concern.cause !== null && match.causes?.includes(concern.cause) === true;
    possible.push({ actions: certain(actions, concern, names), by: `rule ${name}` });
    if (answer === true) return mildest(possible);
  }
  const set = policy.config.defaults[concern.gravity] ?? defaultActions(policy, subject, concern.gravity);
  return mildest([...possible, { actions: certain(set, concern, false), by: "the default" }]);
}

/** What Pullguard did not look at, for lack of room, must let everything pass whatever rules say. */
const unasked: ReadonlySet<CauseCode> = new Set<CauseCode>(["RegistryNotAsked", "PullguardOverloaded"]);

/** What is not certain to fail is denied only where a rule names that very cause. */
function certain(actions: readonly Action[], { gravity, cause }: Concern, namesCause: boolean): readonly Action[] {
  if (cause !== null && unasked.has(cause)) return cap(actions, "Warn");
  return gravity === "unpullable" || namesCause ? actions : cap(actions, "Warn");
}

function mildest(possible: readonly Found[]): Found {
  const rank = ({ actions }: Found): number => Math.max(...actions.map((action) => strictness[action]));
  const [first, ...others] = possible;
  if (first === undefined) return { actions: ["Warn"], by: "the default" };
  return others.reduce((least, next) => (rank(next) < rank(least) ? next : least), first);
}

function defaultActions(policy: Policy, subject: PolicySubject, gravity: Gravity): readonly Action[] {
  switch (modeOf(policy, subject).mode) {
    case "deny":
      return gravity === "unpullable" ? ["Deny"] : ["Warn"];
    case "warn":
      return ["Warn"];
    case "audit":
      return ["Audit"];
    case "off":
      return ["Ignore"];
  }
}

/** What a namespace says of itself also softens what rules say; the server's own mode only fills their gaps. */
function capByMode(actions: readonly Action[], { mode, isLabelled }: ModeInForce): readonly Action[] {
  if (!isLabelled) return actions;
  switch (mode) {
    case "off":
      return ["Ignore"];
    case "audit":
      return cap(actions, "Audit");
    case "warn":
      return cap(actions, "Warn");
    case "deny":
      return actions;
  }
}

/** No action stricter than `strictest`; those that become the same are one, and Ignore beside another is nothing. */
function cap(actions: readonly Action[], strictest: Action): readonly Action[] {
  const capped = new Set(actions.map((action) => (strictness[action] > strictness[strictest] ? strictest : action)));
  if (capped.size > 1) capped.delete("Ignore");
  return [...capped];
}

/** Undefined where it depends on labels that could not be read. */
function matches(match: Match, { namespaceLabels }: PolicySubject, concern: Concern): boolean | undefined {
  const { finding, cause, gravity } = concern;
  const { workload, image } = finding;
  if (match.verdicts?.includes(gravity) === false) return false;
  if (match.kinds?.includes(workload.kind) === false) return false;
  if (match.causes !== undefined && (cause === null || !match.causes.includes(cause))) return false;
  if (match.images?.some((pattern) => patternMatches(pattern, image)) === false) return false;
  return match.namespaceSelector === undefined
    ? true
    : selects(match.namespaceSelector, workload.namespace, namespaceLabels);
}

function skipOf(override: string, { annotations }: PolicySubject, { cause }: Concern): string | undefined {
  const written = own(annotations, skipAnnotation);
  if (override === "Forbid" || written === undefined || cause === null) return undefined;
  const skip = parseSkip(written);
  return skip.kind === "skip" && skip.causes.includes(cause) ? skip.reason : undefined;
}
