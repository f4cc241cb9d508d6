import { renderRuntime } from "../runtime.js";
import type { RuntimeFiles, RuntimeView } from "../runtime-view.js";
import type { HostPlan, NodeConfigIssue, RegistryHost } from "../types.js";
import type { ConfigTraits } from "./config-traits.js";
import { findHostFolder } from "./host-folder.js";
import { planHosts } from "./host-plan.js";
import { defaultHostsRoot, splitConfigPath } from "./hosts-roots.js";
import type { ImageConfig } from "./image-config.js";
import { planLegacyHosts } from "./legacy-hosts.js";
import { runtimeCredential } from "./runtime-credential.js";
import { hostTraits } from "./traits.js";
import { type UnusedRoot, unusedFolderIssues, unusedRoots } from "./unused-folders.js";

/** A configuration that containerd comes up with. */
export interface Configured {
  readonly config: ImageConfig;
  /** The main file, for repairs. */
  readonly file: string;
  /** Parts of the configuration that could not be read. */
  readonly unread: readonly NodeConfigIssue[];
  readonly traits: ConfigTraits;
  readonly identityKey: Uint8Array;
}

type HostsPlan = Extract<HostPlan, { kind: "hosts" }>;

/** The view of a node whose config.toml was shown. */
export function configuredHosts(from: RuntimeFiles, configured: Configured): RuntimeView {
  const { files, runtime } = from;
  const { config, unread } = configured;
  const roots = splitConfigPath(config.configPath);
  const traits = hostTraits(runtime, config.engine);
  const legacy = roots.length === 0 && config.engine === "local";
  const usable = roots.length === 1 || (roots.length > 1 && traits.splitsConfigPath);
  const unused = unusedRoots({ config, file: configured.file, roots, traits, runtime: renderRuntime(runtime) });
  const planFor = (domain: string): HostPlan =>
    legacy
      ? planLegacyHosts(files, config, domain, traits, configured.traits.configsTls)
      : planHosts(files, roots, domain, runtime, config.engine);
  return {
    hostsRoot: roots[0] ?? defaultHostsRoot,
    settings: config.settings,
    issues: [...unread, ...config.passedOver.map(({ issue }) => issue)],
    hostsScope: "registry",
    // Whether a part that could not be read names a folder nobody knows.
    ...(!usable && unread.length === 0 && { registryStyle: legacy && hasSettings(config) ? "config-file" : "none" }),
    hostsFor: ({ domain }) => {
      const plan = planFor(domain);
      if (plan.kind === "refused" || (plan.kind === "broken" && unread.length === 0)) return plan;
      const used = !legacy && findHostFolder(files, roots, domain, traits).folder !== undefined;
      const passedOver = used ? [] : unusedFolderIssues(files, unused, domain, runtime, traits);
      const known = plan.kind === "hosts" ? plan : instead(planHosts(files, [], domain, runtime), plan.issues);
      const own = withSettings(known, configured);
      const issues = [...unread, ...own.issues, ...passedOver, ...(usable ? [] : noFolderUsed(unused, configured))];
      return unread.length === 0 ? { ...own, issues } : { ...own, issues, partial: true, unseenHosts: true };
    },
  };
}

/** Whether config.toml itself says anything of registries. */
function hasSettings({ mirrors, configs }: ImageConfig): boolean {
  return mirrors.size > 0 || configs.size > 0;
}

/** Where the configuration is known in part only, what it breaks may be whole on the node. */
function instead(plan: HostPlan, issues: readonly NodeConfigIssue[]): HostsPlan {
  return { kind: "hosts", hosts: plan.kind === "hosts" ? plan.hosts : [], issues };
}

/** Adds what config.toml says about hosts, whoever names them: headers for all, users and passwords for some. */
function withSettings(plan: HostsPlan, { config, identityKey }: Configured): HostsPlan {
  const asked = new Set(plan.hosts.map(({ address }) => address));
  const issues = config.passedOver.filter(({ host }) => asked.has(host)).map(({ issue }) => issue);
  const unusable: NodeConfigIssue[] = [];
  const hosts = plan.hosts.map((host): RegistryHost => {
    const auth = config.configs.get(host.address)?.auth;
    const place = { file: config.origin.file, host: host.address };
    const credential = auth === undefined ? undefined : runtimeCredential(auth, place, identityKey);
    if (credential === "unusable") {
      const message = `Pullguard cannot use the auth of ${host.address} as a node does`;
      unusable.push({ code: "RuntimeConfigUnreadable", message, origin: { file: place.file } });
    }
    const headers = joined(config.headers, host.headers);
    return credential === undefined || credential === "unusable"
      ? { ...host, headers }
      : { ...host, headers, credential };
  });
  const all = [...unusable, ...plan.issues, ...issues];
  return { ...plan, hosts, issues: all, ...(unusable.length > 0 && { unseenHosts: true as const }) };
}

function joined(everywhere: RegistryHost["headers"], own: RegistryHost["headers"]): RegistryHost["headers"] {
  const all = new Map(Object.entries(everywhere));
  for (const [name, values] of Object.entries(own)) all.set(name, [...(all.get(name) ?? []), ...values]);
  return Object.fromEntries(all);
}

/** For whoever is about to create a folder: it would not be looked into. */
function noFolderUsed([likeliest]: readonly UnusedRoot[], { config, file }: Configured): readonly NodeConfigIssue[] {
  if (likeliest === undefined || config.mirrors.size > 0) return [];
  const { reason, fix } = likeliest;
  return [{ code: "SettingIgnored", message: `no certs.d is used: ${reason}`, origin: { file }, fix }];
}
