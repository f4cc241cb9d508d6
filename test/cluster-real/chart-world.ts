import assert from "node:assert/strict";
import { type ChartValues, chartFolder, type Helm } from "../support/chart/index.js";
import { eventually, type Kube, type KubeAnswer, type KubeClient, type KubeObject } from "../support/kube/index.js";
import { quietly } from "./world.js";

/** What the chart's tests share: a control plane on which nothing is installed at first. */
export interface ChartWorld {
  readonly kube: Kube;
  /** helm as the cluster's administrator. */
  readonly helm: Helm;
  readonly kubectl: string;
}

/** The release that the tests install. */
export const release = "pullguard";

/** Installs or upgrades; the webhook's Service then leads to a port of this machine. @param port  1: nobody listens there */
export async function install(
  { helm, kube }: ChartWorld,
  namespace: string,
  values: ChartValues,
  port = 1,
): Promise<void> {
  const file = helm.valuesFile({ ...values, service: { port } });
  const { code, stderr } = await helm.run("upgrade", "--install", release, chartFolder, "-n", namespace, "-f", file);
  assert.equal(code, 0, stderr);
  await leadHere(kube.admin, namespace);
}

/** There is nothing that forwards a Service's address, but the API server itself follows a Service that stands for a name. */
export async function leadHere(admin: KubeClient, namespace: string): Promise<void> {
  const external = { spec: { type: "ExternalName", externalName: "localhost" } };
  const answer = await admin.patch({ kind: "Service", metadata: { name: release, namespace } }, external);
  assert.equal(answer.status, 200, answer.body.message);
}

export async function uninstall({ helm }: ChartWorld, namespace: string): Promise<void> {
  const { code, stderr } = await helm.run("uninstall", release, "-n", namespace, "--ignore-not-found");
  assert.equal(code, 0, stderr);
}

/** The objects of a collection. */
export async function listObjects(admin: KubeClient, path: string): Promise<readonly KubeObject[]> {
  const { body } = await admin.call("GET", path);
  return (body as { readonly items?: readonly KubeObject[] }).items ?? [];
}

export async function makeNamespace(admin: KubeClient, name: string): Promise<void> {
  await quietly(admin.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
}

/** A workload whose image no node would pull, so that nothing is asked of a registry. */
export function createWorkload(admin: KubeClient, namespace: string, query?: string): Promise<KubeAnswer> {
  const container = { name: "web", image: "r.test/a:1", imagePullPolicy: "Never" };
  const template = { metadata: { labels: { app: "web" } }, spec: { containers: [container] } };
  const workload = {
    ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { generateName: "web-", namespace } as object },
    spec: { selector: { matchLabels: { app: "web" } }, template },
  };
  return admin.create(workload, query);
}

/** Somebody who creates one workload after the other. */
export interface Creating {
  /** Resolves when so many more have been created, or not. */
  more(count: number): Promise<void>;
  /** What did not go well so far. */
  failures(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** Starts as soon as the first one succeeds. @param log  told when none does */
export async function keepCreating(admin: KubeClient, namespace: string, log: () => string): Promise<Creating> {
  await eventually("a workload can be created", async () => {
    const { status } = await createWorkload(admin, namespace, "dryRun=All");
    return status === 201 ? true : undefined;
  }).catch((error: unknown) => {
    throw new Error(log().slice(-3000), { cause: error });
  });
  const failed: string[] = [];
  let created = 0;
  let isOver = false;
  const run = async (): Promise<void> => {
    while (!isOver) {
      const { status, warnings, body } = await createWorkload(admin, namespace, "dryRun=All");
      created += 1;
      if (status !== 201 || warnings.length > 0) failed.push(`${status} ${body.message ?? ""} ${warnings.join("; ")}`);
    }
  };
  const running = run();
  return {
    more: async (count) => {
      const wanted = created + count;
      await eventually(`${count} more workloads`, async () => (created >= wanted || isOver ? true : undefined));
    },
    failures: async () => failed,
    stop: async () => {
      isOver = true;
      await running;
    },
  };
}
