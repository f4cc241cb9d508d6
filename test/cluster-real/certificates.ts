import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { connect as connectTls } from "node:tls";
import { openClusterCertificates } from "../../src/bin/certificates.js";
import { type Serving, serve } from "../../src/bin/serve.js";
import { systemClock } from "../../src/bin/system.js";
import { createLogger, createMetrics } from "../../src/telemetry/index.js";
import { plainDecide, recordingCheck } from "../admission/doubles.js";
import { at } from "../manifests/objects.js";
import { eventually, type KubeAnswer, type KubeObject } from "../support/kube/index.js";
import { type Gate, startGate } from "./gate.js";
import { serviceHere } from "./objects.js";
import { quietly, type World } from "./world.js";

const namespace = "guard";
const secretPath = `/api/v1/namespaces/${namespace}/secrets/pullguard-tls`;
const rbac = "rbac.authorization.k8s.io/v1";

/** A running `pullguard serve`. */
interface Replica {
  readonly port: number;
  readonly log: () => string;
  readonly child: ChildProcess;
}

/** Certificates that replicas make themselves, with the rights that the documentation names and no other. */
export function certificateTests(world: () => World): void {
  describe("self-managed certificates", () => {
    let kubeconfig = "";
    let gate: Gate | undefined;
    const replicas: Replica[] = [];

    before(async () => {
      kubeconfig = await installGuard(world());
      gate = await startGate();
    });
    after(async () => {
      for (const { child } of replicas) await ended(child, "SIGKILL");
      await gate?.close();
      await world().admin.remove(configurationOf("guard", 1));
    });

    const opened = (): Gate => {
      assert.ok(gate);
      return gate;
    };
    const bundle = async (name = "guard"): Promise<string> => {
      const { body } = await world().admin.call("GET", configurationPath(name));
      return Buffer.from(String(at(body, "webhooks", 0, "clientConfig", "caBundle") ?? ""), "base64").toString();
    };
    const attempt = (name = "guard"): Promise<KubeAnswer> =>
      world().admin.create(
        { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "probe", namespace, labels: { asks: name } } },
        "dryRun=All",
      );

    it("are made by one of two processes that start at once, and the API server calls both by them", async () => {
      await quietly(world().admin.apply(configurationOf("guard", opened().port)));
      replicas.push(...(await Promise.all([startReplica(kubeconfig), startReplica(kubeconfig)])));
      opened().route(replicas.map(({ port }) => port));
      const served = await eventually("both serve one pair that the configuration trusts", async () => {
        const caPem = await bundle();
        const found = await Promise.all(
          replicas.map(({ port }) => handshake(port, caPem, "pullguard").catch(() => undefined)),
        );
        return found.every((each) => each !== undefined && each === found[0]) ? found[0] : undefined;
      }).catch((error: unknown) => {
        throw new Error(replicas.map(({ log }) => log()).join("\n---\n"), { cause: error });
      });
      const { body } = await world().admin.call("GET", secretPath);
      assert.equal(new X509Certificate(entry(body, "tls.crt")).fingerprint256, served);
      assert.equal(body.type, "kubernetes.io/tls");
      await eventually("the API server calls the webhook", async () =>
        (await attempt()).status === 201 ? true : undefined,
      );
      opened().route([]);
      assert.equal((await attempt()).status, 500, "it does wait for the webhook");
      opened().route(replicas.map(({ port }) => port));
      assert.equal((await attempt()).status, 201);
      const { body: configuration } = await world().admin.call("GET", configurationPath("guard"));
      const managers = at(configuration, "metadata", "managedFields") as readonly KubeObject[];
      assert.ok(managers.some(({ manager }) => manager === "pullguard-certificates"));
    });

    it("heal a caBundle that was blanked, and leave the next apply of the same manifest alone", async () => {
      const before = await bundle();
      await world().admin.patch(configurationOf("guard", opened().port), webhooksWithout(opened().port));
      await eventually("the bundle is back", async () => ((await bundle()) === before ? true : undefined));
      await quietly(world().admin.apply(configurationOf("guard", opened().port)));
      assert.equal(await bundle(), before);
    });

    it("come back with another CA when the Secret is deleted, and every call gets through", async () => {
      const stop = new AbortController();
      const calls = keepAsking(attempt, stop.signal);
      const before = await bundle();
      await world().admin.call("DELETE", secretPath);
      await eventually("both CAs are trusted", async () => {
        const now = await bundle();
        return now.includes(before) && now.length > before.length ? true : undefined;
      });
      stop.abort();
      const { statuses } = await calls;
      assert.deepEqual([...statuses.keys()], [201]);
    });

    async function killLeader(): Promise<void> {
      const leader = replicas.find(({ log }) => log().includes("this replica keeps the certificates"));
      assert.ok(leader, "one of them leads");
      await ended(leader.child, "SIGKILL");
      const killedMs = Date.now();
      const before = await bundle();
      await world().admin.patch(configurationOf("guard", opened().port), webhooksWithout(opened().port));
      await eventually("the bundle is back", async () => ((await bundle()) === before ? true : undefined), 40_000);
      assert.ok(Date.now() - killedMs < 30_000);
      assert.equal((await attempt()).status, 201);
    }

    async function rotate(): Promise<void> {
      const lives = { authorityMs: 16_000, servingMs: 5_000, publishedMs: 2_000 };
      const names = { certificateSecret: "quick-tls", serviceName: "quick", webhookConfiguration: "quick" };
      const quick = await startGate();
      const running: Serving[] = [];
      try {
        await quietly(world().admin.apply(serviceHere(namespace, "quick")));
        await quietly(world().admin.apply(configurationOf("quick", quick.port)));
        for (let count = 0; count < 2; count += 1) {
          const telemetry = { metrics: createMetrics({ version: "test" }), logger: createLogger({ level: "silent" }) };
          const deps = { clock: systemClock, ...telemetry };
          const certificates = await openClusterCertificates(
            { ...names, kubeconfig, namespace },
            {},
            { ...deps, lives },
          );
          const config = { port: 0, metricsPort: 0, certDir: "" };
          const check = { check: recordingCheck().check, decide: plainDecide };
          running.push(await serve({ config, ...check, ...deps, certificates, host: "127.0.0.1", drainMs: 0 }));
        }
        quick.route(running.map(({ port }) => port));
        await eventually("the API server calls it", async () =>
          (await attempt("quick")).status === 201 ? true : undefined,
        );
        const stop = new AbortController();
        const authorities = new Set<string>();
        const leaves = new Set<string>();
        const calls = keepAsking(() => attempt("quick"), stop.signal);
        const endMs = Date.now() + 17_000;
        while (Date.now() < endMs) {
          const caPem = await bundle("quick");
          for (const block of caPem.split(/(?<=-----END CERTIFICATE-----\n)/)) authorities.add(block);
          // Each is a new connection, which a client that keeps its own would hide.
          for (const { port } of running) leaves.add(await handshake(port, caPem, "quick"));
        }
        stop.abort();
        const { statuses, count } = await calls;
        assert.deepEqual([...statuses.keys()], [201]);
        assert.ok(count > 50, `${count} calls`);
        assert.ok(authorities.size >= 2 && leaves.size >= 3, `${authorities.size} CAs, ${leaves.size} certificates`);
      } finally {
        for (const serving of running) await serving.stop();
        await world().admin.remove(configurationOf("quick", 1));
        await quick.close();
      }
    }

    it("are kept by another process within a lease of the leader's death, and rotate without a call that fails", async () => {
      // Each waits for longer than anything else here, so they wait together.
      await Promise.all([killLeader(), rotate()]);
    });
  });
}

