import type { MutationOrder } from "../policy/index.js";
import { addPullSecret } from "./add-pull-secret.js";
import { pinDigest } from "./pin-digest.js";
import { isNoWorse, judge, type Round, type Stand } from "./round.js";
import { setPullPolicy } from "./set-pull-policy.js";
import type { MutationDeps, MutationResult, MutationTarget } from "./types.js";
import { useMirror } from "./use-mirror.js";

/** A change may bring about one more; whatever goes on for longer than this leads nowhere. */
const maxRounds = 4;
const mutations = ["addPullSecret", "pinDigest", "useMirror", "setPullPolicy"] as const;

/**
 * What is to be changed in a workload. Every change has been tried: no image fares worse than before, and what comes out
 * is left alone the next time, so mutating twice is mutating once. Where that cannot be had, nothing is changed.
 * @throws whatever `deps.ask` throws, and the signal's reason once it has aborted: half an answer proves nothing
 */
export async function planMutations(
  deps: MutationDeps,
  order: MutationOrder,
  target: MutationTarget,
  signal: AbortSignal,
): Promise<MutationResult> {
  const nothing = { workload: target.workload, notes: [] };
  const isWanted = (image: string): boolean => mutations.some((mutation) => order.wants(mutation, image));
  const wanted = target.workload.pod.images.filter(
    ({ fieldPath, image }) => target.changeable.has(fieldPath) && isWanted(image),
  );
  if (wanted.length === 0) return nothing;
  const changeable = new Set(wanted.map(({ fieldPath }) => fieldPath));
  const round: Round = { deps, order, target: { ...target, changeable }, signal };
  const isAsked = ({ fieldPath }: { readonly fieldPath: string }): boolean => changeable.has(fieldPath);
  let stand: Stand = { ...nothing, findings: await judge(round, target.workload, isAsked) };
  const first = stand.findings;
  for (let count = 0; count < maxRounds; count++) {
    const next = await steps(round, stand);
    signal.throwIfAborted();
    if (next.workload === stand.workload) return { workload: next.workload, notes: next.notes };
    // Asked anew and in one piece: what the steps found out one by one must hold together.
    const findings = await judge(round, next.workload, isAsked);
    signal.throwIfAborted();
    if (![...changeable].every((path) => isNoWorse(first.get(path), findings.get(path)))) break;
    stand = { ...next, findings };
  }
  return { ...nothing, notes: ["pullguard changed nothing: its changes did not work together"] };
}

async function steps(round: Round, stand: Stand): Promise<Stand> {
  const opened = await addPullSecret(round, stand);
  const mirrored = await useMirror(round, opened);
  const pinned = await pinDigest(round, mirrored);
  return await setPullPolicy(round, pinned);
}
