import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { profileMaker } from "../../src/bin/node-profiles.js";
import { type Serving, serve } from "../../src/bin/serve.js";
import { systemClock } from "../../src/bin/system.js";
import { makeServingCertificates, writeServingCertificates } from "../../src/certs/index.js";
import { type Check, createCheck } from "../../src/check/index.js";
import { clusterSecretSource, loadCluster, type WatchedNodes, watchNodes } from "../../src/cluster/index.js";
import { fixedNodes, nodeFilesFromMap, parseRuntime, seenNodeProfile } from "../../src/node/index.js";
import { parsePlatform } from "../../src/oci/index.js";
import { decide, type Mode } from "../../src/policy/index.js";
import { createPredictor } from "../../src/prediction/index.js";
import { createRegistryClient } from "../../src/registry/index.js";
import { createLogger, createMetrics } from "../../src/telemetry/index.js";
import { at, loadObjects } from "../manifests/objects.js";
import {
  createKubeClient,
  eventually,
  type Kube,
  type KubeAccess,
  type KubeAssets,
  type KubeClient,
  type KubeObject,
  startKube,
} from "../support/kube/index.js";
import { type Lab, secure, startLab } from "../support/lab/index.js";
import { basicHost, bearerHost, deployment, serviceAccount } from "./objects.js";

/** The account that the manifests give to Pullguard. */
export const pullguardAccount = { namespace: "pullguard-system", name: "pullguard" } as const;
/** The account that the manifests give to the node agents. */
export const agentAccount = { namespace: "pullguard-node-agent", name: "pullguard-node-agent" } as const;

/** An account as the API server calls it. */
export function userOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/** An API server that asks the webhook, which asks registries and, as its own ServiceAccount, that API server. */
export interface World {
  readonly kube: Kube;
  readonly lab: Lab;
  /** An administrator: what people do with kubectl. */
  readonly admin: KubeClient;
  /** Pullguard's ServiceAccount with the rights of the manifests. */
  readonly pullguard: KubeClient;
  /** What the webhook checks with. */
  readonly check: Check;
  /** Kubeconfig file of Pullguard's ServiceAccount. */
  /** Folder with the webhook's certificates, as `certs/` of an installation. */
  readonly certDir: string;
  /** What the webhook does from now on; the same check either way. */
  useMode(mode: Mode): void;
  /** A namespace of its own, with a `default` ServiceAccount that lists these Secrets. */
  namespace(values?: NamespaceWish): Promise<string>;
  /** The webhook takes its nodes from the cluster until the returned function is called. */
  followNodes(): () => void;
  /** A kubeconfig of Pullguard's account. */
  readonly pullguardKubeconfig: string;
  /** A kubeconfig of the node agents' account. */
  readonly agentKubeconfig: string;
  /** The agents' account with the rights of the manifests. */
  readonly agent: KubeClient;
  /** Everything the webhook logged. */
  log(): string;
  /** The API server asks the webhook; so it does from the start, until the configuration is removed. */
  connect(): Promise<void>;
  /** The webhook alone goes away. */
  stopWebhook(): Promise<void>;
  stop(): Promise<void>;
}

export interface NamespaceWish {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly pullSecrets?: readonly string[];
  readonly objects?: (namespace: string) => readonly KubeObject[];
}