/** The account, its rights and the Service; the kubeconfig of the account. */
async function installGuard({ admin, kube }: World): Promise<string> {
  const metadata = (name: string) => ({ name, namespace });
  await quietly(admin.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }));
  await quietly(admin.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: metadata("guard") }));
  await quietly(admin.apply(serviceHere(namespace, "pullguard")));
  const subjects = [{ kind: "ServiceAccount", name: "guard", namespace }];
  const both = ["pullguard", "quick"].map((name) => `${name}-certificates`);
  await quietly(
    admin.apply({
      ...{ apiVersion: rbac, kind: "Role", metadata: metadata("certificates") },
      rules: [
        { apiGroups: [""], resources: ["secrets"], verbs: ["create"] },
        {
          ...{ apiGroups: [""], resources: ["secrets"], resourceNames: ["pullguard-tls", "quick-tls"] },
          verbs: ["get", "list", "watch", "update"],
        },
        { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"] },
        { apiGroups: ["coordination.k8s.io"], resources: ["leases"], resourceNames: both, verbs: ["get", "update"] },
      ],
    }),
  );
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "certificates" };
  await quietly(
    admin.apply({ apiVersion: rbac, kind: "RoleBinding", metadata: metadata("certificates"), roleRef, subjects }),
  );
  await quietly(
    admin.apply({
      ...{ apiVersion: rbac, kind: "ClusterRole", metadata: { name: "guard-certificates" } },
      rules: [
        {
          apiGroups: ["admissionregistration.k8s.io"],
          resources: ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"],
          resourceNames: ["guard", "quick"],
          verbs: ["get", "list", "watch", "patch"],
        },
      ],
    }),
  );
  for (const name of ["guard-certificates", "pullguard", "pullguard-policy"]) {
    const clusterRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name };
    const binding = { apiVersion: rbac, kind: "ClusterRoleBinding", metadata: { name: `guard-${name}` } };
    await quietly(admin.apply({ ...binding, roleRef: clusterRef, subjects }));
  }
  const { body } = await admin.call("POST", `/api/v1/namespaces/${namespace}/serviceaccounts/guard/token`, {
    ...{ apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 7200 } },
  });
  const token = String(at(body, "status", "token"));
  return kube.writeKubeconfig("guard", { ...kube.adminAccess, token });
}

