import assert from "node:assert/strict";
import { type ChartValues, chartFolder, type Helm } from "../support/chart/index.js";
import type { Kube, KubeClient, KubeObject } from "../support/kube/index.js";

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
