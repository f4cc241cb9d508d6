import type { NodeProfile, ProfileSpec } from "../node/index.js";
import { formatPlatform, type Platform } from "../oci/index.js";
import type { NodeRequirement } from "../workload/index.js";
import { meets } from "./fits.js";
import type { PublishedProfile } from "./published.js";
import type { NodePool, NodeSet, PlacedNode } from "./types.js";
import { poolOf } from "./where.js";

/** What the API server itself says of a node's programs; decides its profile together with a {@link PublishedProfile}. */
export interface NodePrograms {
  /** `containerd://1.7.13`, as written. */
  readonly runtime?: string;
  readonly platform?: Platform;
  /** `1.29.3`. */
  readonly kubelet?: string;
}

export type ClusterNode = Omit<PlacedNode, "profiles"> & { readonly programs: NodePrograms };

/** The last sign of life of a node's agent. */
export interface AgentSign {
  /** Name of the profile that the agent confirms. */
  readonly profile: string;
  readonly confirmedMs: number;
  /** For how long after that it counts. */
  readonly validMs: number;
}

/** Port: makes node profiles of what is known of nodes; every list has at least one. */
export interface ProfileMaker {
  /** Of nodes that nobody listed. */
  readonly otherwise: readonly NodeProfile[];
  /** Of nodes whose files nobody showed; the same objects for equal programs. */
  readonly unseenFor: (programs: NodePrograms) => readonly NodeProfile[];
  /** Of published facts; `lastConfirmed` where they are aged. */
  readonly publishedFor: (
    published: PublishedProfile,
    programs: NodePrograms,
    lastConfirmed: (() => string) | undefined,
  ) => readonly NodeProfile[];
}

export interface CoverDeps extends Pick<ProfileMaker, "unseenFor"> {
  readonly nowMs: number;
  /**
   * The node profile of published facts; the same objects for equal arguments.
   * @param isAged nobody has confirmed them for too long
   */
  readonly profileFor: (published: PublishedProfile, programs: NodePrograms, isAged: boolean) => readonly NodeProfile[];
}

export interface Coverage extends NodeSet {
  /** When the next agent's sign runs out, in the clock's milliseconds; Infinity where none will. */
  readonly nextChangeMs: number;
  /** Names of the profiles that are used although they are aged, in order. */
  readonly aged: readonly string[];
}

/**
 * Which profile each node has. What a living agent read comes first, then what a person wrote for nodes with such labels
 * (the most specific, then the first by name), then what an agent read that has fallen silent.
 */
export function coverNodes(
  nodes: readonly ClusterNode[],
  profiles: readonly PublishedProfile[],
  signs: ReadonlyMap<string, AgentSign>,
  deps: CoverDeps,
): Coverage {
  const read = readProfiles(profiles);
  const written = profiles.filter(({ isHandWritten }) => isHandWritten).sort(bySpecificity);
  const used = new Set<string>();
  const aged = new Set<string>();
  let nextChangeMs = Number.POSITIVE_INFINITY;
  const profilesOf = (node: ClusterNode): readonly NodeProfile[] => {
    const sign = signs.get(node.state.name);
    const own = (sign === undefined ? undefined : read.byName.get(sign.profile)) ?? read.byNode.get(node.state.name);
    const untilMs = sign === undefined || sign.profile !== own?.name ? undefined : sign.confirmedMs + sign.validMs;
    if (own !== undefined && untilMs !== undefined && deps.nowMs <= untilMs) {
      nextChangeMs = Math.min(nextChangeMs, untilMs + 1);
      return deps.profileFor(own, node.programs, false);
    }
    const byHand = written.find(({ spec }) => selectsLabels(spec, node.state.labels));
    if (byHand !== undefined) {
      used.add(byHand.name);
      return deps.profileFor(byHand, node.programs, false);
    }
    if (own === undefined) return deps.unseenFor(node.programs);
    aged.add(own.name);
    return deps.profileFor(own, node.programs, true);
  };
  const placed = nodes.map(({ programs, ...node }) => ({ ...node, profiles: profilesOf({ ...node, programs }) }));
  const isPool = ({ name, spec }: PublishedProfile): boolean =>
    !used.has(name) && (nodes.length === 0 || hasSelector(spec));
  const pools = written.filter(isPool).map((profile) => poolFor(profile, deps));
  return { nodes: placed, pools, nextChangeMs, aged: [...aged].sort() };
}

function readProfiles(profiles: readonly PublishedProfile[]) {
  const byName = new Map<string, PublishedProfile>();
  const byNode = new Map<string, PublishedProfile>();
  for (const profile of profiles) {
    if (profile.isHandWritten) continue;
    byName.set(profile.name, profile);
    for (const node of profile.nodes) byNode.set(node, profile);
  }
  return { byName, byNode };
}

function poolFor(published: PublishedProfile, { profileFor }: CoverDeps): NodePool {
  const { nodeSelector } = published.spec;
  const labels = knownLabels(published.spec);
  const pool = poolOf(labels);
  return {
    name: pool === undefined ? `nodes of profile ${published.name}` : `pool ${pool}`,
    labels,
    ...((nodeSelector?.matchExpressions ?? []).length === 0 ? { decidedBy: nodeSelector?.matchLabels ?? {} } : {}),
    taints: published.spec.taints ?? [],
    profiles: profileFor(published, {}, false),
  };
}

function hasSelector({ nodeSelector }: ProfileSpec): boolean {
  return requirementsOf(nodeSelector).length > 0;
}

function bySpecificity(a: PublishedProfile, b: PublishedProfile): number {
  const difference = requirementsOf(b.spec.nodeSelector).length - requirementsOf(a.spec.nodeSelector).length;
  return difference || (a.name < b.name ? -1 : 1);
}

function selectsLabels({ nodeSelector }: ProfileSpec, labels: Readonly<Record<string, string>>): boolean {
  return requirementsOf(nodeSelector).every((requirement) => {
    const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
    return meets(requirement, value);
  });
}

/** A label selector as requirements; none selects every node. */
function requirementsOf(selector: ProfileSpec["nodeSelector"]): readonly NodeRequirement[] {
  const labels = Object.entries(selector?.matchLabels ?? {});
  return [
    ...labels.map(([key, value]): NodeRequirement => ({ key, operator: "In", values: [value] })),
    ...(selector?.matchExpressions ?? []),
  ];
}

/** The labels that every node of the pool has. */
function knownLabels({ nodeSelector, platform }: ProfileSpec): Readonly<Record<string, string>> {
  const [os, architecture] = platform === undefined ? [] : formatPlatform(platform).split("/");
  const ones = requirementsOf(nodeSelector).flatMap(({ key, operator, values: [value, ...more] }) =>
    operator === "In" && value !== undefined && more.length === 0 ? [[key, value] as const] : [],
  );
  return {
    ...(os === undefined ? {} : { "kubernetes.io/os": os }),
    ...(architecture === undefined ? {} : { "kubernetes.io/arch": architecture }),
    ...Object.fromEntries(ones),
  };
}
