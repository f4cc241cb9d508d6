import { createHash } from "node:crypto";
import { posix } from "node:path";
import { LRUCache } from "lru-cache";
import { matchingProviders, nodeHostsKeyring } from "../../credentials/index.js";
import type { Platform } from "../../oci/index.js";
import { systemRoots } from "../environment/system-roots.js";
import { nodeFilesFromMap } from "../files.js";
import { hostPlanKey } from "../plan-key.js";
import { candidateProfiles } from "../profile.js";
import type {
  HostPlan,
  HostProxy,
  NodeConfigIssue,
  NodeCredentials,
  NodeProfile,
  ProxyRules,
  RegistryHost,
  RuntimeVersion,
  SystemRoots,
} from "../types.js";
import { bundlePath, withheldMark } from "./marks.js";
import type { CredentialStatement, ProfileSpec } from "./spec.js";
import type { WellKnownRoots } from "./well-known.js";

/** Published facts of some nodes, and what is surer than they are. */
export interface PublishedNode {
  readonly name: string;
  readonly spec: ProfileSpec;
  /** What runs there: of the Node object before that of the spec; undefined: nobody said. */
  readonly runtime?: RuntimeVersion;
  readonly platform?: Platform;
  readonly kubeletVersion?: string;
  readonly wellKnown: WellKnownRoots;
  readonly identityKey: Uint8Array;
  /** Trust stores by their content, so that nodes with equal ones share one. */
  readonly stores: Map<string, SystemRoots>;
  /** Set where the facts are aged. */
  readonly lastConfirmed?: () => string;
}

/** Plans of published files never change; so many are kept, one a registry or repository. */
const maxPlans = 2000;

/** The profile that published facts amount to; one for each assumed runtime where none is said. */
export function publishedNodeProfiles(node: PublishedNode): readonly NodeProfile[] {
  const { spec, name, identityKey, runtime } = node;
  const trust = trustOf(spec, node.wellKnown);
  const files = nodeFilesFromMap(fileMap(spec, trust.pems));
  const platform = node.platform ?? spec.platform;
  const profiles = candidateProfiles({
    ...(runtime === undefined ? {} : { runtime }),
    ...(platform === undefined ? {} : { platform }),
    node: { name, files, identityKey },
  });
  const version = node.kubeletVersion ?? spec.kubelet?.version;
  const isShown = spec.files !== undefined;
  const roots = trust.pems.length === 0 ? undefined : storeOf(trust.pems, node.stores);
  return profiles.map((profile) => ({
    ...profile,
    // An aged profile tells how old it is, and no other is as old.
    ...(node.lastConfirmed === undefined ? { likeness: likenessOf(node, profile, isShown && trust.isComplete) } : {}),
    trust: isShown && node.lastConfirmed === undefined ? "known" : "unknown",
    ...(trust.isComplete ? {} : { systemRoots: "unknown" as const }),
    ...(node.lastConfirmed === undefined ? {} : { lastConfirmed: node.lastConfirmed }),
    kubelet: { ...spec.kubelet, ...(version === undefined ? {} : { version }) },
    credentials: node.lastConfirmed === undefined ? credentialsOf(spec.credentials) : { kind: "unknown" },
    hostsFor: rememberedPlans(profile, roots),
  }));
}

/** Whoever may write a node's profile could name another store each time; real clusters have one or two, of 200 kB each. */
const maxStores = 32;

function storeOf(pems: readonly string[], stores: Map<string, SystemRoots>): SystemRoots {
  const key = createHash("sha256").update(pems.join("")).digest("base64");
  const store = stores.get(key) ?? systemRoots(pems);
  // The newest stay: nodes that are alike are looked at one after the other.
  stores.delete(key);
  stores.set(key, store);
  const [oldest] = stores.keys();
  if (stores.size > maxStores && oldest !== undefined) stores.delete(oldest);
  return store;
}

function likenessOf({ spec, kubeletVersion }: PublishedNode, profile: NodeProfile, isComplete: boolean): string {
  const { runtime, runtimeIsAssumed, platform, hostsRoot, settings, issues } = profile;
  const { files, systemTrust, credentials, kubelet } = spec;
  const told = [files === undefined, systemTrust === undefined, isComplete, credentials, kubelet, kubeletVersion];
  const text = JSON.stringify([runtime, runtimeIsAssumed, platform, hostsRoot, settings, issues, told]);
  return createHash("sha256").update(text).digest("base64");
}

