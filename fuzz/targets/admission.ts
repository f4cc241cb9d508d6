import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import type { Request } from "express";
import { admit, mutate, parseReview } from "../../src/admission/index.js";
import type { Check } from "../../src/check/index.js";
import type { Finding } from "../../src/findings/index.js";
import {
  decide,
  decideByPolicy,
  emptyConfig,
  faultLines,
  isOff,
  mutationOrder,
  parseConfig,
} from "../../src/policy/index.js";
import { readJsonBody } from "../../src/server/body.js";
import { readWorkloads } from "../../src/workload/index.js";
import type { FuzzTarget } from "../target.js";

const clock = { nowMs: () => 0, sleep: () => new Promise<void>(() => undefined) };

/** Every image gets a verdict by its length, so that all ways of answering are taken. */
const check: Check = ({ workloads }) => {
  const findings = workloads.flatMap((workload) =>
    workload.pod.images.map(({ image, fieldPath }): Finding => {
      const verdict = (["pullable", "unpullable", "unknown", "skipped"] as const)[image.length % 4] ?? "unknown";
      return {
        image,
        reference: null,
        digest: null,
        verdict,
        cause: verdict === "pullable" ? null : "TagNotFound",
        kubelet: { reason: null },
        message: "is not there",
        fix: "Push it.",
        workload: workload.identity,
        fieldPaths: [fieldPath],
      };
    }),
  );
  return Promise.resolve({ summary: { pullable: 0, unpullable: 0, skipped: 0, unknown: 0 }, findings });
};

const faults: unknown[] = [];
const observer = { admitted: () => undefined, faulted: (error: unknown) => void faults.push(error) };
const never = new AbortController().signal;
const admission = { check, decide: (findings: readonly Finding[]) => decide(findings, "deny"), clock, observer };
const setsPullPolicy = { setPullPolicy: { match: {}, policies: { latest: "Always", tag: "IfNotPresent" } } } as const;
const order = mutationOrder(
  { config: { ...emptyConfig, mutations: setsPullPolicy }, mode: "deny" },
  { namespaceLabels: {}, namespace: "shop", kind: "Pod" },
);
const mutation = {
  check,
  clock,
  observer,
  order: () => order,
  isOn: () => true,
  secrets: {
    secret: () => Promise.resolve({ kind: "not-found" } as const),
    serviceAccount: () => Promise.resolve({ kind: "not-found" } as const),
  },
  listPullSecrets: () => Promise.resolve({ kind: "listed", secrets: [] } as const),
};

const fixtures = new URL("../../../test/fixtures/reviews/", import.meta.url);
const fixture = (name: string): string => JSON.stringify(JSON.parse(readFileSync(new URL(name, fixtures), "utf8")));

/** The body of a webhook call, from its bytes to the answer. */
export const reviews: FuzzTarget = {
  name: "admission-reviews",
  format: "json",
  seeds: [
    '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","kind":{"group":"","version":"v1","kind":"Pod"},"operation":"CREATE","namespace":"shop","name":"web","object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","annotations":{"pullguard.dev/skip":"TagNotFound: x"}},"spec":{"containers":[{"name":"a","image":"reg.io/web:1","imagePullPolicy":"Always"}],"initContainers":[{"image":"x"}],"imagePullSecrets":[{"name":"p"}],"nodeSelector":{"a":"b"},"volumes":[{"image":{"reference":"y"}}]}}}}',
    '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","kind":{"group":"apps","version":"v1","kind":"Deployment"},"operation":"UPDATE","object":{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"w"},"spec":{"replicas":3,"template":{"spec":{"containers":[{"name":"a","image":"new:1"}]}}}},"oldObject":{"apiVersion":"apps/v1","kind":"Deployment","spec":{"template":{"spec":{"containers":[{"name":"a","image":"old"}]}}}}}}',
    fixture("validate-create-pod.json"),
    fixture("validate-create-cronjob.json"),
    fixture("validate-update-pod-ephemeralcontainers.json"),
  ],
  words: [
    '"image":',
    '"containers":',
    '"spec":',
    '"kind":"Pod"',
    '"CREATE"',
    '"UPDATE"',
    "null",
    "[]",
    "{}",
    '"\\ud800"',
  ],
  async run(input) {
    faults.length = 0;
    const bytes = Buffer.from(input);
    const request = bodyOf([bytes.subarray(0, 7), bytes.subarray(7)]);
    const read = readJsonBody(request as unknown as Request, 1 << 20);
    request.deliver();
    const body = await read;
    if (body.kind !== "json") return { shape: `${body.kind}`, said: body.kind === "refused" ? [body.message] : [] };
    const review = parseReview(body.value);
    const answer = await admit(admission, review, never);
    const patched = await mutate(mutation, review, never);
    assert.equal(answer.response.uid, review.uid);
    assert.equal(patched.response.allowed, true);
    for (const error of faults) assert.ok(isOurs(error), String(error));
    const { allowed, warnings = [], status } = answer.response;
    return {
      shape: `${review.kind.kind.length % 9} ${allowed} ${warnings.length} ${patched.response.patch === undefined} ${faults.length}`,
      said: status === undefined ? [] : [status.message.split("\n")[0] ?? ""],
    };
  },
};

