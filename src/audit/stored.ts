import { entriesOf, memberOf, textOf, timeOf } from "../core/index.js";
import type { CauseCode } from "../findings/index.js";
import type { BudgetState } from "./budget.js";
import { grouped } from "./grouped.js";
import { type ImageRecord, isBad, type QuestionRecord, type ResolvedRecord } from "./state.js";
import type { AuditAnswer, ExpiryForecast } from "./types.js";

/** What one object of the cluster holds of one registry's state: no secret, images readable, questions by their keys. */
export interface AuditChunk {
  readonly registry: string;
  readonly budgets: readonly { readonly host: string; readonly state: BudgetState }[];
  readonly images: readonly ImageRecord[];
  readonly forecasts: readonly ExpiryForecast[];
  /** When certificates and credentials were last looked at; NaN: never. */
  readonly forecastMs: number;
}

/** Of one image at most so many different answers, and questions, are written down; others are asked again after a restart. */
const maxFindings = 200;
const maxQuestions = 20_000;
const maxText = 1024;

/** As it is stored: texts, times in ISO 8601, questions that have the same answer together. */
export function encodeChunk({ registry, budgets, images, forecasts, forecastMs }: AuditChunk): object {
  return {
    registry,
    budgets: budgets.map(({ host, state }) => ({ host, tokens: Math.floor(state.tokens), at: timeText(state.atMs) })),
    ...(Number.isNaN(forecastMs) ? {} : { forecastAt: timeText(forecastMs) }),
    forecasts: forecasts.map(({ expires, note, ...rest }) => ({
      ...rest,
      ...(expires === null ? {} : { expires }),
      ...(note === null ? {} : { note }),
    })),
    images: images.map(encodeImage),
  };
}

function encodeImage(record: ImageRecord): object {
  const { image, askedMs, answeredMs, current, questions, resolved } = record;
  return {
    image,
    asked: timeText(askedMs),
    ...(Number.isNaN(answeredMs) ? {} : { answered: timeText(answeredMs) }),
    ...(current === undefined ? {} : { digests: [...current.digests], digestsComplete: current.isComplete }),
    answers: encodeAnswers(questions),
    ...(resolved.length === 0 ? {} : { resolved: resolved.map(encodeResolved) }),
  };
}

function encodeAnswers(questions: ImageRecord["questions"]): readonly object[] {
  const entries = [...questions].slice(0, maxQuestions);
  const groups = grouped(entries, ([, { answer, firstMs }]) =>
    // Since when something is sound is of no interest, and would keep apart what is equal.
    JSON.stringify([answer, isBad(answer.verdict) ? Math.floor(firstMs / 1000) : 0]),
  );
  return [...groups.values()].slice(0, maxFindings).map((group) => {
    const [, first] = group[0] ?? [];
    const keys = group.map(([key]) => key);
    return { questions: keys, ...(first === undefined ? {} : encodeAnswer(first)) };
  });
}

function encodeAnswer({ answer, firstMs }: QuestionRecord): object {
  const { verdict, cause, kubeletReason, message, fix, digest, advisories } = answer;
  return {
    verdict,
    ...(cause === null ? {} : { cause }),
    ...(kubeletReason === null ? {} : { kubeletReason }),
    message: message.slice(0, maxText),
    ...(fix === null ? {} : { fix: fix.slice(0, maxText) }),
    ...(digest === null ? {} : { digest }),
    ...(advisories.length === 0
      ? {}
      : {
          advisories: advisories.slice(0, 5).map((each) => ({
            cause: each.cause,
            message: each.message.slice(0, maxText),
            ...(each.fix === null ? {} : { fix: each.fix.slice(0, maxText) }),
          })),
        }),
    since: timeText(firstMs),
  };
}

