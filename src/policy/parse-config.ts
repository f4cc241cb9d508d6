import { type AddressRange, parseAddressRange } from "../registry/index.js";
import { isBuiltInKind, type PodTemplatePath, parsePodTemplatePath, workloadKindNames } from "../workload/index.js";
import { type Exemption, emptyConfig, type PullguardConfig, type Rule } from "./config.js";
import {
  type ConfigFault,
  documentSchema,
  type ExemptionDocument,
  type RuleDocument,
  type SpecDocument,
  schemaFaults,
} from "./config-schema.js";
import {
  actionsFault,
  apiGroup,
  dialHost,
  durationMs,
  expiryMs,
  type FieldRule,
  kindName,
  namespaceName,
  objectName,
  repositoryPrefix,
  ruleName,
} from "./field-rules.js";
import { type FaultList, readImages, readMatch, unknownKind } from "./read-match.js";
import { readMutations } from "./read-mutations.js";

/** The name of the one PullguardConfig resource that counts. */
export const configName = "default";

export type ParsedConfig =
  | { readonly kind: "config"; readonly config: PullguardConfig; readonly generation?: number }
  | { readonly kind: "invalid"; readonly faults: readonly ConfigFault[] };

/**
 * Reads a PullguardConfig, from a file or as the API server has it; nothing about it is believed.
 * @param source  a resource must be called {@link configName}, a file may leave its metadata out
 */
export function parseConfig(value: unknown, source: "file" | "resource"): ParsedConfig {
  const parsed = documentSchema.safeParse(value, { reportInput: true });
  if (!parsed.success) return { kind: "invalid", faults: schemaFaults(parsed.error.issues) };
  const { metadata, spec = {} } = parsed.data;
  const found: ConfigFault[] = [];
  const faults: FaultList = (path, reason) => {
    if (reason !== undefined) found.push({ path, reason });
  };
  if (source === "resource" && metadata?.name !== configName) {
    faults("metadata.name", `must be ${configName}: there is one PullguardConfig in a cluster`);
  }
  const config = readSpec(spec, faults);
  if (found.length > 0) return { kind: "invalid", faults: found };
  const generation = metadata?.generation;
  return { kind: "config", config, ...(typeof generation === "number" ? { generation } : {}) };
}

/** Faults as one line each: `spec.rules[0].name: must be given`. */
export function faultLines(faults: readonly ConfigFault[]): readonly string[] {
  return faults.map(({ path, reason }) => (path === "" ? reason : `${path}: ${reason}`));
}

function readSpec(spec: SpecDocument, faults: FaultList): PullguardConfig {
  const podTemplates = readPodTemplates(spec.podTemplates ?? [], faults);
  const kinds = [...workloadKindNames, ...podTemplates.map(({ kind }) => kind)];
  return {
    defaults: readDefaults(spec.defaults ?? {}, faults),
    rules: (spec.rules ?? []).map((rule, index) => readRule(rule, `spec.rules[${index}]`, kinds, faults, spec)),
    exemptions: (spec.exemptions ?? []).map((exemption, index) =>
      readExemption(exemption, `spec.exemptions[${index}]`, kinds, faults, spec),
    ),
    enforcement: readEnforcement(spec.enforcement ?? {}, kinds, faults),
    overrides: { ...emptyConfig.overrides, ...present(spec.overrides ?? {}) },
    deadlines: readDeadlines(spec.deadlines ?? {}, faults),
    registries: {
      dial: readDial(spec.registries?.dial ?? {}, faults),
      mirrors: readMirrors(spec.registries?.mirrors ?? [], faults),
      pullSecrets: (spec.registries?.pullSecrets ?? []).map(({ images, secret }, index) => {
        const path = `spec.registries.pullSecrets[${index}]`;
        faults(`${path}.secret.namespace`, namespaceName(secret.namespace));
        faults(`${path}.secret.name`, objectName(secret.name));
        return { images: readImages(images, `${path}.images`, faults), secret };
      }),
    },
    mutations: readMutations(spec.mutations ?? {}, kinds, faults),
    events: spec.events ?? false,
    podTemplates,
  };
}

function readDefaults(defaults: NonNullable<SpecDocument["defaults"]>, faults: FaultList): PullguardConfig["defaults"] {
  for (const [gravity, actions] of Object.entries(defaults)) {
    const path = `spec.defaults.${gravity}`;
    if (actions === undefined) continue;
    faults(path, actionsFault(actions));
    if (gravity !== "unpullable" && actions.includes("Deny")) {
      faults(path, "must not be Deny: what is not certain is denied only by a rule that names its cause");
    }
  }
  return present(defaults);
}

function readRule(
  { name, match, actions }: RuleDocument,
  path: string,
  kinds: readonly string[],
  faults: FaultList,
  spec: SpecDocument,
): Rule {
  faults(`${path}.name`, ruleName(name) ?? repeated(name, path, "spec.rules", spec.rules ?? []));
  faults(`${path}.actions`, actionsFault(actions));
  return { name, match: readMatch(match ?? {}, `${path}.match`, kinds, faults), actions };
}

