import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAdmissionGate } from "../../src/admission/index.js";
import { type Assembly, type AssemblyOrder, assembleCheck } from "../../src/bin/assemble.js";
import { openClusterCertificates } from "../../src/bin/certificates.js";
import { type ClusterView, openClusterView } from "../../src/bin/cluster-view.js";
import { type OpenPolicy, openPolicy } from "../../src/bin/policy.js";
import { type Serving, serve } from "../../src/bin/serve.js";
import { createWatchLedger } from "../../src/bin/watch-ledger.js";
import { makeServingCertificates, writeServingCertificates } from "../../src/certs/index.js";
import { readConfigFile } from "../../src/cli/config-file.js";
import { nodeFilesBelow } from "../../src/cli/index.js";
import { loadServeConfig } from "../../src/config/index.js";
import { type Clock, steadyClock } from "../../src/core/index.js";
import type { SecretSource } from "../../src/credentials/index.js";
import { usualLimits } from "../../src/registry/index.js";
import { createLogger, createMetrics } from "../../src/telemetry/index.js";

/** What the API server makes of one answer. */
export interface Reviewed {
  readonly allowed: boolean;
  /** What a person reads: warnings and, where the request is denied, why. */
  readonly texts: readonly string[];
  /** Whether the answer came before the API server would have given up. */
  readonly isInTime: boolean;
}

export interface ReviewWish {
  /** How long the API server waits, as it says in its query. */
  readonly timeoutMs?: number;
  readonly pullSecrets?: readonly string[];
  readonly namespace?: string;
}

/** The webhook as `pullguard serve` puts it together, in mode deny, with a resolver and a clock of the tests. */
export interface FaultyWebhook {
  readonly certDir: string;
  /** Folder of the node whose files the webhook reads. */
  readonly nodeRoot: string;
  readonly policyFile: string;
  /** The certificate authority that the API server trusts from now on, and the name that it calls the webhook by. */
  trust(caPem: string, name?: string): void;
  review(images: readonly string[], wish?: ReviewWish): Promise<Reviewed>;
  /** GET of any path; the answer's status and text. */
  get(path: string): Promise<{ readonly status: number; readonly text: string }>;
  /** What was logged, parsed. */
  readonly logged: readonly Readonly<Record<string, unknown>>[];
  /** Forgets connections, so that the next request makes one. */
  hangUp(): void;
  stop(): Promise<void>;
}

export interface WebhookWish {
  readonly clock: Clock;
  readonly lookup: NonNullable<AssemblyOrder["lookup"]>;
  /** Authorities that the node trusts. */
  readonly rootsPem: string;
  /** Where no cluster is asked. */
  readonly secrets?: SecretSource;
  /** Absent: no cluster is asked. */
  readonly kubeconfig?: string;
  /** Namespace of the cluster in which it keeps its certificates; absent: they are files. */
  readonly keptIn?: string;
}

export const soundPolicy = { apiVersion: "pullguard.dev/v1", kind: "PullguardConfig", spec: {} };

/** Starts it on loopback. */
export async function startFaultyWebhook(wish: WebhookWish): Promise<FaultyWebhook> {
  const { clock } = wish;
  const folder = await mkdtemp(join(tmpdir(), "pullguard-faults-"));
  const [certDir, nodeRoot, policyFile] = ["certs", "node", "policy.json"].map((name) => join(folder, name));
  if (certDir === undefined || nodeRoot === undefined || policyFile === undefined) throw new Error("unreachable");
  await mkdir(join(nodeRoot, "etc/ssl/certs"), { recursive: true });
  await writeFile(join(nodeRoot, "etc/ssl/certs/ca-certificates.crt"), wish.rootsPem);
  await writeFile(policyFile, JSON.stringify(soundPolicy));
  const certificates = await makeServingCertificates({ names: ["localhost"], days: 30, clock });
  await writeServingCertificates(certDir, certificates, true);
  const running = await startParts(wish, { certDir, nodeRoot, policyFile });
  const logged: Record<string, unknown>[] = running.logged;
  let agent = new Agent({ keepAlive: true, ca: certificates.caPem, servername: "localhost" });
  return {
    ...{ certDir, nodeRoot, policyFile, logged },
    trust: (caPem, servername = "localhost") => {
      agent.destroy();
      agent = new Agent({ keepAlive: true, ca: caPem, servername });
    },
    review: (images, reviewWish) => askReview(agent, running.serving.port, images, reviewWish),
    get: (path) => ask(agent, { port: running.serving.port, path, method: "GET" }),
    hangUp: () => {
      const { ca, servername } = agent.options;
      agent.destroy();
      agent = new Agent({ keepAlive: true, ca, ...(servername === undefined ? {} : { servername }) });
    },
    stop: async () => {
      agent.destroy();
      await running.stop();
      await rm(folder, { recursive: true });
    },
  };
}

interface Places {
  readonly certDir: string;
  readonly nodeRoot: string;
  readonly policyFile: string;
}

interface Parts {
  readonly serving: Serving;
  readonly logged: Record<string, unknown>[];
  stop(): Promise<void>;
}