function encodeResolved({ cause, firstMs, resolvedMs, workloads }: ResolvedRecord): object {
  return {
    ...(cause === null ? {} : { cause }),
    since: timeText(firstMs),
    resolved: timeText(resolvedMs),
    workloads: workloads.map(({ apiVersion, kind, namespace, name }) => ({ apiVersion, kind, namespace, name })),
  };
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

/** Reads what was stored; whatever else is in it is left out, and what cannot be read counts as not there. Never throws. */
export function decodeChunk(value: unknown): AuditChunk {
  const registry = textOf(memberOf(value, "registry"));
  return {
    registry,
    budgets: entriesOf(memberOf(value, "budgets")).flatMap((entry) => {
      const [host, tokens, atMs] = [
        textOf(memberOf(entry, "host")),
        memberOf(entry, "tokens"),
        timeOf(memberOf(entry, "at")),
      ];
      return host === "" || typeof tokens !== "number" || Number.isNaN(atMs) ? [] : [{ host, state: { tokens, atMs } }];
    }),
    images: entriesOf(memberOf(value, "images")).flatMap((entry) => decodeImage(entry, registry)),
    forecasts: entriesOf(memberOf(value, "forecasts")).flatMap(decodeForecast),
    forecastMs: timeOf(memberOf(value, "forecastAt")),
  };
}

function decodeImage(entry: unknown, registry: string): readonly ImageRecord[] {
  const image = textOf(memberOf(entry, "image"));
  const askedMs = timeOf(memberOf(entry, "asked"));
  if (image === "" || Number.isNaN(askedMs)) return [];
  const questions = new Map<string, QuestionRecord>();
  for (const group of entriesOf(memberOf(entry, "answers"))) {
    const record = decodeAnswer(group);
    if (record === undefined) continue;
    for (const key of entriesOf(memberOf(group, "questions"))) if (typeof key === "string") questions.set(key, record);
  }
  const digests = memberOf(entry, "digests");
  const isComplete = memberOf(entry, "digestsComplete") === true;
  return [
    {
      ...{ image, registry, askedMs, questions },
      answeredMs: timeOf(memberOf(entry, "answered")),
      ...(Array.isArray(digests) ? { current: { digests: digests.map(textOf), isComplete } } : {}),
      resolved: entriesOf(memberOf(entry, "resolved")).flatMap(decodeResolved),
    },
  ];
}

const verdicts = ["pullable", "unpullable", "skipped", "unknown"] as const;

function decodeAnswer(group: unknown): QuestionRecord | undefined {
  const verdict = verdicts.find((each) => each === memberOf(group, "verdict"));
  const firstMs = timeOf(memberOf(group, "since"));
  if (verdict === undefined || Number.isNaN(firstMs)) return undefined;
  const advisories = entriesOf(memberOf(group, "advisories")).flatMap((each) => {
    const cause = causeOf(each);
    return cause === null
      ? []
      : [{ cause, message: textOf(memberOf(each, "message")), fix: orNull(memberOf(each, "fix")) }];
  });
  const answer: AuditAnswer = {
    verdict,
    cause: causeOf(group),
    kubeletReason: orNull(memberOf(group, "kubeletReason")) as AuditAnswer["kubeletReason"],
    message: textOf(memberOf(group, "message")),
    fix: orNull(memberOf(group, "fix")),
    digest: orNull(memberOf(group, "digest")),
    advisories,
  };
  return { answer, firstMs };
}

function decodeResolved(entry: unknown): readonly ResolvedRecord[] {
  const [firstMs, resolvedMs] = [timeOf(memberOf(entry, "since")), timeOf(memberOf(entry, "resolved"))];
  if (Number.isNaN(firstMs) || Number.isNaN(resolvedMs)) return [];
  const workloads = entriesOf(memberOf(entry, "workloads")).map((each) => ({
    apiVersion: textOf(memberOf(each, "apiVersion")),
    kind: textOf(memberOf(each, "kind")),
    namespace: textOf(memberOf(each, "namespace")),
    name: textOf(memberOf(each, "name")),
  }));
  return [{ cause: causeOf(entry), firstMs, resolvedMs, workloads }];
}

const things = ["certificate", "intermediate", "authority", "credential"] as const;

function decodeForecast(entry: unknown): readonly ExpiryForecast[] {
  const what = things.find((each) => each === memberOf(entry, "what"));
  if (what === undefined) return [];
  const [registry, name] = [textOf(memberOf(entry, "registry")), textOf(memberOf(entry, "name"))];
  return [{ what, registry, name, expires: orNull(memberOf(entry, "expires")), note: orNull(memberOf(entry, "note")) }];
}

/** A release before or after this one may have had other codes; they are shown as they are. */
function causeOf(value: unknown): CauseCode | null {
  return orNull(memberOf(value, "cause")) as CauseCode | null;
}

function orNull(value: unknown): string | null {
  return textOf(value) || null;
}
