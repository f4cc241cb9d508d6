import { at } from "../manifests/objects.js";
import { type Daemon, eventually, freePorts, type Kube, type KubeObject, startDaemon } from "../support/kube/index.js";
import { leadHere, listObjects } from "./chart-world.js";
import { serviceAccount, deployment as workloadOf } from "./objects.js";
import { accessOf, pullguardAccount } from "./world.js";

/** What a cluster has besides its API server, as far as an installation of Pullguard needs it. */
export interface ControlLoops {
  /** What the program has logged since it was last started, and what went wrong last. */
  log(): string;
  stop(): Promise<void>;
}

const { namespace, name } = pullguardAccount;
const deploymentPath = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
const program = new URL("../../src/bin/pullguard.js", import.meta.url).pathname;
const pauseMs = 100;

interface Running {
  readonly uid: unknown;
  readonly generation: unknown;
  readonly daemon: Daemon;
  readonly port: number;
}

/**
 * Stands in for the controllers, the kubelet and the Service's network, none of which are here: namespaces get their
 * ServiceAccount and go when they are deleted; the Deployment's container runs as a process, with its arguments, its account
 * and the environment of a Pod; it is called where it listens; and the Deployment's status says so.
 * @param env  variables of the process
 */
export function startControlLoops(kube: Kube, env: Readonly<Record<string, string>>): ControlLoops {
  let isOver = false;
  let running: Running | undefined;
  let lastFault: unknown;
  const known = new Set<string>();
  const { admin } = kube;

  async function namespaces(): Promise<void> {
    for (const each of await listObjects(admin, "/api/v1/namespaces")) {
      const its = String(each.metadata?.name);
      const uid = String(at(each, "metadata", "uid"));
      if (at(each, "status", "phase") === "Terminating") await finish(each, its);
      else if (!known.has(uid)) {
        await admin.create(serviceAccount(its, []));
        known.add(uid);
      }
    }
  }

  /** What is in a namespace goes first. */
  async function finish(each: KubeObject, its: string): Promise<void> {
    for (const collection of contents) await admin.call("DELETE", collection.replace("*", its));
    const released = { ...each, apiVersion: "v1", kind: "Namespace", spec: { finalizers: [] } };
    await admin.call("PUT", `/api/v1/namespaces/${its}/finalize`, released);
  }

  async function halt(): Promise<void> {
    await running?.daemon.stop();
    running = undefined;
  }

  /** The kubelet's and the Deployment controller's part. */
  async function deployment(): Promise<void> {
    const { status, body } = await admin.call("GET", deploymentPath);
    if (status === 404) return await halt();
    const { uid, generation } = body.metadata as KubeObject["metadata"] & { uid?: unknown; generation?: unknown };
    if (running === undefined || running.uid !== uid || running.generation !== generation) {
      await halt();
      running = { uid, generation, ...(await startProgram(kube, body, env)) };
    }
    await lead(running.port);
    if (at(body, "status", "observedGeneration") === generation) return;
    await isAsked(kube, running);
    const counted = { replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 };
    await admin.call(
      "PATCH",
      `${deploymentPath}/status`,
      { status: { observedGeneration: generation, ...counted } },
      mergePatch,
    );
  }

  /** The Service's part: the API server calls a port of this machine. */
  async function lead(port: number): Promise<void> {
    for (const kind of ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"]) {
      const path = `/apis/admissionregistration.k8s.io/v1/${kind}/${name}`;
      const { status, body } = await admin.call("GET", path);
      if (status !== 200) continue;
      const webhooks = at(body, "webhooks") as readonly object[];
      const astray = webhooks.flatMap((each, index) =>
        at(each, "clientConfig", "service", "port") === port
          ? []
          : [{ op: "add", path: `/webhooks/${index}/clientConfig/service/port`, value: port }],
      );
      if (astray.length > 0) await admin.call("PATCH", path, astray as never, "application/json-patch+json");
    }
    const { body } = await admin.call("GET", `/api/v1/namespaces/${namespace}/services/${name}`);
    if (at(body, "spec", "type") !== "ExternalName") await leadHere(admin, namespace);
  }

  const repeated = async (once: () => Promise<void>): Promise<void> => {
    while (!isOver) {
      // What fails now, because something is about to be deleted for example, is tried again.
      await once().catch((error: unknown) => {
        lastFault = error;
      });
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  // Neither waits for the other, as they do not in a cluster.
  const looping = Promise.all([repeated(namespaces), repeated(deployment)]);
  return {
    log: () => `${running?.daemon.log() ?? ""}\n${String(lastFault)}`,
    stop: async () => {
      isOver = true;
      await looping;
      await halt();
    },
  };
}

const mergePatch = "application/merge-patch+json";
/** Collections that a namespace of the docs may hold. */
const contents = [
  ...["deployments", "replicasets"].map((kind) => `/apis/apps/v1/namespaces/*/${kind}`),
  ...["secrets", "serviceaccounts", "configmaps", "events"].map((kind) => `/api/v1/namespaces/*/${kind}`),
  "/apis/coordination.k8s.io/v1/namespaces/*/leases",
  ...["servicemonitors", "prometheusrules"].map((kind) => `/apis/monitoring.coreos.com/v1/namespaces/*/${kind}`),
];

/** The container of the Deployment as a process, but for its ports. */
async function startProgram(
  kube: Kube,
  deployment: object,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly daemon: Daemon; readonly port: number }> {
  const [port = 0, metricsPort = 0] = await freePorts(2);
  const args = [...(at(deployment, "spec", "template", "spec", "containers", 0, "args") as readonly string[])];
  args[args.indexOf("--port") + 1] = String(port);
  args[args.indexOf("--metrics-port") + 1] = String(metricsPort);
  const kubeconfig = kube.writeKubeconfig("installed", await accessOf(kube, pullguardAccount));
  // No endpoint has to forget it.
  const surroundings = { ...env, PULLGUARD_SHUTDOWN_GRACE: "1", POD_NAMESPACE: namespace, POD_NAME: "pullguard-0" };
  // Only a shell can be given variables here.
  const set = Object.entries(surroundings).map(([key, value]) => `${key}=${value}`);
  // In a Pod the namespace is in the account's volume.
  const argv = [...set, process.execPath, program, ...args, "--kubeconfig", kubeconfig, "--audit-namespace", namespace];
  return { daemon: startDaemon("/usr/bin/env", argv, kube.folder), port };
}

/** Until the API server asks it, and it is ready to answer. @throws Error where another Deployment is wanted meanwhile, or none */
async function isAsked({ admin }: Kube, { daemon, generation }: Running): Promise<void> {
  await eventually("the program is asked", async () => {
    if (daemon.ended()) throw new Error(`the program ended: ${daemon.log()}`);
    const { body } = await admin.call("GET", deploymentPath);
    if (at(body, "metadata", "generation") !== generation) throw new Error("another Deployment is wanted");
    const { status, warnings } = await admin.create(workloadOf("default", "No Image Name"), "dryRun=All");
    return status === 403 || warnings.length > 0 ? true : undefined;
  });
}