/** Everything that is wrong with published files, whatever registry it concerns, each once. */
export function findIssues(profile: NodeProfile, { files = [] }: ProfileSpec): readonly NodeConfigIssue[] {
  const folders = files.map(({ path }) => posix.basename(posix.dirname(path)));
  const domains = new Set(["docker.io", ...folders.map((name) => name.replace(/_(\d+)_$/, ":$1"))]);
  const plans = [...domains]
    .filter((domain) => /[.:]|^localhost$/.test(domain))
    .map((domain) => {
      return profile.hostsFor({ written: domain, domain, path: "pullguard/probe", tag: "latest" });
    });
  const issues = [...profile.issues, ...plans.flatMap(issuesOf)];
  return [...new Map(issues.map((issue) => [JSON.stringify(issue), issue])).values()];
}

function issuesOf(plan: HostPlan): readonly NodeConfigIssue[] {
  if (plan.kind !== "broken") return plan.issues;
  return [{ code: "RuntimeConfigInvalid", message: plan.message, origin: plan.origin }, ...plan.issues];
}

function fileMap(spec: ProfileSpec, pems: readonly string[]): Record<string, string | { unreadable: string }> {
  const files: Record<string, string | { unreadable: string }> = {};
  for (const { path, content, unreadable } of spec.files ?? []) {
    files[path] = unreadable === undefined ? (content ?? "") : { unreadable };
  }
  if (pems.length > 0) files[bundlePath] = pems.join("");
  return files;
}

interface Trust {
  readonly pems: readonly string[];
  /** Whether the nodes trust these and no others. */
  readonly isComplete: boolean;
}

/** A fingerprint of an authority that this program does not know leaves it open whom the nodes trust. */
function trustOf({ systemTrust }: ProfileSpec, wellKnown: WellKnownRoots): Trust {
  if (systemTrust === undefined) return { pems: [], isComplete: false };
  const { publicRoots = false, certificates, fingerprints } = systemTrust;
  const named = fingerprints ?? [];
  const known = publicRoots ? [...wellKnown.values()] : named.flatMap((each) => wellKnown.get(each) ?? []);
  const pems = [...new Set([...known, ...(certificates === undefined ? [] : [certificates])])];
  const says = publicRoots || fingerprints !== undefined;
  return {
    pems: says ? pems : [...wellKnown.values(), ...pems],
    isComplete: says && named.every((each) => wellKnown.has(each)),
  };
}

/** A node's own credentials stay on it: where it has some, it is open what they open. */
function credentialsOf(statement: CredentialStatement | undefined): NodeCredentials {
  if (statement === undefined || statement.incomplete === true) return { kind: "unknown" };
  const { hosts = [], providers = [] } = statement;
  return {
    kind: "known",
    lookup: () => [],
    files: [],
    ...(providers.length === 0 ? {} : { providersFor: (repository) => matchingProviders(providers, repository) }),
    ...(hosts.length === 0 ? {} : { withheldFor: nodeHostsKeyring(hosts, "config.json") }),
  };
}

function rememberedPlans(profile: NodeProfile, roots: SystemRoots | undefined): NodeProfile["hostsFor"] {
  const plans = new LRUCache<string, HostPlan>({ max: maxPlans });
  return (reference) => {
    const key = hostPlanKey(profile, reference);
    const known = plans.get(key);
    if (known !== undefined) return known;
    const plan = withoutMarks(profile.hostsFor(reference), roots);
    plans.set(key, plan);
    return plan;
  };
}

/** A host of which something was withheld may answer the node otherwise than it answers here. */
function withoutMarks(plan: HostPlan, roots: SystemRoots | undefined): HostPlan {
  if (plan.kind !== "hosts") return plan;
  let isPartial = plan.partial === true;
  const hosts = plan.hosts.map(({ credential, ...host }): RegistryHost => {
    const headers = Object.entries(host.headers).filter(([, values]) => !values.includes(withheldMark));
    const isWithheld = credential?.username === withheldMark;
    const proxy = host.proxy === undefined ? undefined : withoutProxyUser(host.proxy);
    if (isWithheld || proxy !== host.proxy || headers.length < Object.keys(host.headers).length) isPartial = true;
    return {
      ...host,
      headers: Object.fromEntries(headers),
      tls: roots === undefined ? host.tls : { ...host.tls, systemRoots: roots },
      ...(proxy !== undefined && { proxy }),
      ...(credential !== undefined && !isWithheld && { credential }),
    };
  });
  return { ...plan, hosts, ...(isPartial ? { partial: true } : {}) };
}

/** The same rules where nothing was withheld of them. */
function withoutProxyUser(rules: ProxyRules): ProxyRules {
  const bare = (proxy: HostProxy | undefined): HostProxy | undefined =>
    typeof proxy?.credentials === "object" && proxy.credentials.username === withheldMark
      ? { ...proxy, credentials: "withheld" }
      : proxy;
  const [http, https] = [bare(rules.http), bare(rules.https)];
  if (http === rules.http && https === rules.https) return rules;
  return { noProxy: rules.noProxy, ...(http !== undefined && { http }), ...(https !== undefined && { https }) };
}
