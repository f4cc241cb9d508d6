import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Serving, serve } from "../../src/bin/serve.js";
import { systemClock } from "../../src/bin/system.js";
import { makeServingCertificates, writeServingCertificates } from "../../src/certs/index.js";
import { type Check, createCheck } from "../../src/check/index.js";
import { clusterSecretSource, loadCluster } from "../../src/cluster/index.js";
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
const pullguardUser = `system:serviceaccount:${pullguardAccount.namespace}:${pullguardAccount.name}`;

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
  readonly pullguardConfig: string;
  /** Folder with the webhook's certificates, as `certs/` of an installation. */
  readonly certDir: string;
  /** What the webhook does from now on; the same check either way. */
  useMode(mode: Mode): void;
  /** A namespace of its own, with a `default` ServiceAccount that lists these Secrets. */
  namespace(values?: NamespaceWish): Promise<string>;
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
    const kube = await startKube(assets, pullguardUser);
    ends.push(() => kube.stop());
    const lab = await startLab({
      ports: "ephemeral",
      registries: [secure(basicHost, [], "basic"), secure(bearerHost, [], "bearer"), secure("ok.test")],
    });
    ends.push(() => lab.stop());
    await install(kube.admin);
    const access = await pullguardAccess(kube);
    const pullguard = createKubeClient(access);
    ends.push(async () => pullguard.close());
    const pullguardConfig = kube.writeKubeconfig("pullguard", access);
    const engine = createEngine(lab, pullguardConfig);
    ends.push(engine.close);
    const webhook = await startWebhook(engine.check, join(kube.folder, "certs"));
    ends.push(webhook.stop);
    const connectWebhook = (): Promise<void> => connect(kube.admin, webhook);
    await connectWebhook();
    return {
      ...{ kube, lab, pullguard, pullguardConfig, stop },
      check: engine.check,
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
async function install(admin: KubeClient): Promise<void> {
  const objects = loadObjects("manifests").filter(({ kind }) => kind !== "ValidatingWebhookConfiguration");
  const namespacesFirst = objects.toSorted((a, b) => Number(b.kind === "Namespace") - Number(a.kind === "Namespace"));
  for (const { value } of namespacesFirst) await quietly(admin.apply(value));
}

/** A token as the kubelet would mount it into Pullguard's Pod. */
async function pullguardAccess(kube: Kube): Promise<KubeAccess> {
  const { namespace, name } = pullguardAccount;
  const { status, body } = await kube.admin.call(
    "POST",
    `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 7200 } },
  );
  const token = at(body, "status", "token");
  if (typeof token !== "string") throw new Error(`no token for ${name}: ${status} ${body.message ?? ""}`);
  return { ...kube.adminAccess, token };
}

/** As the webhook is put together, but for the registries' names and addresses. */
function createEngine(lab: Lab, kubeconfig: string): { readonly check: Check; readonly close: () => Promise<void> } {
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
  const check = createCheck({
    clock: systemClock,
    nodes: fixedNodes([profile]),
    predictor: createPredictor({ client, clock: systemClock, maxCachedOutcomes: 1000, lingerMs: 0 }),
    secrets: clusterSecretSource({ access, clock: systemClock }),
    keyring: { identityKey },
    missingSecretsMayAppear: true,
    injectServiceAccount: "templates",
  });
  return { check, close: () => client.close() };
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
