import { z } from "zod";

/** An advisory that is borne with until a day. */
export interface Accepted {
  /** `GHSA-…`. */
  readonly id: string;
  readonly reason: string;
  /** `2027-01-31`, the last day. */
  readonly until: string;
}

/** What became of asking the registry for advisories. */
export type AuditOutcome =
  | { readonly kind: "clean"; readonly accepted: readonly string[] }
  | { readonly kind: "found"; readonly lines: readonly string[] }
  /** The registry does not answer such questions, or cannot be reached. */
  | { readonly kind: "unreachable"; readonly reason: string };

const acceptedSchema = z.array(
  z.strictObject({
    id: z.string().regex(/^GHSA(?:-[0-9a-z]{4}){3}$/),
    reason: z.string().min(10),
    until: z.iso.date(),
  }),
);

const reportSchema = z.object({
  vulnerabilities: z.record(
    z.string(),
    z.looseObject({
      severity: z.string(),
      via: z.array(z.union([z.string(), z.looseObject({ url: z.string(), title: z.string(), severity: z.string() })])),
    }),
  ),
});

const errorSchema = z.looseObject({
  message: z.string().optional(),
  error: z.looseObject({ summary: z.string().nullish(), code: z.string().nullish() }).optional(),
});

/** Reads supply/accepted-advisories.json. @throws ZodError where an entry lacks its reason or day */
export function parseAccepted(text: string): readonly Accepted[] {
  return acceptedSchema.parse(JSON.parse(text));
}

/**
 * What `npm audit --json` came to. Advisories below `high` are not told of.
 * @param printed  standard output of npm
 * @param today    `2026-11-25`; an acceptance holds until its day
 */
export function judgeAudit(printed: string, accepted: readonly Accepted[], today: string): AuditOutcome {
  const value = parseJson(printed);
  const report = reportSchema.safeParse(value);
  if (!report.success) {
    const { message, error } = errorSchema.safeParse(value).data ?? {};
    return { kind: "unreachable", reason: error?.summary || error?.code || message || "npm audit gave no report" };
  }
  const borne = new Set(accepted.filter(({ until }) => today <= until).map(({ id }) => id));
  const advisories = Object.entries(report.data.vulnerabilities).flatMap(([name, { via }]) =>
    via.flatMap((each) => (typeof each === "string" ? [] : [{ name, ...each, id: each.url.split("/").at(-1) ?? "" }])),
  );
  const grave = advisories.filter(({ severity }) => severity === "high" || severity === "critical");
  const lines = grave
    .filter(({ id }) => !borne.has(id))
    .map(({ name, severity, title, url }) => `${name}: ${severity}: ${title} (${url})`);
  if (lines.length > 0) return { kind: "found", lines };
  return { kind: "clean", accepted: grave.map(({ id }) => id) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
