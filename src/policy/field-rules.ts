import { type CauseCode, causeCodes } from "../findings/index.js";
import type { Action } from "./types.js";

/** What is wrong with one field's value, in words that follow its path; undefined for a sound one. */
export type FieldRule = (text: string) => string | undefined;

const labelPart = /^[A-Za-z0-9](?:[-_.A-Za-z0-9]*[A-Za-z0-9])?$/;
const dnsLabel = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** Source: k8s.io/apimachinery pkg/util/validation `IsQualifiedName`. */
export const labelKey: FieldRule = (text) => {
  const [name = "", prefix, ...more] = text.split("/").reverse();
  const isSound =
    more.length === 0 && name.length <= 63 && labelPart.test(name) && (prefix === undefined || isSubdomain(prefix));
  return isSound ? undefined : "must be a label key such as team or example.com/team";
};

/** Source: k8s.io/apimachinery pkg/util/validation `IsValidLabelValue`. */
export const labelValue: FieldRule = (text) =>
  text === "" || (text.length <= 63 && labelPart.test(text)) ? undefined : "must be a label value";

export const objectName: FieldRule = (text) => (isSubdomain(text) ? undefined : "must be the name of an object");

export const namespaceName: FieldRule = (text) => (dnsLabel.test(text) ? undefined : "must be the name of a namespace");

export const ruleName: FieldRule = (text) =>
  dnsLabel.test(text) ? undefined : "must consist of lower case letters, digits and hyphens";

export const apiGroup: FieldRule = (text) =>
  isSubdomain(text) ? undefined : "must be an API group such as argoproj.io";

export const kindName: FieldRule = (text) =>
  /^[A-Z][A-Za-z0-9]*$/.test(text) ? undefined : "must be a kind such as Rollout";

/** `registry.example.com`, `registry.example.com:5000`, `*.example.com`, `10.0.0.1:5000`, `[::1]:5000`. */
export const dialHost: FieldRule = (text) =>
  /^(?:\*\.)?[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?(?::\d{1,5})?$/.test(text) ||
  /^\[[0-9A-Fa-f:.]+\](?::\d{1,5})?$/.test(text)
    ? undefined
    : "must be a host such as registry.example.com, *.example.com or 10.0.0.1:5000";

/** Registry and path, without tag. */
export const repositoryPrefix: FieldRule = (text) =>
  /^(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9-.]+:\d{1,5}|localhost:\d{1,5})(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/.test(
    text,
  )
    ? undefined
    : "must be a registry, with or without a path, such as docker.io/library";

function isSubdomain(text: string): boolean {
  return text.length <= 253 && text.split(".").every((part) => dnsLabel.test(part));
}

export function isCauseCode(text: string): text is CauseCode {
  return causeCodes.some((code) => code === text);
}

/** For a code that does not exist. */
export function unknownCause(text: string): string {
  const near = causeCodes.find((code) => code.toLowerCase() === text.toLowerCase()) ?? nearest(text, causeCodes);
  return `there is no cause ${JSON.stringify(text.slice(0, 64))}${near === undefined ? "" : `; do you mean ${near}?`}`;
}

/** For a name that is none of those known. */
export function nearest(text: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((candidate) => ({ candidate, steps: distance(text.slice(0, 64), candidate) }))
    .sort((one, other) => one.steps - other.steps);
  return best !== undefined && best.steps <= Math.max(2, best.candidate.length / 4) ? best.candidate : undefined;
}

function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, character] of [...one].entries()) {
    const next = [index + 1];
    for (const [at, wanted] of [...other].entries()) {
      const swap = (row[at] ?? 0) + (character === wanted ? 0 : 1);
      next.push(Math.min((next[at] ?? 0) + 1, (row[at + 1] ?? 0) + 1, swap));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** Actions that contradict each other. Source: ValidatingAdmissionPolicyBinding `validationActions`. */
export function actionsFault(actions: readonly Action[]): string | undefined {
  if (new Set(actions).size < actions.length) return "names an action twice";
  if (actions.length > 1 && actions.includes("Ignore")) return "Ignore must stand alone";
  if (actions.includes("Deny") && actions.includes("Warn")) {
    return "Deny and Warn exclude each other: a denial says all that a warning would";
  }
  return undefined;
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** A Go duration in milliseconds, or what is wrong with it. */
export function durationMs(text: string, leastMs: number, mostMs: number): number | string {
  const parts = /^(?:\d+(?:\.\d+)?(?:ms|s|m))+$/.test(text) ? text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m)/g) : [];
  let totalMs = 0;
  for (const [, amount, unit] of parts) totalMs += Number(amount) * (unitMs[unit ?? ""] ?? 0);
  if (totalMs === 0) return "must be a duration such as 5s or 1500ms";
  if (totalMs < leastMs || totalMs > mostMs) return `must be from ${leastMs}ms to ${mostMs / 1000}s`;
  return totalMs;
}

/** `2026-12-31` (the whole day, UTC) or an RFC 3339 time, in milliseconds since the Unix epoch; undefined for neither. */
export function expiryMs(text: string): number | undefined {
  const [, year, month, day, time] =
    /^(\d{4})-(\d\d)-(\d\d)(T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))?$/.exec(text) ?? [];
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const startMs = Date.UTC(Number(year), Number(month) - 1, Number(day));
  // JavaScript counts on where a month has no such day.
  if (!new Date(startMs).toISOString().startsWith(`${year}-${month}-${day}`)) return undefined;
  if (time === undefined) return startMs + 86_400_000;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : atMs;
}
