import type { ImageUse, WorkloadIdentity } from "../workload/index.js";
import { type QuestionNames, questionNames } from "./question.js";
import { type AuditedKind, type AuditedObject, type AuditSubject, auditedKinds } from "./types.js";

/** What runs in a cluster, followed object by object. */
export interface Inventory {
  /** An object came or changed (`gone` false), or went. */
  note(object: AuditedObject, gone: boolean): void;
  /** Counts changes; equal numbers, equal subjects. */
  version(): number;
  readonly pods: number;
  /**
   * Every image of every workload, owners collapsed. `pause` is awaited now and then, for others to get on.
   */
  subjects(pause?: () => Promise<void>): Promise<readonly AuditSubject[]>;
}

/** Pods that are alike in everything that matters here: one owner, one spec, the same images running. */
interface PodGroup {
  readonly sample: AuditedObject;
  readonly pods: Map<string, { readonly node: string; readonly createdMs: number }>;
}

/** Between two pauses; about a millisecond's work. */
const sliceSize = 250;
const maxNodes = 5;
const ownerSteps = 3;

export function createInventory(): Inventory {
  const workloads = new Map<string, AuditedObject>();
  const groups = new Map<string, PodGroup>();
  const groupOfPod = new Map<string, string>();
  const ids = identifiers();
  const names = questionNames();
  let version = 0;

  const forget = (pod: string): void => {
    const key = groupOfPod.get(pod);
    if (key === undefined) return;
    groupOfPod.delete(pod);
    const group = groups.get(key);
    group?.pods.delete(pod);
    if (group?.pods.size === 0) groups.delete(key);
  };
  const notePod = (object: AuditedObject, gone: boolean): void => {
    const pod = `${object.namespace}/${object.name}`;
    const key = groupKey(object, ids);
    const before = groupOfPod.get(pod);
    const isGone = gone || object.isOver;
    if (!isGone && before === key && groups.get(key)?.pods.get(pod)?.node === object.node) return;
    if (isGone && before === undefined) return;
    version += 1;
    forget(pod);
    if (isGone) return;
    const group = groups.get(key) ?? { sample: object, pods: new Map() };
    group.pods.set(pod, { node: object.node, createdMs: object.createdMs });
    groups.set(key, group);
    groupOfPod.set(pod, key);
  };

  return {
    note(object, gone) {
      if (object.kind === "Pod") return notePod(object, gone);
      const key = keyOf(object);
      const before = workloads.get(key);
      if (gone) workloads.delete(key);
      else workloads.set(key, object);
      // Controllers write their status all the time; it says nothing here.
      if (gone || before === undefined || before.spec !== object.spec || before.isOver !== object.isOver) version += 1;
    },
    version: () => version,
    get pods() {
      return groupOfPod.size;
    },
    async subjects(pause = () => Promise.resolve()) {
      const subjects: AuditSubject[] = [];
      const byOwner = new Map<AuditedObject, PodGroup[]>();
      const strays: PodGroup[] = [];
      let steps = 0;
      const step = async (): Promise<void> => {
        steps += 1;
        if (steps % sliceSize === 0) await pause();
      };
      for (const group of [...groups.values()]) {
        await step();
        const owner = topOf(workloads, group.sample);
        if (owner === undefined) strays.push(group);
        else appendTo(byOwner, owner, group);
      }
      for (const object of [...workloads.values()]) {
        await step();
        const top = topOf(workloads, object) ?? object;
        // Its Pods, if any, are shown with whoever made it; what it says itself is the owner's to say.
        if (object.isOver || top !== object) continue;
        subjects.push(...ownSubjects(names, object, byOwner.get(object) ?? []));
      }
      for (const [owner, own] of byOwner) {
        await step();
        subjects.push(...strangers(names, own, owner));
      }
      for (const group of gathered(strays)) {
        await step();
        subjects.push(...strayPods(names, group));
      }
      return subjects;
    },
  };
}

/** Small numbers for objects that are shared, to make keys of. */
function identifiers(): (value: object) => number {
  const known = new WeakMap<object, number>();
  let last = 0;
  return (value) => {
    const before = known.get(value);
    if (before !== undefined) return before;
    last += 1;
    known.set(value, last);
    return last;
  };
}

function groupKey({ namespace, name, owner, spec, running }: AuditedObject, ids: (value: object) => number): string {
  const who = owner === undefined ? `/${name}` : `${owner.kind}/${owner.name}`;
  return `${namespace}/${who}/${ids(spec)}/${ids(running)}`;
}

function keyOf({ kind, namespace, name }: Pick<AuditedObject, "kind" | "namespace" | "name">): string {
  return `${kind}/${namespace}/${name}`;
}

/** The topmost owner that is known; undefined where there is none. */
function topOf(
  workloads: ReadonlyMap<string, AuditedObject>,
  { namespace, owner }: AuditedObject,
): AuditedObject | undefined {
  let top: AuditedObject | undefined;
  let next = owner;
  for (let step = 0; step < ownerSteps && next !== undefined; step += 1) {
    const { kind, name } = next;
    const found = isKind(kind) ? workloads.get(keyOf({ kind, namespace, name })) : undefined;
    if (found === undefined) break;
    top = found;
    next = found.owner;
  }
  return top;
}

