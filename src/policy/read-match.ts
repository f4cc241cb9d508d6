import type { CauseCode } from "../findings/index.js";
import type { Match } from "./config.js";
import type { RuleDocument, SelectorDocument } from "./config-schema.js";
import { isCauseCode, labelKey, labelValue, nearest, unknownCause } from "./field-rules.js";
import { type ImagePattern, parseImagePattern } from "./image-pattern.js";
import type { LabelSelector } from "./selector.js";

/** Takes down what is wrong at a path; undefined for nothing. */
export type FaultList = (path: string, reason: string | undefined) => void;

/** Reads what a rule or an exemption is about. @param kinds  the kinds of workload there are */
export function readMatch(
  match: NonNullable<RuleDocument["match"]>,
  path: string,
  kinds: readonly string[],
  faults: FaultList,
): Match {
  const { namespaceSelector, images, causes, verdicts } = match;
  for (const [index, kind] of (match.kinds ?? []).entries()) {
    if (!kinds.includes(kind)) faults(`${path}.kinds[${index}]`, unknownKind(kind, kinds));
  }
  return {
    ...(namespaceSelector === undefined
      ? {}
      : { namespaceSelector: readSelector(namespaceSelector, `${path}.namespaceSelector`, faults) }),
    ...(images === undefined ? {} : { images: readImages(images, `${path}.images`, faults) }),
    ...(match.kinds === undefined ? {} : { kinds: match.kinds }),
    ...(causes === undefined ? {} : { causes: readCauses(causes, `${path}.causes`, faults) }),
    ...(verdicts === undefined ? {} : { verdicts }),
  };
}

/** Reads a list of image patterns. */
export function readImages(texts: readonly string[], path: string, faults: FaultList): readonly ImagePattern[] {
  return texts.flatMap((text, index) => {
    const pattern = parseImagePattern(text);
    if (typeof pattern !== "string") return [pattern];
    faults(`${path}[${index}]`, pattern);
    return [];
  });
}

/** For a kind that runs no Pods, as far as Pullguard knows. */
export function unknownKind(kind: string, kinds: readonly string[]): string {
  const near = nearest(kind, kinds);
  const advice = near === undefined ? "; custom ones are declared in spec.podTemplates" : `; do you mean ${near}?`;
  return `${JSON.stringify(kind.slice(0, 64))} is no kind of workload${advice}`;
}

function readCauses(texts: readonly string[], path: string, faults: FaultList): readonly CauseCode[] {
  return texts.flatMap((text, index) => {
    if (isCauseCode(text)) return [text];
    faults(`${path}[${index}]`, unknownCause(text));
    return [];
  });
}

function readSelector(selector: SelectorDocument, path: string, faults: FaultList): LabelSelector {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  for (const [key, value] of Object.entries(matchLabels)) {
    const at = `${path}.matchLabels[${JSON.stringify(key.slice(0, 64))}]`;
    faults(at, labelKey(key) ?? labelValue(value));
  }
  const requirements = matchExpressions.map(({ key, operator, values = [] }, index) => {
    const at = `${path}.matchExpressions[${index}]`;
    const takesValues = operator === "In" || operator === "NotIn";
    faults(`${at}.key`, labelKey(key));
    if (takesValues && values.length === 0) faults(`${at}.values`, `must not be empty with ${operator}`);
    if (!takesValues && values.length > 0) faults(`${at}.values`, `must be left out with ${operator}`);
    for (const [position, value] of values.entries()) faults(`${at}.values[${position}]`, labelValue(value));
    return { key, operator, values };
  });
  return { matchLabels, matchExpressions: requirements };
}
