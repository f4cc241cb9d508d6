import { randomBytes } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { pulledCollector } from "../src/audit/index.js";
import { openAudit } from "../src/bin/audit.js";
import { profileMaker } from "../src/bin/node-profiles.js";
import { systemClock as clock } from "../src/bin/system.js";
import { createCheck } from "../src/check/index.js";
import { clusterSecretSource, loadCluster, watchNodes } from "../src/cluster/index.js";
import { fixedNodes, nodeFilesFromMap, parseRuntime, seenNodeProfile } from "../src/node/index.js";
import { parsePlatform } from "../src/oci/index.js";
import { createPredictor } from "../src/prediction/index.js";
import { createRegistryClient } from "../src/registry/index.js";
import { createLogger } from "../src/telemetry/index.js";
import { companionArgument, tell } from "./processes.js";

/** One replica: whose cluster, where the registries are, and how fast. */
export interface AuditOrder {
  readonly kubeconfig: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly nodeFiles: Readonly<Record<string, string>>;
  readonly instance: string;
  readonly intervalMinutes: number;
  readonly requestsPerMinute: number;
}

/** What a replica tells of itself. Bytes after a collection. */
export interface AuditStats {
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly cpuMicros: number;
  readonly workloads: number;
  readonly pods: number;
  readonly pending: number;
  readonly reportMs: number;
  readonly requests: Readonly<Record<string, number>>;
  readonly members: number;
}

const order = companionArgument<AuditOrder>();
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const access = loadCluster({ kind: "file", path: order.kubeconfig });
if (access === undefined) throw new Error("no cluster");
const identityKey = randomBytes(32);
const requests: Record<string, number> = {};
let members = 0;
// The nodes are watched as the webhook does; what they trust is said by one profile, for the registries are on loopback.
const maker = profileMaker({ credentials: "none" }, identityKey, clock);
const watched = watchNodes({ ...maker, access, clock, agentNamespace: "pullguard-node-agent" });
const profile = seenNodeProfile({
  name: "node",
  files: nodeFilesFromMap(order.nodeFiles),
  runtime: parseRuntime("containerd://1.7.13"),
  platform: parsePlatform("linux/amd64"),
  identityKey,
});
const nodes = fixedNodes([profile]);
const client = (onRequest: (host: string) => void) =>
  createRegistryClient({
    clock,
    systemCaPems: undefined,
    lookup: (_hostname, options, callback) => {
      if (options.all === true) callback(null, [{ address: "127.0.0.1", family: 4 }]);
      else callback(null, "127.0.0.1", 4);
    },
    connectTo: (hostname) => ({ address: "127.0.0.1", port: order.ports[hostname] ?? 1 }),
    identityKey: identityKey.toString("hex"),
    userAgent: "pullguard-bench",
    observer: {
      onRequest: ({ registry }) => {
        requests[registry] = (requests[registry] ?? 0) + 1;
        onRequest(registry);
      },
    },
  });
const audit = openAudit({
  access,
  clock,
  logger: createLogger({
    level: "info",
    stream: {
      write: (line) => {
        members = Number(/"members":(\d+)/.exec(line)?.[1] ?? members);
      },
    },
  }),
  namespace: "pullguard-system",
  instance: order.instance,
  nodes,
  states: watched.states,
  openEngine: (onRequest) => {
    const collector = pulledCollector();
    return collector.asking(
      createCheck({
        clock,
        nodes,
        predictor: createPredictor({ client: client(onRequest), clock, cacheBytes: 16 * 1024 * 1024, lingerMs: 0 }),
        secrets: clusterSecretSource({ access, clock }),
        keyring: { identityKey },
        missingSecretsMayAppear: true,
        injectServiceAccount: "templates",
        onPulled: collector.note,
      }),
    );
  },
  intervalMinutes: order.intervalMinutes,
  requestsPerMinute: order.requestsPerMinute,
  pace: { leastMs: 5_000, failingMs: order.intervalMinutes * 60_000 },
});

process.on("message", () => {
  const startedMs = performance.now();
  const { summary } = audit.view.report();
  const reportMs = performance.now() - startedMs;
  collect();
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const stats: AuditStats = {
    ...{ rssBytes: rss, heapBytes: heapUsed, cpuMicros: user + system, reportMs, requests, members },
    ...{ workloads: summary.workloads, pods: summary.pods, pending: summary.pending },
  };
  tell(stats);
});
tell({});
