import { type Clock, entriesOf, memberOf, textOf } from "../core/index.js";
import type { ProfileStore } from "./profile-store.js";

export interface TidyDeps {
  readonly store: ProfileStore;
  /** Whether there is no such node any more. */
  readonly isGone: (node: string) => Promise<boolean>;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Each agent looks at so few of each when it starts: new nodes come as old ones go, so together they keep up. */
const maxProfiles = 3;
const maxNodes = 5;
/** A profile that names nobody yet may just have been made. */
const graceMs = 10 * 60_000;

/** Takes nodes that are gone out of a few profiles by chance; one that covers nothing any more is removed. */
export async function tidyProfiles(
  { store, isGone, clock, random }: TidyDeps,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const name of someOf(names, maxProfiles, random)) {
    const object = await store.read(name, signal);
    const nodes = entriesOf(memberOf(object, "status", "nodes")).map((entry) => textOf(memberOf(entry, "name")));
    for (const node of someOf(nodes, maxNodes, random)) {
      if (await isGone(node)) await store.drop(name, node, signal);
    }
    const madeMs = Date.parse(textOf(memberOf(object, "metadata", "creationTimestamp")));
    if (nodes.length === 0 && clock.nowMs() - madeMs > graceMs) await store.removeIfUnused(object, signal);
  }
}

function someOf<T>(items: readonly T[], count: number, random: () => number): readonly T[] {
  const pool = [...items];
  return Array.from({ length: Math.min(count, pool.length) }, () =>
    pool.splice(Math.floor(random() * pool.length), 1),
  ).flat();
}
