import type { Clock } from "../../core/index.js";
import type { ProxyOverrides } from "../runtime-view.js";
import type { HostPlan, NodeConfigIssue, NodeFiles, ProxyRules, RuntimeName, SystemRoots } from "../types.js";
import { readProxySettings } from "./proxy-settings.js";
import { readRuntimeEnvironment } from "./runtime-environment.js";
import { readSystemRoots } from "./system-roots.js";

/** What a node's runtime has from its surroundings, the same for every registry. */
export interface Surroundings {
  readonly systemRoots?: SystemRoots;
  readonly proxy?: ProxyRules;
  /** What may explain that a certificate is not trusted. */
  readonly trustIssues: readonly NodeConfigIssue[];
  /** What is wrong with the runtime's environment and its proxies. */
  readonly environmentIssues: readonly NodeConfigIssue[];
  /** Something of it lies in files that were not shown, so that no failure is certain. */
  readonly partial: boolean;
}

/** Reads the system's certificates and the environment of the runtime's unit. */
export function readSurroundings(files: NodeFiles, runtime: RuntimeName, overrides?: ProxyOverrides): Surroundings {
  const environment = readRuntimeEnvironment(files, runtime);
  const roots = readSystemRoots(files, environment);
  const proxies = readProxySettings(environment, overrides);
  return {
    ...(roots.roots !== undefined && { systemRoots: roots.roots }),
    ...(proxies.rules !== undefined && { proxy: proxies.rules }),
    trustIssues: roots.issues,
    environmentIssues: [...environment.issues, ...proxies.issues],
    partial: environment.partial || roots.partial || proxies.partial,
  };
}

/**
 * How long they are believed. A program reads both once, when it starts, so that nothing is lost by a look every minute;
 * a certificate folder has hundreds of files.
 */
const ttlMs = 60_000;

/** The surroundings, read when first asked for and then again at most once a minute; without a clock, once. */
export function followSurroundings(read: () => Surroundings, clock: Clock | undefined): () => Surroundings {
  let known: Surroundings | undefined;
  let untilMs = 0;
  return () => {
    const nowMs = clock?.nowMs() ?? 0;
    if (known !== undefined && (clock === undefined || nowMs < untilMs)) return known;
    const next = read();
    // The same object for the same certificates: what was built from them is found by it.
    const before = known?.systemRoots;
    known = before !== undefined && before.id === next.systemRoots?.id ? { ...next, systemRoots: before } : next;
    untilMs = nowMs + ttlMs;
    return known;
  };
}

/** A plan whose hosts have the node's certificates and proxies; what a host already has of its own stays. */
export function surrounded(plan: HostPlan, surroundings: Surroundings): HostPlan {
  if (plan.kind !== "hosts") return plan;
  const { systemRoots, proxy, trustIssues, partial } = surroundings;
  const hosts = plan.hosts.map((host) => ({
    ...host,
    ...(proxy !== undefined && host.proxy === undefined && { proxy }),
    ...(systemRoots !== undefined && host.tls.systemRoots === undefined && { tls: { ...host.tls, systemRoots } }),
  }));
  return {
    ...plan,
    hosts,
    issues: [...plan.issues, ...trustIssues],
    ...(partial && { partial: true as const }),
  };
}
