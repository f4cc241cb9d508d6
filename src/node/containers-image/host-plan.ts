import { type ImageReference, repositoryName } from "../../reference/index.js";
import type { FactOrigin, HostPlan, NodeConfigIssue, NodeFiles, RegistryHost } from "../types.js";
import { readAliasCache } from "./aliases.js";
import type { CrioConfig } from "./crio-conf.js";
import { type Candidate, isInsecureForCrio, type SourceHost, sourceHost } from "./hosts.js";
import type { PolicyDemand } from "./policy.js";
import { readPolicy } from "./policy-file.js";
import { type RegistriesReading, readRegistries } from "./registries.js";
import { type Meaning, resolveName } from "./short-names.js";
import { pullSources } from "./sources.js";
import type { ImageLibraryTraits } from "./traits.js";
import type { RegistriesConfig, ShortNameMode } from "./types.js";

/** What a plan is made from. `crio` absent: podman. */
export interface PlanDeps {
  readonly files: NodeFiles;
  readonly traits: ImageLibraryTraits;
  readonly crio?: CrioConfig;
}

type Refusal = Exclude<HostPlan, { kind: "hosts" }>;

/**
 * The places where CRI-O or podman looks for an image, in order, or why it looks nowhere.
 * Source: containers/image docker/docker_image_src.go `newImageSource`; CRI-O server/image_pull.go `pullImage`.
 */
export function planImageHosts(deps: PlanDeps, reference: ImageReference): HostPlan {
  const reading = readRegistries(deps.files, deps.traits);
  if (reading.kind === "invalid") return brokenConfig(reading.problem, reading.origin);
  const policy = readPolicy(deps.files, deps.crio);
  if (policy.kind === "invalid") return brokenConfig(policy.problem, policy.origin);
  const { config } = reading;
  const meaning = resolveName(reference, config, shortNameMode(deps, config), () => readAliasCache(deps.files));
  if (meaning.kind === "broken") return brokenConfig(meaning.message, meaning.origin);
  if (meaning.kind === "refused") {
    const partial = meaning.partial === true || reading.partial || reading.empty;
    return { ...meaning, issues: reading.issues, ...(partial && { partial: true as const }) };
  }
  const tried = meaning.candidates.map((candidate) =>
    tryCandidate(
      deps,
      config,
      candidateOf(deps, reference, candidate, meaning.origin !== undefined),
      policy.demandFor(candidate),
      policy.origin,
    ),
  );
  return together(tried, reading, meaning, policy.issues, deps);
}

function shortNameMode({ traits, crio }: PlanDeps, config: RegistriesConfig): ShortNameMode {
  switch (traits.shortNames) {
    case "registries-conf":
      return config.shortNameMode;
    case "disabled":
      return "disabled";
    case "crio-conf":
      return crio?.shortNameMode ?? "enforcing";
  }
}

function brokenConfig(message: string, origin: FactOrigin): Refusal {
  const issue: NodeConfigIssue = { code: "RuntimeConfigInvalid", message, origin };
  return { kind: "broken", everyImage: true, message, origin, issues: [issue] };
}

function candidateOf(deps: PlanDeps, asked: ImageReference, reference: ImageReference, isResolved: boolean): Candidate {
  const insecure = crioTrusts(deps, reference) === "insecure";
  return { reference, asked, insecure, ...(isResolved && { meaning: repositoryName(reference) }) };
}

/** What crio.conf says of a registry; `unknown`: that depends on addresses that only the node can look up. */
function crioTrusts({ crio, traits }: PlanDeps, { domain }: ImageReference): "nothing" | "insecure" | "unknown" {
  if (crio === undefined || !traits.crioInsecureRegistries) return "nothing";
  const insecure = isInsecureForCrio(domain, crio.insecureRegistries);
  return insecure === "unknown" ? "unknown" : insecure ? "insecure" : "nothing";
}

/** One meaning of the name: where it is looked for, and what keeps the runtime from looking there. */
interface Tried {
  readonly reference: ImageReference;
  readonly hosts: readonly RegistryHost[];
  readonly issues: readonly NodeConfigIssue[];
  readonly partial: boolean;
  readonly refusal?: Refusal;
  readonly signatureOrigin?: FactOrigin;
}

