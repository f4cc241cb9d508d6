import { LRUCache } from "lru-cache";
import type { Clock } from "../core/index.js";
import type { NodeProfile, NodeSource } from "../node/index.js";
import {
  type AgentSign,
  type ClusterNode,
  type CoverDeps,
  coverNodes,
  type NodePrograms,
  type ProfileMaker,
  type PublishedProfile,
  placeOn,
} from "../placement/index.js";

/** A profile that is used although no agent has confirmed it for too long. */
export interface AgedProfile {
  readonly name: string;
  /** `20 min ago`. */
  readonly ago: string;
}

export interface NodesViewDeps extends ProfileMaker {
  readonly clock: Clock;
  /** Hears whenever the profiles that are aged are others; none: all are confirmed again. */
  readonly onAged?: (profiles: readonly AgedProfile[]) => void;
}

/** Profiles that are kept although no node has them at the moment. */
const maxProfiles = 5_000;

/** What the API server told of nodes. */
export interface ToldNodes {
  readonly nodes: readonly ClusterNode[];
  readonly profiles: readonly PublishedProfile[];
  readonly signs: ReadonlyMap<string, AgentSign>;
}

/** Where Pods may land, by what is told at the moment. */
export interface NodesView extends NodeSource {
  /** Has the next question answered anew. */
  invalidate(): void;
}

/**
 * Works the coverage out anew when something has changed or a sign has run out, and not before it is asked for.
 * @param read undefined while no node has been told of
 */
export function createNodesView(deps: NodesViewDeps, read: () => ToldNodes | undefined): NodesView {
  const { clock, otherwise } = deps;
  const blind = placeOn({ nodes: [], pools: [] }, otherwise);
  const known = new LRUCache<string, readonly NodeProfile[]>({ max: maxProfiles });
  const texts = new WeakMap<NodePrograms, string>();
  const textOf = (programs: NodePrograms): string => {
    const text = texts.get(programs) ?? JSON.stringify(programs);
    texts.set(programs, text);
    return text;
  };
  let current: { readonly source: NodeSource; readonly untilMs: number } | undefined;
  let agedBefore = "";
  const build = (nowMs: number): { readonly source: NodeSource; readonly untilMs: number } => {
    const told = read();
    if (told === undefined) return { source: blind, untilMs: Number.POSITIVE_INFINITY };
    const ago = confirmations(told.signs, clock);
    const profileFor: CoverDeps["profileFor"] = (published, programs, isAged) => {
      const key = `${published.name} ${published.version} ${isAged} ${textOf(programs)}`;
      const before = known.get(key);
      if (before !== undefined) return before;
      const made = deps.publishedFor(published, programs, isAged ? () => ago(published.name) : undefined);
      known.set(key, made);
      return made;
    };
    const coverage = coverNodes(told.nodes, told.profiles, told.signs, {
      nowMs,
      profileFor,
      unseenFor: deps.unseenFor,
    });
    reportAged(coverage.aged, ago);
    return { source: placeOn(coverage, otherwise), untilMs: coverage.nextChangeMs };
  };
  const reportAged = (names: readonly string[], ago: (profile: string) => string): void => {
    const now = names.join(" ");
    if (now !== agedBefore) deps.onAged?.(names.map((name) => ({ name, ago: ago(name) })));
    agedBefore = now;
  };
  return {
    invalidate: () => {
      current = undefined;
    },
    candidatesFor: (pod) => {
      const nowMs = clock.nowMs();
      if (current === undefined || nowMs >= current.untilMs) current = build(nowMs);
      return current.source.candidatesFor(pod);
    },
  };
}

/** How long ago the last of a profile's agents confirmed it, for people. */
function confirmations(signs: ReadonlyMap<string, AgentSign>, clock: Clock): (profile: string) => string {
  return (profile) => {
    const own = [...signs.values()].filter((sign) => sign.profile === profile).map(({ confirmedMs }) => confirmedMs);
    return own.length === 0 ? "at an unknown time" : renderAgo(clock.nowMs() - Math.max(...own));
  };
}

function renderAgo(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 2 * 3600) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 48 * 3600 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86_400)} days ago`;
}