function webhookOf(name: string, port: number) {
  return {
    name: `${name}.pullguard.test`,
    admissionReviewVersions: ["v1"],
    clientConfig: {
      service: { namespace, name: name === "guard" ? "pullguard" : name, port, path: "/validate" },
    },
    ...{ failurePolicy: "Fail", sideEffects: "None", timeoutSeconds: 5, matchPolicy: "Exact" },
    objectSelector: { matchLabels: { asks: name } },
    rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"], scope: "*" }],
  };
}

/** Without caBundle, as an installation has it. */
function configurationOf(name: string, port: number): KubeObject {
  return {
    ...{ apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingWebhookConfiguration", metadata: { name } },
    webhooks: [webhookOf(name, port)],
  };
}

/** What somebody applies who does not know of the bundle. */
function webhooksWithout(port: number): object {
  return { webhooks: [webhookOf("guard", port)] };
}

function configurationPath(name: string): string {
  return `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${name}`;
}

function entry(secret: KubeObject, name: string): string {
  return Buffer.from(String(at(secret, "data", name)), "base64").toString();
}

async function startReplica(kubeconfig: string): Promise<Replica> {
  const argv = ["serve", "--certificates", "self-managed", "--kubeconfig", kubeconfig, "--namespace", namespace];
  const more = ["--webhook-configuration", "guard", "--port", "0", "--metrics-port", "0"];
  const child = spawn(process.execPath, ["build/src/bin/pullguard.js", ...argv, ...more], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let log = "";
  child.stdout?.on("data", (part) => {
    log += String(part);
  });
  const port = await eventually("a replica listens", async () => {
    if (child.exitCode !== null) throw new Error(log);
    const line = log.split("\n").find((each) => each.includes('"listening"'));
    return line === undefined ? undefined : Number(JSON.parse(line).port);
  });
  return { port, child, log: () => log };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await exit;
}

/** The fingerprint of what is served to a client that trusts this bundle and calls a Service by its name, as the API server does. */
function handshake(port: number, caPem: string, service: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const target = { host: "127.0.0.1", port, ca: caPem, servername: `${service}.${namespace}.svc` };
    const socket = connectTls(target, () => {
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.end();
      resolve(fingerprint256);
    });
    socket.on("error", reject);
  });
}

async function keepAsking(ask: () => Promise<KubeAnswer>, signal: AbortSignal) {
  const statuses = new Map<number, string | undefined>();
  let count = 0;
  while (!signal.aborted) {
    const { status, body } = await ask();
    statuses.set(status, body.message);
    count += 1;
  }
  return { statuses, count };
}
