import type { Finding } from "../findings/index.js";
import type { MutationOrder } from "../policy/index.js";
import type { ImageUse, Workload } from "../workload/index.js";
import type { MutationDeps, MutationTarget } from "./types.js";

/** What every step works with. */
export interface Round {
  readonly deps: MutationDeps;
  readonly order: MutationOrder;
  readonly target: MutationTarget;
  readonly signal: AbortSignal;
}

/** How far a round has come. `findings` are those of the workload as it stands, by field path. */
export interface Stand {
  readonly workload: Workload;
  readonly findings: ReadonlyMap<string, Finding>;
  readonly notes: readonly string[];
}

/** One use of an image as it should be, and the line that explains it. */
export interface Proposal {
  readonly use: ImageUse;
  readonly note: string;
}

/** Asks about some of a workload's images; the answer by field path. */
export async function judge(
  { deps, signal }: Round,
  workload: Workload,
  isAsked: (use: ImageUse) => boolean,
): Promise<ReadonlyMap<string, Finding>> {
  const images = workload.pod.images.filter(isAsked);
  if (images.length === 0) return new Map();
  const findings = await deps.ask({ ...workload, pod: { ...workload.pod, images } }, signal);
  return new Map(findings.flatMap((finding) => finding.fieldPaths.map((path) => [path, finding] as const)));
}

const severity = { pullable: 0, skipped: 0, unknown: 1, unpullable: 2 } as const;

/** Whether an image fares no worse than before. Of what was not found out it must be assumed that it does. */
export function isNoWorse(before: Finding | undefined, after: Finding | undefined): boolean {
  return before !== undefined && after !== undefined && severity[after.verdict] <= severity[before.verdict];
}

/** The images that may be changed, each with its finding. */
export function changeableUses(
  { target }: Round,
  { workload, findings }: Pick<Stand, "workload" | "findings">,
): readonly { readonly use: ImageUse; readonly finding: Finding }[] {
  return workload.pod.images.flatMap((use) => {
    const finding = findings.get(use.fieldPath);
    return finding === undefined || !target.changeable.has(use.fieldPath) ? [] : [{ use, finding }];
  });
}

/**
 * Takes over the proposals that stand the test: the changed image fares no worse, and `isGood` holds for what it has
 * become. The others are left as they were, without a word.
 */
export async function adopt(
  round: Round,
  stand: Stand,
  proposals: readonly Proposal[],
  isGood: (use: ImageUse, after: Finding) => boolean = () => true,
): Promise<Stand> {
  if (proposals.length === 0) return stand;
  const proposed = new Map(proposals.map((proposal) => [proposal.use.fieldPath, proposal]));
  const after = await judge(round, withUses(stand.workload, proposed), ({ fieldPath }) => proposed.has(fieldPath));
  const adopted = new Map(
    [...proposed].filter(([path, { use }]) => {
      const finding = after.get(path);
      return isNoWorse(stand.findings.get(path), finding) && finding !== undefined && isGood(use, finding);
    }),
  );
  if (adopted.size === 0) return stand;
  const known = [...adopted.keys()].flatMap((path) => {
    const finding = after.get(path);
    return finding === undefined ? [] : [[path, finding] as const];
  });
  return {
    workload: withUses(stand.workload, adopted),
    findings: new Map([...stand.findings, ...known]),
    notes: [...stand.notes, ...[...adopted.values()].map(({ note }) => note)],
  };
}

function withUses(workload: Workload, uses: ReadonlyMap<string, Proposal>): Workload {
  const images = workload.pod.images.map((use) => uses.get(use.fieldPath)?.use ?? use);
  return { ...workload, pod: { ...workload.pod, images } };
}

/** `spec.containers[0].image "nginx:1.27"`, as warnings name images. */
export function placeOf({ fieldPath, image }: ImageUse): string {
  return `${fieldPath} ${JSON.stringify(image.length <= 100 ? image : `${image.slice(0, 99)}…`)}`;
}
