import assert from "node:assert/strict";
import { applyPatch } from "rfc6902";
import type { MutateDeps } from "../../src/admission/index.js";
import { mutate, parseReview } from "../../src/admission/index.js";
import type { Finding, Verdict } from "../../src/findings/index.js";
import type { MutationDeps, PatchOperation } from "../../src/mutation/index.js";
import { mutationOrder, parseConfig } from "../../src/policy/index.js";
import { readWorkloads } from "../../src/workload/index.js";
import { handClock } from "../admission/doubles.js";

/** What a mutation of one object came to. */
export interface Mutated {
  readonly object: unknown;
  readonly operations: readonly PatchOperation[];
  readonly warnings: readonly string[];
}

const summary = { pullable: 0, unpullable: 0, skipped: 0, unknown: 0 };

/** The webhook's mutation over a small world. @param spec  of the PullguardConfig in force */
export function mutateDeps(world: MutationDeps, spec: object, overrides: Partial<MutateDeps> = {}): MutateDeps {
  const parsed = parseConfig({ apiVersion: "pullguard.dev/v1", kind: "PullguardConfig", spec }, "file");
  assert.ok(parsed.kind === "config", JSON.stringify(parsed));
  const policy = { config: parsed.config, mode: "warn" } as const;
  return {
    check: async ({ workloads }, signal) => {
      const findings = await Promise.all(workloads.map((workload) => world.ask(workload, signal)));
      return { summary, findings: findings.flat() };
    },
    clock: handClock(),
    order: (object) => mutationOrder(policy, object),
    isOn: () => true,
    secrets: world.secrets,
    listPullSecrets: world.listPullSecrets,
    ...overrides,
  };
}

/** Asks for a mutation and applies the patch with a library that has nothing to do with Pullguard. */
export async function mutated(
  deps: MutateDeps,
  object: unknown,
  request: Readonly<Record<string, unknown>> = {},
): Promise<Mutated> {
  const kind = Reflect.get(Object(object), "kind");
  const [version = "", group = ""] = String(Reflect.get(Object(object), "apiVersion"))
    .split("/")
    .reverse();
  const review = parseReview({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      ...{ uid: "uid-1", kind: { group, version, kind }, name: "web", namespace: "shop", operation: "CREATE" },
      ...{ object: structuredClone(object), oldObject: null, dryRun: false, ...request },
    },
  });
  const { response } = await mutate(deps, review, new AbortController().signal);
  assert.equal(response.allowed, true);
  assert.deepEqual(review.object, object, "the request itself is left as it is");
  assert.equal(response.patchType, response.patch === undefined ? undefined : "JSONPatch");
  const operations = JSON.parse(Buffer.from(response.patch ?? "W10=", "base64").toString()) as PatchOperation[];
  return { object: patched(object, operations), operations, warnings: response.warnings ?? [] };
}

/** The object after the patch, which must go on without an error. */
export function patched(object: unknown, operations: readonly PatchOperation[]): unknown {
  const copy = structuredClone(object);
  const faults = applyPatch(
    copy,
    operations.map((operation) => ({ ...operation })),
  );
  assert.deepEqual(
    faults.filter((fault) => fault !== null),
    [],
  );
  return copy;
}

/** The verdict of every image of an object, by field path. */
export async function verdicts(world: MutationDeps, object: unknown): Promise<ReadonlyMap<string, Verdict>> {
  const workloads = readWorkloads(object).map((workload) => ({
    ...workload,
    identity: { ...workload.identity, namespace: "shop" },
  }));
  const signal = new AbortController().signal;
  const findings: Finding[] = (await Promise.all(workloads.map((workload) => world.ask(workload, signal)))).flat();
  return new Map(findings.flatMap(({ fieldPaths, verdict }) => fieldPaths.map((path) => [path, verdict] as const)));
}
