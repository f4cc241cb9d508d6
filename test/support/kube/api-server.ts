import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAuthority } from "../authority.js";
import type { KubeAssets } from "./assets.js";
import { createKubeClient, type KubeAccess, type KubeClient } from "./client.js";
import { type Daemon, eventually, freePorts, startDaemon } from "./daemon.js";

/** A control plane without controllers, scheduler and nodes: objects are admitted and stay as they are. */
export interface Kube {
  /** `v1.36.2`. */
  readonly version: string;
  /** Everything is allowed to this user, as to a cluster's administrator. */
  readonly admin: KubeClient;
  readonly adminAccess: KubeAccess;
  /** Where its etcd listens for clients: objects by the thousand are written there faster. */
  readonly etcd: string;
  /** Folder that `stop` removes. */
  readonly folder: string;
  /** A kubeconfig file for one user. */
  writeKubeconfig(name: string, access: KubeAccess): string;
  /** What the first user given to {@link startKube} has asked, or another of them, in order. */
  audited(user?: string): readonly AuditedRequest[];
  /** What the API server shows to webhooks by their names, from its next start on. */
  writeWebhookUsers(users: readonly WebhookUser[]): void;
  /** The API server alone goes away, its objects stay; `meanwhile` runs, and it comes back on the same port. */
  restart(meanwhile: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

/** Whom the API server is for one webhook, or for those of a wildcard: `web.shop.svc:8443`, `*.shop.svc:8443`. */
export interface WebhookUser {
  readonly name: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** One request as the API server's own audit log has it. */
export interface AuditedRequest {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly status: number;
}

const startTimeoutMs = 90_000;
const webhookUsersFile = "webhooks.kubeconfig";

/**
 * Starts etcd and kube-apiserver on loopback, with RBAC, the default admission plugins (ServiceAccount among them) and
 * an audit log of some users; at least one.
 */
export async function startKube(assets: KubeAssets, auditedUsers: readonly string[]): Promise<Kube> {
  const folder = mkdtempSync(join(tmpdir(), "pullguard-kube-"));
  const daemons: Daemon[] = [];
  const clients: KubeClient[] = [];
  const stop = async (): Promise<void> => {
    for (const client of clients) client.close();
    // The API server first: without its etcd it would take its whole patience.
    for (const daemon of daemons.reverse()) await daemon.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [etcdPort = 0, peerPort = 0, port = 0] = await freePorts(3);
    const credentials = await writeCredentials(folder, auditedUsers);
    writeWebhookUsers(folder, []);
    daemons.push(startDaemon(assets.etcd, etcdArgs(folder, etcdPort, peerPort), folder));
    const startServer = (): Daemon => startDaemon(assets.apiServer, apiServerArgs(folder, port, etcdPort), folder);
    daemons.push(startServer());
    const adminAccess = { server: `https://127.0.0.1:${port}`, ...credentials };
    const admin = createKubeClient(adminAccess);
    clients.push(admin);
    await untilReady(admin, daemons);
    const { body } = await admin.call("GET", "/version");
    return {
      version: String(body.gitVersion),
      admin,
      adminAccess,
      etcd: `http://127.0.0.1:${etcdPort}`,
      folder,
      writeKubeconfig: (name, access) => writeKubeconfig(join(folder, `${name}.kubeconfig`), access),
      writeWebhookUsers: (users) => writeWebhookUsers(folder, users),
      audited: (user = auditedUsers[0]) => readAudit(join(folder, "audit.log"), user),
      restart: async (meanwhile) => {
        await daemons.pop()?.stop();
        await meanwhile();
        daemons.push(startServer());
        await untilReady(admin, daemons);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function writeCredentials(folder: string, users: readonly string[]): Promise<{ caPem: string; token: string }> {
  const authority = await createAuthority("Kube Authority");
  const serving = await authority.issue({ names: ["127.0.0.1", "localhost"], commonName: "kube-apiserver" });
  const accounts = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const token = randomBytes(24).toString("hex");
  const files = {
    "ca.crt": authority.certificatePem,
    "tls.crt": serving.chainPem,
    "tls.key": serving.keyPem,
    "accounts.key": accounts.privateKey.export({ type: "pkcs8", format: "pem" }),
    "accounts.pub": accounts.publicKey.export({ type: "spki", format: "pem" }),
    "tokens.csv": `${token},admin,admin,system:masters\n`,
    "admission.json": JSON.stringify({
      apiVersion: "apiserver.config.k8s.io/v1",
      kind: "AdmissionConfiguration",
      plugins: ["ValidatingAdmissionWebhook", "MutatingAdmissionWebhook"].map((name) => {
        const kind = "WebhookAdmissionConfiguration";
        const kubeConfigFile = join(folder, webhookUsersFile);
        return { name, configuration: { apiVersion: "apiserver.config.k8s.io/v1", kind, kubeConfigFile } };
      }),
    }),
    "audit.json": JSON.stringify({
      apiVersion: "audit.k8s.io/v1",
      kind: "Policy",
      omitStages: ["RequestReceived"],
      // Metadata: names and verbs, never a body.
      rules: [{ level: "Metadata", users }, { level: "None" }],
    }),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
  return { caPem: authority.certificatePem, token };
}

function etcdArgs(folder: string, port: number, peerPort: number): readonly string[] {
  const client = `http://127.0.0.1:${port}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  return [
    ...["--name=tests", `--data-dir=${folder}/etcd`, `--initial-cluster=tests=${peer}`],
    ...[`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`],
    ...[`--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`],
  ];
}

function apiServerArgs(folder: string, port: number, etcdPort: number): readonly string[] {
  const issuer = "https://kubernetes.default.svc";
  return [
    ...["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", `--secure-port=${port}`],
    // It would refuse to publish an address on loopback.
    "--endpoint-reconciler-type=none",
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    ...[`--tls-cert-file=${folder}/tls.crt`, `--tls-private-key-file=${folder}/tls.key`],
    ...[`--cert-dir=${folder}`, `--token-auth-file=${folder}/tokens.csv`],
    ...[`--service-account-key-file=${folder}/accounts.pub`, `--service-account-issuer=${issuer}`],
    `--service-account-signing-key-file=${folder}/accounts.key`,
    ...["--authorization-mode=RBAC", "--anonymous-auth=false", "--service-cluster-ip-range=10.96.0.0/24"],
    `--admission-control-config-file=${folder}/admission.json`,
    ...[`--audit-policy-file=${folder}/audit.json`, `--audit-log-path=${folder}/audit.log`],
    // A request is in the log before it is answered.
    ...["--audit-log-mode=blocking", "--allow-privileged=true"],
  ];
}

async function untilReady(admin: KubeClient, daemons: readonly Daemon[]): Promise<void> {
  const logs = (): string => daemons.map((daemon) => daemon.log().slice(-3000)).join("\n");
  const ask = async (): Promise<true | undefined> => {
    if (daemons.some((daemon) => daemon.ended())) throw new Error(`the control plane ended:\n${logs()}`);
    try {
      // The namespaces of the system come a moment after readiness.
      const ready = (await admin.call("GET", "/readyz")).status === 200;
      return ready && (await admin.call("GET", "/api/v1/namespaces/kube-system")).status === 200 ? true : undefined;
    } catch {
      return undefined;
    }
  };
  await eventually("the API server is ready", ask, startTimeoutMs).catch((error: unknown) => {
    throw new Error(`the control plane did not come up:\n${logs()}`, { cause: error });
  });
}

function writeKubeconfig(path: string, access: KubeAccess): string {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "tests",
    contexts: [{ name: "tests", context: { cluster: "tests", user: "tests" } }],
    clusters: [
      {
        name: "tests",
        cluster: {
          server: access.server,
          "certificate-authority-data": Buffer.from(access.caPem).toString("base64"),
        },
      },
    ],
    users: [{ name: "tests", user: { token: access.token } }],
  };
  // JSON is YAML.
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

function writeWebhookUsers(folder: string, users: readonly WebhookUser[]): void {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    users: users.map(({ name, certificatePem, keyPem }) => {
      const user = { "client-certificate-data": base64(certificatePem), "client-key-data": base64(keyPem) };
      return { name, user };
    }),
  };
  writeFileSync(join(folder, webhookUsersFile), JSON.stringify(config), { mode: 0o600 });
}

interface AuditEvent {
  readonly user?: { readonly username?: string };
  readonly verb: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
}

function readAudit(path: string, wanted: string | undefined): readonly AuditedRequest[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines
    .filter((line) => line !== "")
    .map((line): AuditEvent => JSON.parse(line))
    .filter(({ user }) => user?.username === wanted)
    .map(({ verb, objectRef, responseStatus }) => {
      return {
        verb,
        group: objectRef?.apiGroup ?? "",
        resource: [objectRef?.resource ?? "", objectRef?.subresource].filter(Boolean).join("/"),
        namespace: objectRef?.namespace ?? "",
        name: objectRef?.name ?? "",
        status: responseStatus?.code ?? 0,
      };
    });
}