function tryCandidate(
  { files }: PlanDeps,
  config: RegistriesConfig,
  candidate: Candidate,
  demand: PolicyDemand,
  policyOrigin: FactOrigin,
): Tried {
  const { reference } = candidate;
  const nowhere = { reference, hosts: [], issues: [], partial: false };
  if (demand === "rejected") {
    const message = `the signature policy rejects ${repositoryName(reference)}`;
    const refusal = { kind: "refused", reason: "signature-policy", message, origin: policyOrigin, issues: [] } as const;
    return { ...nowhere, refusal };
  }
  const sources = pullSources(config, reference);
  if (!isList(sources)) {
    const name = sources.unusable.slice(0, 200);
    return {
      ...nowhere,
      refusal: brokenConfig(`rewriting makes ${name}, which is no valid name`, sources.table.origin),
    };
  }
  const places = sources.map((source) => sourceHost(files, config, candidate, source));
  const failed = places.filter((place) => place.kind !== "host");
  const refusal = failed.at(-1);
  return {
    reference,
    hosts: places.flatMap((place) => (place.kind === "host" ? [place.host] : [])),
    issues: [...places.flatMap((place) => (place.kind === "host" ? place.issues : [])), ...failed.map(failedIssue)],
    partial: places.some((place) => place.kind === "host" && place.partial),
    ...(refusal !== undefined && { refusal: refusalOf(refusal) }),
    ...(demand === "signature" && { signatureOrigin: policyOrigin }),
  };
}

function isList<T>(value: readonly T[] | object): value is readonly T[] {
  return Array.isArray(value);
}

/** A place that is passed over while others are left. */
function failedIssue({ message, origin }: Exclude<SourceHost, { kind: "host" }>): NodeConfigIssue {
  return { code: "SettingIgnored", message: `not asked: ${message}`, origin };
}

function refusalOf({ kind, message, origin }: Exclude<SourceHost, { kind: "host" }>): Refusal {
  return kind === "blocked"
    ? { kind: "refused", reason: "registry-blocked", message, origin, issues: [] }
    : { kind: "broken", message, origin, issues: [] };
}

function together(
  tried: readonly Tried[],
  reading: Extract<RegistriesReading, { kind: "config" }>,
  meaning: Extract<Meaning, { kind: "candidates" }>,
  policyIssues: readonly NodeConfigIssue[],
  deps: PlanDeps,
): HostPlan {
  const { crio } = deps;
  const hosts = tried.flatMap((one) => one.hosts);
  const fileIssues = [...reading.issues, ...policyIssues];
  const issues = [...tried.flatMap((one) => one.issues), ...fileIssues];
  const [unread] = [...fileIssues, ...(crio?.issues ?? [])].filter(({ code }) => code === "RuntimeConfigUnreadable");
  const last = tried.at(-1)?.refusal;
  if (hosts.length === 0 && last !== undefined) {
    // crio.conf may name another policy, registries.conf and the aliases may lead elsewhere.
    const byPolicy = last.kind === "refused" && last.reason === "signature-policy" && crio?.partial === true;
    const certain = !reading.partial && meaning.partial !== true && !byPolicy;
    if (certain) return { ...last, issues };
    if (last.kind === "refused") return { ...last, issues, partial: true };
  }
  const networks = tried.some(({ reference }) => crioTrusts(deps, reference) === "unknown");
  const partial = networks || meaning.partial === true || crio?.partial === true || tried.some((one) => one.partial);
  const signed = tried.find((one) => one.signatureOrigin !== undefined);
  return {
    kind: "hosts",
    hosts,
    issues,
    ...(partial && { partial: true as const }),
    ...doubtOf(unread ?? (meaning.partial === true ? aliasDoubt : undefined), signed),
  };
}

const aliasDoubt: NodeConfigIssue = {
  code: "RuntimeConfigUnreadable",
  message: "Pullguard cannot read it",
  origin: { file: "/var/cache/containers/short-name-aliases.conf" },
};

function doubtOf(
  unread: NodeConfigIssue | undefined,
  signed: Tried | undefined,
): Pick<Extract<HostPlan, { kind: "hosts" }>, "doubt"> {
  if (unread !== undefined) return { doubt: { kind: "unread", message: unread.message, origin: unread.origin } };
  if (signed?.signatureOrigin === undefined) return {};
  const message = `the nodes demand a signature of ${repositoryName(signed.reference)}`;
  return { doubt: { kind: "signature", message, origin: signed.signatureOrigin } };
}
