import type { NodeProfile } from "../node/index.js";
import { type AgentSign, type ClusterNode, coverNodes } from "./coverage.js";
import type { PublishedProfile } from "./published.js";

/** How one profile is used at the moment. */
export interface ProfileUse {
  readonly name: string;
  readonly nodes: number;
  readonly isHandWritten: boolean;
  /** Nobody has confirmed it for too long, and nodes are judged by it all the same. */
  readonly isAged: boolean;
  /** When an agent last did, in milliseconds since the Unix epoch. */
  readonly confirmedMs?: number;
}

/** How many nodes have a profile that tells what they trust, and which one. */
export interface ProfileUsage {
  readonly covered: number;
  readonly uncovered: number;
  readonly profiles: readonly ProfileUse[];
}

/** What {@link coverNodes} makes of the same facts, counted; for people. */
export function profileUsage(
  nodes: readonly ClusterNode[],
  profiles: readonly PublishedProfile[],
  signs: ReadonlyMap<string, AgentSign>,
  nowMs: number,
): ProfileUsage {
  // Which list a node is given tells which profile it has: each stands for one.
  const marks = new Map<string, readonly NodeProfile[]>();
  const aged = new Set<string>();
  const unseen: readonly NodeProfile[] = [];
  const coverage = coverNodes(nodes, profiles, signs, {
    nowMs,
    unseenFor: () => unseen,
    profileFor: ({ name }, _programs, isAged) => {
      if (isAged) aged.add(name);
      const mark = marks.get(name) ?? [];
      marks.set(name, mark);
      return mark;
    },
  });
  const counts = new Map<readonly NodeProfile[], number>();
  for (const { profiles: mark } of coverage.nodes) counts.set(mark, (counts.get(mark) ?? 0) + 1);
  const uncovered = counts.get(unseen) ?? 0;
  const used = profiles.map(({ name, isHandWritten }): ProfileUse => {
    const mark = marks.get(name);
    const confirmed = [...signs.values()].filter(({ profile }) => profile === name).map((sign) => sign.confirmedMs);
    const confirmedMs = Math.max(...confirmed);
    return {
      name,
      nodes: (mark === undefined ? undefined : counts.get(mark)) ?? 0,
      isHandWritten,
      isAged: aged.has(name),
      ...(Number.isFinite(confirmedMs) ? { confirmedMs } : {}),
    };
  });
  return { covered: nodes.length - uncovered, uncovered, profiles: used };
}
