import type { AdmissionDeps, AdmissionEvent, AdmissionObserver } from "../../src/admission/index.js";
import type { Check, CheckInput } from "../../src/check/index.js";
import type { Clock } from "../../src/core/index.js";
import type { Finding } from "../../src/findings/index.js";
import type { Decision } from "../../src/policy/index.js";

/** A review as the API server sends it; `request` fields are laid over a CREATE of a Pod with one image. */
export function podReview(request: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "uid-1",
      kind: { group: "", version: "v1", kind: "Pod" },
      resource: { group: "", version: "v1", resource: "pods" },
      name: "web",
      namespace: "shop",
      operation: "CREATE",
      userInfo: { username: "admin" },
      object: pod("registry.example.com/web:1"),
      oldObject: null,
      dryRun: false,
      ...request,
    },
  };
}

/** A Pod with one container for each image; `metadata` is laid over its name. */
export function pod(
  images: string | readonly string[],
  metadata: Record<string, unknown> = {},
): Record<string, unknown> {
  const list = typeof images === "string" ? [images] : images;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", ...metadata },
    spec: { containers: list.map((image, position) => ({ name: `c${position}`, image })) },
  };
}

/** A check that keeps what it was asked and answers one finding of the given verdict for each image. */
export function recordingCheck(verdict: Finding["verdict"] = "pullable"): {
  readonly check: Check;
  readonly inputs: CheckInput[];
} {
  const inputs: CheckInput[] = [];
  const check: Check = (input) => {
    inputs.push(input);
    const findings = input.workloads.flatMap((workload) =>
      workload.pod.images.map(
        (use): Finding => ({
          image: use.image,
          reference: use.image,
          digest: null,
          verdict,
          cause: null,
          kubelet: { reason: null },
          message: `${use.image} is ${verdict}`,
          fix: null,
          workload: workload.identity,
          fieldPaths: [use.fieldPath],
        }),
      ),
    );
    return Promise.resolve({ summary: { pullable: 0, unpullable: 0, skipped: 0, unknown: 0 }, findings });
  };
  return { check, inputs };
}

/** Denies what cannot be pulled, warns of what is unknown. */
export function plainDecide(findings: readonly Finding[]): Decision {
  const bad = findings.filter(({ verdict }) => verdict === "unpullable");
  const warnings = findings.filter(({ verdict }) => verdict === "unknown").map(({ message }) => message);
  return bad.length === 0
    ? { allowed: true, warnings }
    : {
        allowed: false,
        warnings,
        denial: { code: 403, reason: "Forbidden", message: bad.map(({ message }) => message).join("; ") },
      };
}

/** Keeps what it hears. */
export function recordingObserver(): AdmissionObserver & {
  readonly events: AdmissionEvent[];
  readonly faults: unknown[];
} {
  const events: AdmissionEvent[] = [];
  const faults: unknown[] = [];
  return { events, faults, admitted: (event) => events.push(event), faulted: (error) => faults.push(error) };
}

/** Stands still; its sleeps end when the test says so. */
export function handClock(): Clock & { readonly wake: () => void; readonly sleeping: () => number } {
  const sleepers = new Set<() => void>();
  return {
    nowMs: () => 0,
    sleep: (_ms, signal) =>
      new Promise((resolve, reject) => {
        const done = (): void => {
          sleepers.delete(done);
          resolve();
        };
        sleepers.add(done);
        signal?.addEventListener("abort", () => {
          sleepers.delete(done);
          reject(signal.reason);
        });
      }),
    wake: () => {
      for (const done of [...sleepers]) {
        done();
      }
    },
    sleeping: () => sleepers.size,
  };
}

/** The machine's time, for tests with real sockets. */
export const realClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const timer = setTimeout(resolve, ms);
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    }),
};

/** Deps that answer everything with `check`. */
export function admissionDeps(overrides: Partial<AdmissionDeps> = {}): AdmissionDeps {
  return { check: recordingCheck().check, decide: plainDecide, clock: handClock(), ...overrides };
}