/** A request as the body reader sees it. */
class IncomingBody extends EventEmitter {
  readonly headers = { "content-type": "application/json" };
  readonly #chunks: readonly Buffer[];
  constructor(chunks: readonly Buffer[]) {
    super();
    this.#chunks = chunks.filter((chunk) => chunk.length > 0);
  }
  pause(): void {}
  deliver(): void {
    for (const chunk of this.#chunks) this.emit("data", chunk);
    this.emit("end");
  }
}

function bodyOf(chunks: readonly Buffer[]): IncomingBody {
  return new IncomingBody(chunks);
}

function isOurs(error: unknown): boolean {
  return error instanceof Error && error.name === "PullguardError";
}

/** Workloads of any kind, built-in or custom. */
export const workloads: FuzzTarget = {
  name: "workloads",
  format: "json",
  seeds: [
    '{"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"c"},"spec":{"jobTemplate":{"spec":{"template":{"spec":{"containers":[{"image":"a","name":"b"}],"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"k","operator":"In","values":["v"]}]}]}}},"tolerations":[{"operator":"Exists"}]}}}}}}',
    '{"apiVersion":"x/v1","kind":"Ray","spec":{"groups":[{"template":{"spec":{"containers":[{"image":"a"}]}}}]}}',
    '{"apiVersion":"apps/v1","kind":"StatefulSet","spec":{"replicas":2,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"25%"}},"template":{"spec":{"os":{"name":"linux"},"containers":[]}}}}',
  ],
  words: ['"template":', '"spec":', '"containers":', '"image":', "null", "25%"],
  run(input) {
    const found = readWorkloads(parsed(input), [
      { apiGroup: "x", kind: "Ray", path: ["spec", "groups", "[*]", "template"] },
    ]);
    const images = found.reduce((sum, { pod }) => sum + pod.images.length, 0);
    return {
      shape: `${found.length} ${Math.min(images, 9)} ${found[0]?.pod.nodeAffinity?.length} ${found[0]?.pod.tolerations?.length}`,
    };
  },
};

/** PullguardConfig objects; where one is accepted, it decides something. */
export const configs: FuzzTarget = {
  name: "pullguard-configs",
  format: "json",
  seeds: [
    '{"apiVersion":"pullguard.dev/v1","kind":"PullguardConfig","metadata":{"name":"default"},"spec":{"defaults":{"unpullable":["Deny"]},"rules":[{"name":"a","match":{"images":["docker.io/**"],"namespaceSelector":{"matchLabels":{"a":"b"},"matchExpressions":[{"key":"k","operator":"In","values":["v"]}]}},"actions":["Warn","Audit"]}],"enforcement":{"Pod":"Warn"},"events":true}}',
    '{"apiVersion":"pullguard.dev/v1","kind":"PullguardConfig","spec":{"exemptions":[{"name":"x","match":{"images":["**"]},"reason":"r","expires":"2027-01-01T00:00:00Z"}],"registries":{"dial":{"denyCIDRs":["10.0.0.0/8"],"allowHosts":["a.b:5000"]},"mirrors":[{"prefix":"docker.io","mirror":"m.test/hub"}]},"deadlines":{"check":"3s"}}}',
    '{"apiVersion":"pullguard.dev/v1","kind":"PullguardConfig","spec":{"mutations":{"pinDigest":{"match":{}},"setPullPolicy":{"latest":"Always"}},"podTemplates":[{"apiGroup":"x","kind":"Ray","path":"spec.groups[*].template"}],"overrides":{"namespaceMode":"Stricter"}}}',
  ],
  words: [
    '"rules":',
    '"match":',
    '"images":',
    '"actions":',
    '"exemptions":',
    '"mutation":',
    "**",
    "Deny",
    "Warn",
    "10.0.0.0/8",
    "1h",
  ],
  run(input) {
    const read = parseConfig(parsed(input), input.length % 2 === 0 ? "file" : "resource");
    if (read.kind === "invalid") return { shape: `invalid ${read.faults.length}`, said: faultLines(read.faults) };
    const policy = { config: read.config, mode: "deny" } as const;
    const subject = { namespaceLabels: {}, annotations: {} };
    isOff(policy, subject);
    const finding: Finding = {
      image: "nginx",
      reference: null,
      digest: null,
      verdict: "unpullable",
      cause: "TagNotFound",
      kubelet: { reason: null },
      message: "m",
      fix: null,
      workload: { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web" },
      fieldPaths: ["spec.containers[0].image"],
    };
    const { allowed, warnings } = decideByPolicy(policy, [finding], subject, 0);
    return { shape: `config ${allowed} ${warnings.length} ${read.config.rules.length}` };
  },
};

function parsed(input: string): unknown {
  try {
    return JSON.parse(input);
  } catch {
    return input;
  }
}
