import type { Check } from "../check/index.js";
import type { Clock } from "../core/index.js";
import {
  type MutationDeps,
  type MutationResult,
  type PatchOperation,
  planMutations,
  renderPatch,
} from "../mutation/index.js";
import { type MutationOrder, noteLines, type PolicySubject } from "../policy/index.js";
import { changedImagesForMutation, type Workload } from "../workload/index.js";
import { faultWarning } from "./fault-warning.js";
import { allImages, imagesToCheck } from "./images.js";
import { inTime } from "./in-time.js";
import { patchableOf } from "./patchable.js";
import { type AdmissionAnswer, type AdmissionRequestView, patchAnswer } from "./review.js";
import type { AdmissionScope } from "./scope.js";

/** One answered mutation request. */
export interface MutationEvent {
  readonly uid: string;
  readonly operation: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
  /** How many operations the patch has; 0 for none. */
  readonly operations: number;
}

/** Port: who wants to hear of changes and of Pullguard's own faults. */
export interface MutationObserver {
  mutated?(event: MutationEvent): void;
  faulted(error: unknown, request: { readonly uid: string; readonly kind: string }): void;
}

/** What {@link mutate} is built from. */
export interface MutateDeps {
  readonly check: Check;
  readonly clock: Clock;
  readonly scope?: Pick<AdmissionScope, "namespaces" | "checkMs" | "podTemplates">;
  /** What the configuration in force wants changed in an object; undefined for nothing. */
  readonly order: (
    object: Pick<PolicySubject, "namespaceLabels"> & { readonly namespace: string; readonly kind: string },
  ) => MutationOrder | undefined;
  /** Whether anything is on at all: if not, no request costs more than this. */
  readonly isOn: () => boolean;
  readonly secrets: MutationDeps["secrets"];
  readonly listPullSecrets: MutationDeps["listPullSecrets"];
  readonly observer?: MutationObserver;
  readonly graceMs?: number;
}

/**
 * Answers one request to change an object, always and in time. It has no side effect: registries, Secrets and
 * ServiceAccounts are read, nothing is written, for a dry run as for any other. A fault of Pullguard's own and a deadline
 * that comes first leave the object as it is, with a warning.
 */
export async function mutate(
  deps: MutateDeps,
  request: AdmissionRequestView,
  signal: AbortSignal,
): Promise<AdmissionAnswer> {
  if (!deps.isOn()) return patchAnswer(request.uid, [], []);
  try {
    const { operations, notes } = await change(deps, request, signal);
    notify(deps, request, operations);
    return patchAnswer(request.uid, operations, noteLines(notes));
  } catch (error) {
    report(deps, request, error, signal);
    return patchAnswer(request.uid, [], [faultWarning(request, "change", error, isLate(error, signal))]);
  }
}

interface Change {
  readonly operations: readonly PatchOperation[];
  readonly notes: readonly string[];
}

const unchanged: Change = { operations: [], notes: [] };

async function change(deps: MutateDeps, request: AdmissionRequestView, signal: AbortSignal): Promise<Change> {
  const { scope } = deps;
  const patchable = patchableOf(request);
  if (patchable === undefined) return unchanged;
  const podTemplates = scope?.podTemplates() ?? [];
  const changeable = new Set(
    imagesToCheck(request, podTemplates, changedImagesForMutation)
      .flatMap(({ pod }) => pod.images)
      .filter(patchable.image)
      .map(({ fieldPath }) => fieldPath),
  );
  if (changeable.size === 0) return unchanged;
  const { namespace, kind } = request;
  const namespaceLabels = await scope?.namespaces?.labels(namespace, signal);
  const order = deps.order({ namespace, kind: kind.kind, namespaceLabels });
  if (order === undefined) return unchanged;
  const limitMs = scope?.checkMs();
  const workloads = allImages(request, podTemplates);
  const results = await inTime({ ...deps, ...(limitMs === undefined ? {} : { limitMs }) }, signal, (limited) => {
    const planned = workloads.map((workload) =>
      planMutations(portsOf(deps, request.uid), order, { workload, changeable, ...patchable }, limited),
    );
    return Promise.all(planned);
  });
  return changeOf(request.object, workloads, results);
}

function portsOf({ check, secrets, listPullSecrets }: MutateDeps, uid: string): MutationDeps {
  const ask: MutationDeps["ask"] = async (workload, signal) =>
    (await check({ workloads: [workload], uid }, signal)).findings;
  return { ask, secrets, listPullSecrets };
}

function changeOf(object: unknown, workloads: readonly Workload[], results: readonly MutationResult[]): Change {
  const changes = workloads.map((before, index) => ({ before, after: results[index]?.workload ?? before }));
  const operations = renderPatch(object, changes);
  if (operations === undefined) {
    return { operations: [], notes: ["pullguard changed nothing: a field of the object cannot be told from another"] };
  }
  return { operations, notes: results.flatMap(({ notes }) => notes) };
}

function isLate(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted || (error instanceof DOMException && error.name === "TimeoutError");
}

function notify(deps: MutateDeps, request: AdmissionRequestView, { length }: readonly PatchOperation[]): void {
  const { uid, operation, kind, namespace, name, dryRun } = request;
  try {
    deps.observer?.mutated?.({ uid, operation, kind: kind.kind, namespace, name, dryRun, operations: length });
  } catch (error) {
    report(deps, request, error);
  }
}

/** A deadline that came first is no fault. */
function report(deps: MutateDeps, request: AdmissionRequestView, error: unknown, signal?: AbortSignal): void {
  if (signal !== undefined && error === signal.reason) return;
  try {
    deps.observer?.faulted(error, { uid: request.uid, kind: request.kind.kind });
  } catch {
    // Nobody is left to tell, and the request must be answered all the same.
  }
}