/** The same parts in the same order as `runWebhook`. */
async function startParts(wish: WebhookWish, { certDir, nodeRoot, policyFile }: Places): Promise<Parts> {
  const { clock, lookup, kubeconfig } = wish;
  const logged: Record<string, unknown>[] = [];
  const write = (line: string): void => void logged.push(JSON.parse(line));
  const logger = createLogger({ level: "info", stream: { write } });
  const metrics = createMetrics({ version: "test" });
  const config = loadServeConfig({
    flags: {
      ...{ port: 0, metricsPort: 0, certDir, nodeRoot, mode: "deny", config: policyFile },
      ...{ runtime: "containerd://1.7.13", platform: "linux/amd64", nodeCredentials: "none" },
      ...(kubeconfig === undefined ? { noCluster: true } : { kubeconfig }),
    },
    env: {},
    readFile: (path) => readConfigFile(path).settings,
  });
  const told = { watches: createWatchLedger(steadyClock(clock), metrics) };
  const policyDeps = { ...told, clock, logger, metrics, env: {} };
  const policy: OpenPolicy = openPolicy(config, { ...policyDeps, readPolicy: (path) => readConfigFile(path).policy });
  const cluster: ClusterView = openClusterView(config, steadyClock(clock), logger, told);
  const assembly: Assembly = assembleCheck({
    ...cluster,
    ...{
      clock,
      lookup,
      version: "test",
      lingerMs: 0,
      missingSecretsMayAppear: true,
      injectServiceAccount: "templates",
    },
    ...(wish.secrets === undefined ? {} : { secrets: wish.secrets }),
    node: {
      runtime: "containerd://1.7.13",
      platform: "linux/amd64",
      root: { path: nodeRoot, files: nodeFilesBelow(nodeRoot) },
      credentials: "none",
    },
    addressRules: policy.addressRules,
    limits: usualLimits,
    gate: createAdmissionGate({
      clock: steadyClock(clock),
      maxInFlight: config.maxInFlight,
      maxQueued: config.maxQueued,
    }),
    observer: {
      onFault: (error) => logger.error({ err: error }, "a check failed"),
      onRateLimit: () => undefined,
      onRequest: () => undefined,
      onCache: () => undefined,
    },
  });
  const certificates =
    wish.keptIn === undefined
      ? {}
      : {
          certificates: await openClusterCertificates(
            { ...config, namespace: wish.keptIn },
            {},
            { clock, logger, metrics },
          ),
        };
  const serving = await serve({
    ...certificates,
    ...{ config, check: assembly.check, decide: policy.decide, scope: policy.scope, clock, metrics, logger },
    ...(policy.events === undefined ? {} : { events: policy.events }),
    mutation: { ...policy.mutation, secrets: cluster.secrets, listPullSecrets: cluster.listPullSecrets },
    readiness: [...cluster.readiness(), ...policy.readiness],
    host: "127.0.0.1",
    drainMs: 0,
  });
  const stop = async (): Promise<void> => {
    await serving.stop();
    await assembly.close();
    policy.stop();
    cluster.stop();
  };
  return { serving, logged, stop };
}

interface Asked {
  readonly port: number;
  readonly path: string;
  readonly method: "GET" | "POST";
  readonly body?: string;
  readonly onSent?: () => void;
}

function ask(agent: Agent, { port, path, method, body, onSent }: Asked): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body ?? "") };
    const options = {
      agent,
      host: "127.0.0.1",
      servername: agent.options.servername ?? "localhost",
      port,
      path,
      method,
      headers,
    };
    const outgoing = request(options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
    });
    outgoing.on("error", reject);
    outgoing.end(body, onSent);
  });
}

const usualTimeoutMs = 10_000;

/** Asks as the API server does, and notes whether its patience would have been enough. */
export async function askReview(
  agent: Agent,
  port: number,
  images: readonly string[],
  { timeoutMs = usualTimeoutMs, ...wish }: ReviewWish = {},
): Promise<Reviewed> {
  let isInTime = true;
  let patience: NodeJS.Timeout | undefined;
  // A timer of the same process: what holds up the answer holds up this as well.
  const onSent = (): void => {
    patience = setTimeout(() => {
      isInTime = false;
    }, timeoutMs);
  };
  const body = JSON.stringify(reviewOf(images, wish));
  const path = `/validate?timeout=${timeoutMs}ms`;
  try {
    const { status, text } = await ask(agent, { port, path, method: "POST", body, onSent });
    if (status !== 200) throw new Error(`the webhook answered ${status}: ${text}`);
    const { response } = JSON.parse(text);
    const message: unknown = response.status?.message;
    const texts = [...(response.warnings ?? []), ...(typeof message === "string" ? [message] : [])];
    return { allowed: response.allowed, texts, isInTime };
  } finally {
    clearTimeout(patience);
  }
}

function reviewOf(images: readonly string[], { pullSecrets = [], namespace = "shop" }: ReviewWish): object {
  const containers = images.map((image, index) => ({ name: `c${index}`, image, imagePullPolicy: "Always" }));
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: randomUUID(),
      kind: { group: "", version: "v1", kind: "Pod" },
      resource: { group: "", version: "v1", resource: "pods" },
      name: "web",
      namespace,
      operation: "CREATE",
      userInfo: { username: "developer" },
      object: {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "web", namespace },
        spec: {
          serviceAccountName: "default",
          containers,
          ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets.map((name) => ({ name })) }),
        },
      },
      oldObject: null,
      dryRun: false,
      options: null,
    },
  };
}