const kindNames: ReadonlySet<string> = new Set(auditedKinds);

function isKind(kind: string): kind is AuditedKind {
  return kindNames.has(kind);
}

function appendTo<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** What the template of a workload asks for, and what its Pods make of it. */
function ownSubjects(
  names: QuestionNames,
  object: AuditedObject,
  groups: readonly PodGroup[],
): readonly AuditSubject[] {
  return object.spec.images.map((use) => {
    const using = groups.filter(({ sample }) => sample.spec.images.some((other) => isSameUse(use, other)));
    return subjectOf(names, identityOf(object), object.uid, { object, use, groups: using });
  });
}

/** Images that Pods of an owner have and its template has not: left from an earlier one, or injected. */
function strangers(names: QuestionNames, groups: readonly PodGroup[], owner: AuditedObject): readonly AuditSubject[] {
  const odd = groups.filter(({ sample }) => usesOf(sample).some((use) => !isUsedBy(owner, use)));
  return gathered(odd).flatMap((alike) => {
    const first = firstPod(alike);
    return usesOf(alike[0]?.sample)
      .filter((use) => !isUsedBy(owner, use))
      .flatMap((use) => {
        const object = alike[0]?.sample;
        return object === undefined
          ? []
          : [subjectOf(names, { ...podIdentity(object), name: first }, "", { object, use, groups: alike })];
      });
  });
}

/** Pods whose owner is not known, if they have one: a custom controller's Pods are shown as one. */
function strayPods(names: QuestionNames, groups: readonly PodGroup[]): readonly AuditSubject[] {
  const object = groups[0]?.sample;
  if (object === undefined) return [];
  const { owner, namespace } = object;
  const isCustom = owner !== undefined && !isKind(owner.kind);
  const identity = isCustom ? { ...owner, namespace } : { ...podIdentity(object), name: firstPod(groups) };
  return object.spec.images.map((use) => subjectOf(names, identity, object.uid, { object, use, groups }));
}

/** Groups that differ in what runs only, together. */
function gathered(groups: readonly PodGroup[]): readonly (readonly PodGroup[])[] {
  const bySpec = new Map<string, PodGroup[]>();
  const ids = identifiers();
  for (const group of groups) {
    const { namespace, name, owner, spec } = group.sample;
    const who = owner === undefined ? `/${name}` : `${owner.kind}/${owner.name}`;
    appendTo(bySpec, `${namespace}/${who}/${ids(spec)}`, group);
  }
  return [...bySpec.values()];
}

function subjectOf(
  names: QuestionNames,
  workload: WorkloadIdentity,
  uid: string,
  {
    object,
    use,
    groups,
  }: { readonly object: AuditedObject; readonly use: ImageUse; readonly groups: readonly PodGroup[] },
): AuditSubject {
  const { namespace, spec, createdMs } = object;
  const nodes = new Set<string>();
  const running = new Map<string, { imageId: string; pods: number; sinceMs: number }>();
  let pods = 0;
  for (const { sample, pods: members } of groups) {
    pods += members.size;
    const imageId = sample.running.find(({ container }) => container === use.name)?.imageId;
    for (const { node, createdMs: sinceMs } of members.values()) {
      // A Pod that waits for its image proves nothing about its node.
      if (imageId === undefined) continue;
      if (node !== "" && nodes.size < maxNodes) nodes.add(node);
      const before = running.get(imageId);
      if (before === undefined) running.set(imageId, { imageId, pods: 1, sinceMs });
      else Object.assign(before, { pods: before.pods + 1, sinceMs: Math.min(before.sinceMs, sinceMs) });
    }
  }
  return {
    ...{ workload, uid, use, spec, createdMs, pods },
    question: names.key(namespace, spec, use),
    ...names.asked(use.image),
    nodes: [...nodes],
    running: [...running.values()],
  };
}

function usesOf(object: AuditedObject | undefined): readonly ImageUse[] {
  return object?.spec.images ?? [];
}

function isUsedBy(owner: AuditedObject, use: ImageUse): boolean {
  return owner.spec.images.some((other) => isSameUse(use, other));
}

function isSameUse(a: ImageUse, b: ImageUse): boolean {
  return a.image === b.image && a.name === b.name;
}

function identityOf({ apiVersion, kind, namespace, name }: AuditedObject): WorkloadIdentity {
  return { apiVersion, kind, namespace, name };
}

function podIdentity({ namespace }: AuditedObject): Omit<WorkloadIdentity, "name"> {
  return { apiVersion: "v1", kind: "Pod", namespace };
}

/** By name, so that the same Pod stands for its like for as long as it is there. */
function firstPod(groups: readonly PodGroup[]): string {
  let first: string | undefined;
  for (const { pods } of groups) {
    for (const pod of pods.keys()) if (first === undefined || pod < first) first = pod;
  }
  return first?.slice(first.indexOf("/") + 1) ?? "";
}