/** Starts everything and installs the manifests; the webhook is called when this resolves. */
export async function startWorld(assets: KubeAssets): Promise<World> {
  const ends: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.reverse()) await end();
  };
  try {
    const kube = await startKube(assets, [pullguardAccount, agentAccount].map(userOf));
    ends.push(() => kube.stop());
    const lab = await startLab({
      ports: "ephemeral",
      registries: [secure(basicHost, [], "basic"), secure(bearerHost, [], "bearer"), secure("ok.test")],
    });
    ends.push(() => lab.stop());
    await install(kube.admin);
    const access = await accessOf(kube, pullguardAccount);
    const agentAccess = await accessOf(kube, agentAccount);
    const agent = createKubeClient(agentAccess);
    ends.push(async () => agent.close());
    const pullguard = createKubeClient(access);
    ends.push(async () => pullguard.close());
    const pullguardKubeconfig = kube.writeKubeconfig("pullguard", access);
    const engine = createEngine(lab, pullguardKubeconfig);
    ends.push(engine.close);
    const webhook = await startWebhook(engine.check, join(kube.folder, "certs"));
    ends.push(webhook.stop);
    const connectWebhook = (): Promise<void> => connect(kube.admin, webhook);
    await connectWebhook();
    return {
      ...{ kube, lab, pullguard, pullguardKubeconfig, agent, stop },
      check: engine.check,
      agentKubeconfig: kube.writeKubeconfig("node-agent", agentAccess),
      followNodes: engine.followNodes,
      admin: kube.admin,
      certDir: join(kube.folder, "certs"),
      useMode: webhook.useMode,
      namespace: (wish) => makeNamespace(kube.admin, wish),
      log: webhook.log,
      connect: connectWebhook,
      stopWebhook: webhook.stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One object of the manifests. */
export function shipped(kind: string, name = "pullguard"): KubeObject {
  const found = loadObjects("manifests").find((object) => object.kind === kind && object.name === name);
  if (found === undefined) throw new Error(`the manifests have no ${kind} ${name}`);
  return found.value;
}

/** Sends a request that must succeed without a word. */
export async function quietly(asked: ReturnType<KubeClient["apply"]>): Promise<KubeObject> {
  const { status, warnings, body } = await asked;
  if (status >= 300 || warnings.length > 0) throw new Error(`${status} ${body.message ?? ""} ${warnings.join("; ")}`);
  return body;
}

/** Everything but the webhook configuration, which would have the API server wait for a webhook that is not there yet. */
export function shippedObjects(): readonly KubeObject[] {
  const objects = loadObjects("manifests").filter(({ kind }) => kind !== "ValidatingWebhookConfiguration");
  const namespacesFirst = objects.toSorted((a, b) => Number(b.kind === "Namespace") - Number(a.kind === "Namespace"));
  return namespacesFirst.map(({ value }) => value);
}

async function install(admin: KubeClient): Promise<void> {
  for (const value of shippedObjects()) await quietly(admin.apply(value));
}

/** A token as the kubelet would mount it into the account's Pods. */
export async function accessOf(
  kube: Kube,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  boundObjectRef?: object,
): Promise<KubeAccess> {
  const { status, body } = await kube.admin.call(
    "POST",
    `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 7200, boundObjectRef } },
  );
  const token = at(body, "status", "token");
  if (typeof token !== "string") throw new Error(`no token for ${name}: ${status} ${body.message ?? ""}`);
  return { ...kube.adminAccess, token };
}

interface Engine {
  readonly check: Check;
  readonly followNodes: () => () => void;
  readonly close: () => Promise<void>;
}

/** As the webhook is put together, but for the registries' names and addresses. */
function createEngine(lab: Lab, kubeconfig: string): Engine {
  const identityKey = randomBytes(32);
  const access = loadCluster({ kind: "file", path: kubeconfig });
  if (access === undefined) throw new Error("the kubeconfig names no cluster");
  const client = createRegistryClient({
    clock: systemClock,
    systemCaPems: undefined,
    lookup: lab.lookup,
    connectTo: lab.connectTo,
    identityKey: identityKey.toString("hex"),
    userAgent: "pullguard-test",
  });
  const profile = seenNodeProfile({
    name: "node",
    files: nodeFilesFromMap(lab.nodeFiles),
    runtime: parseRuntime("containerd://1.7.13"),
    platform: parsePlatform("linux/amd64"),
    identityKey,
  });
  const fixed = fixedNodes([profile]);
  let watched: WatchedNodes | undefined;
  const followNodes = (): (() => void) => {
    const maker = profileMaker({ credentials: "none" }, identityKey, systemClock);
    watched = watchNodes({ ...maker, access, clock: systemClock, agentNamespace: agentAccount.namespace });
    return () => {
      watched?.stop();
      watched = undefined;
    };
  };
  const check = createCheck({
    clock: systemClock,
    nodes: { candidatesFor: (pod) => (watched?.nodes ?? fixed).candidatesFor(pod) },
    predictor: createPredictor({ client, clock: systemClock, cacheBytes: 1_000_000, lingerMs: 0 }),
    secrets: clusterSecretSource({ access, clock: systemClock }),
    keyring: { identityKey },
    missingSecretsMayAppear: true,
    injectServiceAccount: "templates",
  });
  return { check, followNodes, close: () => client.close() };
}

interface Webhook {
  readonly port: number;
  readonly caBundle: string;
  readonly useMode: (mode: Mode) => void;
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

async function startWebhook(check: Check, certDir: string): Promise<Webhook> {
  const certificates = await makeServingCertificates({ names: ["127.0.0.1"], days: 1, clock: systemClock });
  await writeServingCertificates(certDir, certificates, true);
  let mode: Mode = "deny";
  let logged = "";
  const write = (line: string): void => {
    logged += line;
  };
  const serving: Serving = await serve({
    config: { port: 0, metricsPort: 0, certDir },
    check,
    decide: (findings) => decide(findings, mode),
    clock: systemClock,
    metrics: createMetrics({ version: "test", processMetrics: false }),
    logger: createLogger({ level: "trace", stream: { write } }),
    host: "127.0.0.1",
    drainMs: 0,
  });
  let stopped: Promise<void> | undefined;
  return {
    port: serving.port,
    caBundle: certificates.caBundle,
    useMode: (wanted) => {
      mode = wanted;
    },
    log: () => logged,
    stop: () => {
      stopped ??= serving.stop();
      return stopped;
    },
  };
}

/** Applies the shipped webhook configuration with an address instead of a Service, and waits until it is heeded. */
async function connect(admin: KubeClient, { port, caBundle }: Webhook): Promise<void> {
  const configured = shipped("ValidatingWebhookConfiguration");
  const webhooks = at(configured, "webhooks") as readonly object[];
  const configuration = {
    ...configured,
    webhooks: webhooks.map((each) => {
      const url = `https://127.0.0.1:${port}${String(at(each, "clientConfig", "service", "path"))}`;
      return { ...each, clientConfig: { url, caBundle } };
    }),
  };
  await quietly(admin.apply(configuration));
  const namespace = await makeNamespace(admin, {});
  await eventually("the API server asks the webhook", async () => {
    const { warnings, status } = await admin.create(deployment(namespace, "No Image Name"), "dryRun=All");
    return warnings.length > 0 || status === 403 ? true : undefined;
  });
}

async function makeNamespace(admin: KubeClient, wish: NamespaceWish = {}): Promise<string> {
  const name = wish.name ?? `shop-${randomBytes(4).toString("hex")}`;
  const metadata = { name, ...(wish.labels === undefined ? {} : { labels: wish.labels }) };
  await quietly(admin.apply({ apiVersion: "v1", kind: "Namespace", metadata }));
  for (const object of wish.objects?.(name) ?? []) await quietly(admin.apply(object));
  // No controller makes it here.
  await quietly(admin.apply(serviceAccount(name, wish.pullSecrets ?? [])));
  return name;
}
