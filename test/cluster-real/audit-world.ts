import { randomBytes } from "node:crypto";
import { type AuditReport, pulledCollector } from "../../src/audit/index.js";
import { type OpenAudit, openAudit } from "../../src/bin/audit.js";
import { systemClock } from "../../src/bin/system.js";
import { createCheck } from "../../src/check/index.js";
import { clusterSecretSource, loadCluster } from "../../src/cluster/index.js";
import { fixedNodes, nodeFilesFromMap, parseRuntime, seenNodeProfile } from "../../src/node/index.js";
import { parsePlatform } from "../../src/oci/index.js";
import { createPredictor } from "../../src/prediction/index.js";
import { createRegistryClient } from "../../src/registry/index.js";
import { createLogger } from "../../src/telemetry/index.js";
import { eventually, type KubeClient, type KubeObject } from "../support/kube/index.js";
import { buildContent, contentOf, type Lab, type StoredRepository } from "../support/lab/index.js";

/** What a registry has: repositories `app0`, `app1` … with the tag `v1`. Tags can be taken away and put back while it runs. */
export function appsOf(host: string, count: number): ReadonlyMap<string, StoredRepository> {
  const base = buildContent(host).get("library/solo");
  if (base === undefined) throw new Error("the laboratory has no such image");
  const digest = base.tags.get("latest") ?? "";
  return new Map(
    Array.from({ length: count }, (_, index) => [`app${index}`, { ...base, tags: new Map([["v1", digest]]) }]),
  );
}

export function contentOfApps(apps: ReadonlyMap<string, StoredRepository>) {
  return contentOf(apps);
}

const paces = {
  tickMs: 50,
  refreshMs: 200,
  flushMs: 300,
  handoverMs: 1_500,
  publishMs: 300,
  failingMs: 1_500,
  leastMs: 500,
};
export const memberTimes = { leaseMs: 3_000, renewDeadlineMs: 2_000, renewMs: 500 };

export interface AuditReplica extends OpenAudit {
  /** Every request it sent, by host. */
  readonly requests: ReadonlyMap<string, number>;
  readonly log: () => string;
  /** As if the process were killed: nothing more is sent to anybody, and nothing is given back. */
  kill(): void;
}

/** One replica's auditor against a laboratory, with a kubeconfig of its own. */
export function startReplica(
  lab: Lab,
  kubeconfig: string,
  instance: string,
  over: { readonly intervalMinutes?: number; readonly requestsPerMinute?: number } = {},
): AuditReplica {
  const found = loadCluster({ kind: "file", path: kubeconfig });
  if (found === undefined) throw new Error("the kubeconfig names no cluster");
  const access = found;
  const identityKey = randomBytes(32);
  const requests = new Map<string, number>();
  const dead = new AbortController();
  let logged = "";
  // A process that was killed has no time any more.
  const clock = {
    nowMs: systemClock.nowMs,
    sleep: (ms: number, signal?: AbortSignal): Promise<void> =>
      dead.signal.aborted ? new Promise(() => undefined) : systemClock.sleep(ms, signal),
  };
  const profile = seenNodeProfile({
    name: "node",
    files: nodeFilesFromMap(lab.nodeFiles),
    runtime: parseRuntime("containerd://1.7.13"),
    platform: parsePlatform("linux/amd64"),
    identityKey,
  });
  const nodes = fixedNodes([profile]);
  const audit = openAudit({
    access,
    clock,
    logger: createLogger({
      level: "debug",
      stream: {
        write: (line) => {
          logged += line;
        },
      },
    }),
    namespace: "pullguard-system",
    instance,
    nodes,
    states: () => [],
    openEngine: (onRequest) => {
      const collector = pulledCollector();
      const client = createRegistryClient({
        clock,
        systemCaPems: undefined,
        lookup: lab.lookup,
        connectTo: lab.connectTo,
        identityKey: identityKey.toString("hex"),
        userAgent: "pullguard-test",
        observer: {
          onRequest: ({ registry }) => {
            requests.set(registry, (requests.get(registry) ?? 0) + 1);
            onRequest(registry);
          },
        },
      });
      const check = createCheck({
        clock,
        nodes,
        predictor: createPredictor({ client, clock, cacheBytes: 1_000_000, lingerMs: 0 }),
        secrets: clusterSecretSource({ access, clock, foundMs: 500, missingMs: 500 }),
        keyring: { identityKey },
        missingSecretsMayAppear: false,
        injectServiceAccount: "templates",
        onPulled: collector.note,
      });
      const ask = collector.asking(check);
      return (workloads, signal) => (dead.signal.aborted ? new Promise(() => undefined) : ask(workloads, signal));
    },
    intervalMinutes: over.intervalMinutes ?? 60,
    requestsPerMinute: over.requestsPerMinute ?? 600_000,
    pace: paces,
    memberTimes,
  });
  return { ...audit, requests, log: () => logged, kill: () => dead.abort() };
}

/** The report once it says so. */
export async function reportOnce(
  replica: Pick<OpenAudit, "view">,
  what: string,
  holds: (report: AuditReport) => boolean,
  withinMs = 60_000,
): Promise<AuditReport> {
  return await eventually(
    what,
    async () => {
      const report = replica.view.report();
      return holds(report) ? report : undefined;
    },
    withinMs,
  );
}

/** Creates many objects, several at a time. */
export async function createAll(admin: KubeClient, objects: readonly KubeObject[], atATime = 16): Promise<void> {
  const left = objects.values();
  const worker = async (): Promise<void> => {
    for (const object of left) {
      const { status, body } = await admin.create(object);
      if (status >= 300 && status !== 409) throw new Error(`${status} ${body.message ?? ""}`);
    }
  };
  await Promise.all(Array.from({ length: atATime }, worker));
}