function readExemption(
  { name, match, reason, expires }: ExemptionDocument,
  path: string,
  kinds: readonly string[],
  faults: FaultList,
  spec: SpecDocument,
): Exemption {
  faults(`${path}.name`, ruleName(name) ?? repeated(name, path, "spec.exemptions", spec.exemptions ?? []));
  if (reason.trim() === "") faults(`${path}.reason`, "must not be empty");
  if (Object.keys(match).length === 0) {
    faults(`${path}.match`, "must name what is exempt: images, kinds, causes or a namespaceSelector");
  }
  const expiresMs = expiryMs(expires);
  if (expiresMs === undefined) {
    faults(`${path}.expires`, "must be a date such as 2027-01-31, or a time such as 2027-01-31T18:00:00Z");
  }
  const read = readMatch(match, `${path}.match`, kinds, faults);
  return { name, match: read, reason, expires, expiresMs: expiresMs ?? 0 };
}

/** Names are what warnings and logs call a rule by, so there is one of each. */
function repeated(
  name: string,
  path: string,
  listPath: string,
  all: readonly { readonly name: string }[],
): string | undefined {
  const first = all.findIndex((other) => other.name === name);
  return path === `${listPath}[${first}]` ? undefined : `is the name of ${listPath}[${first}] already`;
}

function readEnforcement(
  enforcement: NonNullable<SpecDocument["enforcement"]>,
  kinds: readonly string[],
  faults: FaultList,
): PullguardConfig["enforcement"] {
  for (const kind of Object.keys(enforcement)) {
    if (!kinds.includes(kind)) faults(`spec.enforcement.${kind.slice(0, 64)}`, unknownKind(kind, kinds));
  }
  return new Map(Object.entries(enforcement));
}

function readDeadlines(
  { check }: NonNullable<SpecDocument["deadlines"]>,
  faults: FaultList,
): PullguardConfig["deadlines"] {
  if (check === undefined) return {};
  // The API server waits 30 s at most.
  const checkMs = durationMs(check, 100, 30_000);
  if (typeof checkMs === "number") return { checkMs };
  faults("spec.deadlines.check", checkMs);
  return {};
}

type DialDocument = NonNullable<NonNullable<SpecDocument["registries"]>["dial"]>;

function readDial(dial: DialDocument, faults: FaultList): PullguardConfig["registries"]["dial"] {
  const ranges = (field: "allowCIDRs" | "denyCIDRs"): readonly AddressRange[] =>
    (dial[field] ?? []).flatMap((text, index) => {
      const range = parseAddressRange(text);
      if (range !== undefined) return [range];
      const reason = "must be a range such as 10.0.0.0/8 or fd00::/8, without bits behind the prefix";
      faults(`spec.registries.dial.${field}[${index}]`, reason);
      return [];
    });
  const hosts = (field: "allowHosts" | "denyHosts"): readonly string[] =>
    checked(dial[field] ?? [], `spec.registries.dial.${field}`, dialHost, faults);
  return {
    allowCIDRs: ranges("allowCIDRs"),
    denyCIDRs: ranges("denyCIDRs"),
    allowHosts: hosts("allowHosts"),
    denyHosts: hosts("denyHosts"),
  };
}

function checked(texts: readonly string[], path: string, rule: FieldRule, faults: FaultList): readonly string[] {
  for (const [index, text] of texts.entries()) faults(`${path}[${index}]`, rule(text));
  return texts;
}

function readMirrors(
  mirrors: readonly { readonly prefix: string; readonly mirror: string }[],
  faults: FaultList,
): PullguardConfig["registries"]["mirrors"] {
  for (const [index, { prefix, mirror }] of mirrors.entries()) {
    const path = `spec.registries.mirrors[${index}]`;
    faults(`${path}.prefix`, repositoryPrefix(prefix));
    faults(
      `${path}.mirror`,
      repositoryPrefix(mirror) ?? (mirror === prefix ? "must not be its own prefix" : undefined),
    );
    const first = mirrors.findIndex((other) => other.prefix === prefix && other.mirror === mirror);
    if (first < index) faults(path, `is the same as spec.registries.mirrors[${first}]`);
  }
  return mirrors;
}

function readPodTemplates(
  templates: readonly { readonly apiGroup: string; readonly kind: string; readonly path: string }[],
  faults: FaultList,
): readonly PodTemplatePath[] {
  return templates.flatMap((template, index) => {
    const at = `spec.podTemplates[${index}]`;
    const path = parsePodTemplatePath(template.path);
    faults(`${at}.apiGroup`, apiGroup(template.apiGroup));
    faults(`${at}.kind`, kindName(template.kind));
    if (isBuiltInKind(template.apiGroup, template.kind)) faults(at, `${template.kind} is known without being declared`);
    if (path !== undefined) return [{ apiGroup: template.apiGroup, kind: template.kind, path }];
    faults(`${at}.path`, "must be a path such as spec.template or spec.groups[*].template");
    return [];
  });
}

type Present<T> = { readonly [K in keyof T]: Exclude<T[K], undefined> };

/** zod keeps optional keys with the value undefined, which would hide a default. */
function present<T extends object>(value: T): Present<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Present<T>;
}
