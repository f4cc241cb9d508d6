import type { Finding } from "../../src/findings/index.js";
import type { RecentFinding, Status } from "../../src/status/index.js";

const nowMs = Date.UTC(2026, 2, 4, 10, 0, 0);
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** A finding of an image that cannot be pulled. */
export function findingOf(values: Partial<Finding> = {}): Finding {
  return {
    image: "registry.test/team/app:v1",
    reference: "registry.test/team/app:v1",
    digest: null,
    verdict: "unpullable",
    cause: "TagNotFound",
    kubelet: { reason: "ErrImagePull" },
    message: "registry.test has no tag v1 of team/app",
    fix: null,
    workload: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" },
    fieldPaths: ["spec.template.spec.containers[0].image"],
    ...values,
  };
}

const recent = (values: Partial<RecentFinding>): RecentFinding => ({
  atMs: nowMs - minuteMs,
  times: 1,
  image: "registry.test/team/app:v1",
  namespace: "shop",
  kind: "Deployment",
  name: "web",
  verdict: "unpullable",
  cause: "TagNotFound",
  message: "registry.test has no tag v1 of team/app; v1.0 looks like it",
  ...values,
});

/** A replica of which everything is known and some things are wrong; every optional field is there. */
export const busyStatus: Status = {
  version: "1.4.0",
  nowMs,
  startedMs: nowMs - 76 * hourMs,
  notReady: [],
  certificate: {
    notAfterMs: nowMs + 5 * 24 * hourMs,
    fingerprint256: `${"3A:5F:".repeat(15)}9C:01`,
    names: "DNS:pullguard.pullguard.svc",
  },
  leases: [{ lease: "certificates", isHeld: true }],
  configuration: {
    origin: "resource",
    mode: "deny",
    rules: 4,
    generation: 7,
    sinceMs: nowMs - 2 * hourMs,
    lastError: { atMs: nowMs - 10 * minuteMs, reason: "spec.rules[2].images: must be a list" },
  },
  cache: {
    hits: 18_240,
    misses: 913,
    shared: 77,
    caches: [{ cache: "outcomes", entries: 2210, bytes: 3_400_000 }],
  },
  registries: [
    {
      registry: "registry.corp.test:5000",
      state: "open",
      inFlight: 0,
      queued: 0,
      consecutiveFailures: 9,
      requests: 410,
      faults: 12,
      lastFaultKind: "timeout",
      lastSuccessMs: nowMs - 14 * minuteMs,
      retryAtMs: nowMs + 20_000,
    },
    {
      registry: "registry-1.docker.io",
      state: "closed",
      inFlight: 3,
      queued: 11,
      consecutiveFailures: 0,
      requests: 2210,
      faults: 1,
      lastSuccessMs: nowMs - 4000,
      pausedUntilMs: nowMs + 40_000,
      rateLimit: { remaining: 3, limit: 100, atMs: nowMs - 5000 },
    },
    {
      registry: "ghcr.io",
      state: "half-open",
      inFlight: 1,
      queued: 0,
      consecutiveFailures: 2,
      requests: 88,
      faults: 2,
    },
    { registry: "quay.io", consecutiveFailures: 0, requests: 12, faults: 0, lastSuccessMs: nowMs - hourMs },
    { registry: "old.test", consecutiveFailures: 3, requests: 3, faults: 3, lastFaultKind: "name-not-found" },
  ],
  watches: [
    { resource: "nodes", isUp: true, lastSyncMs: nowMs - 3 * hourMs },
    {
      resource: "leases",
      isUp: false,
      lastSyncMs: nowMs - 3 * hourMs,
      lastFault: { atMs: nowMs - minuteMs, reason: "Pullguard has no permission to list and watch leases (403)" },
    },
  ],
  nodes: {
    covered: 11,
    uncovered: 2,
    profiles: [
      { name: "containerd-1f3c", nodes: 9, isHandWritten: false, isAged: false, confirmedMs: nowMs - 30_000 },
      { name: "gpu-pool", nodes: 2, isHandWritten: true, isAged: false },
      { name: "containerd-77aa", nodes: 0, isHandWritten: false, isAged: true, confirmedMs: nowMs - 9 * hourMs },
    ],
  },
  findings: [
    recent({}),
    recent({
      atMs: nowMs - 3 * minuteMs,
      times: 14,
      image: '"><script>alert(1)</script>\u202e/x:1',
      kind: "Pod",
      name: "<img src=https://evil.test/x onerror=alert(2)>",
      cause: "InvalidImageName",
      message: "no image name: </script><script>alert(3)</script>",
    }),
    recent({
      atMs: nowMs - hourMs,
      verdict: "unknown",
      image: `registry.corp.test:5000/platform/very/long/${"repository/".repeat(6)}app@sha256:${"ab".repeat(32)}`,
      cause: "RegistryTimeout",
      message: "registry.corp.test:5000 did not answer in time",
    }),
  ],
};

/** A replica that has just started and knows nothing. */
export const newStatus: Status = {
  version: "1.4.0",
  nowMs,
  startedMs: nowMs,
  notReady: [{ name: "nodes", reason: "nodes have not been listed yet" }],
  leases: [],
  configuration: { origin: "none", mode: "warn", rules: 0 },
  cache: { hits: 0, misses: 0, shared: 0, caches: [] },
  registries: [],
  watches: [],
  findings: [],
};
