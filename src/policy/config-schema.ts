import { z } from "zod";

/** The document as it is written: shapes only. What needs more than a look at one field is in parse-config.ts. */
const list = <T extends z.ZodType>(item: T, max: number) => z.array(item).max(max);
const text = (max = 253) => z.string().min(1).max(max);
const texts = (max = 64) => list(text(512), max);

export const actions = ["Deny", "Warn", "Audit", "Ignore"] as const;
const actionList = list(z.enum(actions), 2).min(1);

const labelSelector = z.strictObject({
  matchLabels: z.record(z.string(), z.string()).optional(),
  matchExpressions: list(
    z.strictObject({
      key: text(317),
      operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
      values: texts().optional(),
    }),
    32,
  ).optional(),
});

const match = {
  namespaceSelector: labelSelector.optional(),
  images: texts().min(1).optional(),
  kinds: texts().min(1).optional(),
  causes: texts(128).min(1).optional(),
};

const rule = z.strictObject({
  name: text(63),
  match: z
    .strictObject({
      ...match,
      verdicts: list(z.enum(["unpullable", "unknown", "advice"]), 3)
        .min(1)
        .optional(),
    })
    .optional(),
  actions: actionList,
});

const exemption = z.strictObject({
  name: text(63),
  match: z.strictObject(match),
  reason: text(1024),
  expires: text(64),
});

const { causes: _causes, ...place } = match;
const mutated = { match: z.strictObject(place).optional() };
const pulled = z.enum(["Always", "IfNotPresent"]);

const mutations = z.strictObject({
  addPullSecret: z.strictObject(mutated).optional(),
  pinDigest: z.strictObject(mutated).optional(),
  useMirror: z.strictObject({ ...mutated, tags: z.enum(["SameDigest", "Trust"]).optional() }).optional(),
  setPullPolicy: z
    .strictObject({ ...mutated, latest: pulled.optional(), tag: pulled.optional(), digest: pulled.optional() })
    .optional(),
});

const spec = z.strictObject({
  defaults: z
    .strictObject({
      unpullable: actionList.optional(),
      unknown: actionList.optional(),
      advice: actionList.optional(),
    })
    .optional(),
  rules: list(rule, 256).optional(),
  exemptions: list(exemption, 256).optional(),
  enforcement: z.record(z.string(), z.enum(actions)).optional(),
  overrides: z
    .strictObject({
      namespaceMode: z.enum(["Allow", "Stricter", "Forbid"]).optional(),
      skipAnnotation: z.enum(["Allow", "WarningsOnly", "Forbid"]).optional(),
    })
    .optional(),
  deadlines: z.strictObject({ check: text(32).optional() }).optional(),
  registries: z
    .strictObject({
      dial: z
        .strictObject({
          allowCIDRs: texts().optional(),
          denyCIDRs: texts().optional(),
          allowHosts: texts().optional(),
          denyHosts: texts().optional(),
        })
        .optional(),
      mirrors: list(z.strictObject({ prefix: text(), mirror: text() }), 64).optional(),
      pullSecrets: list(
        z.strictObject({ images: texts().min(1), secret: z.strictObject({ namespace: text(63), name: text() }) }),
        64,
      ).optional(),
    })
    .optional(),
  mutations: mutations.optional(),
  events: z.boolean().optional(),
  podTemplates: list(z.strictObject({ apiGroup: text(), kind: text(63), path: text(256) }), 64).optional(),
});

export const documentSchema = z.strictObject({
  apiVersion: z.literal("pullguard.dev/v1"),
  kind: z.literal("PullguardConfig"),
  metadata: z.looseObject({ name: z.string().optional() }).optional(),
  spec: spec.optional(),
  // The API server's own, and ours; neither is configuration.
  status: z.unknown().optional(),
});

export type ConfigDocument = z.infer<typeof documentSchema>;
export type SpecDocument = NonNullable<ConfigDocument["spec"]>;
export type RuleDocument = z.infer<typeof rule>;
export type ExemptionDocument = z.infer<typeof exemption>;
export type MutationsDocument = z.infer<typeof mutations>;
export type SelectorDocument = z.infer<typeof labelSelector>;

/** One thing that is wrong: where, and why. */
export interface ConfigFault {
  /** `spec.rules[0].actions[1]`; "" for the whole document. */
  readonly path: string;
  readonly reason: string;
}

/** zod's issues in words of ours, one for each wrong place. */
export function schemaFaults(issues: readonly z.core.$ZodIssue[]): readonly ConfigFault[] {
  const faults = new Map<string, ConfigFault>();
  for (const issue of issues) {
    const keys = issue.code === "unrecognized_keys" ? issue.keys : [undefined];
    for (const key of keys) {
      const path = pathText(key === undefined ? issue.path : [...issue.path, key]);
      // zod also measures what is of the wrong type; only the first fault of a place is worth reading.
      if (!faults.has(path)) faults.set(path, { path, reason: key === undefined ? reasonOf(issue) : "no such field" });
    }
  }
  return [...faults.values()];
}

/** `["spec", "rules", 0]` as `spec.rules[0]`; a member that is no plain name as `["…"]`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((before, part) => {
    if (typeof part === "number") return `${before}[${part}]`;
    const name = String(part).slice(0, 64);
    if (!/^[\w-]+$/.test(name)) return `${before}[${JSON.stringify(name)}]`;
    return before === "" ? name : `${before}.${name}`;
  }, "");
}

const typeWords: Readonly<Record<string, string>> = {
  string: "a text",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
  boolean: "true or false",
};

function reasonOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? "must be given" : `must be ${typeWords[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      if (issue.input === undefined) return `must be given: ${oneOf(issue.values)}`;
      return `must be ${oneOf(issue.values)}${shown(issue.input)}`;
    case "too_small":
      return issue.origin === "array" ? "must not be an empty list" : "must not be empty";
    case "too_big":
      return issue.origin === "array"
        ? `must have ${issue.maximum} entries at most`
        : `must be ${issue.maximum} characters at most`;
    default:
      return "is not valid";
  }
}

function oneOf(values: readonly unknown[]): string {
  const names = values.map(String);
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

function shown(input: unknown): string {
  return typeof input === "string" ? `, not ${JSON.stringify(input.slice(0, 64))}` : "";
}
