import type { KubeObject } from "../support/kube/index.js";
import { labUser } from "../support/lab/index.js";

/** Private registries of the tests: one wants Basic credentials, one tokens. */
export const basicHost = "basic.test";
export const bearerHost = "bearer.test";
export const privateImage = `${basicHost}/team/app:v1`;

/** A Deployment of one container; `pod` overrides fields of the Pod's spec. */
export function deployment(namespace: string, image = privateImage, pod: object = {}): KubeObject {
  return workload("Deployment", namespace, image, pod);
}

const apiVersions: Readonly<Record<string, string>> = {
  Pod: "v1",
  PodTemplate: "v1",
  ReplicationController: "v1",
  Job: "batch/v1",
  CronJob: "batch/v1",
};

/** Every kind that makes Pods from a template. */
export const templateKinds = [
  ...["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"],
  ...["ReplicationController", "PodTemplate", "Job", "CronJob"],
] as const;

/** Any workload named `web` whose Pods have one container. */
export function workload(kind: string, namespace: string, image = privateImage, pod: object = {}): KubeObject {
  const restart = kind === "Job" || kind === "CronJob" ? { restartPolicy: "Never" } : {};
  const podSpec = { containers: [{ name: "app", image, imagePullPolicy: "Always" }], ...restart, ...pod };
  const labels = { app: "web" };
  const template = { metadata: { labels }, spec: podSpec };
  return {
    apiVersion: apiVersions[kind] ?? "apps/v1",
    kind,
    metadata: { name: "web", namespace, labels },
    ...bodyOf(kind, template, labels),
  };
}

/** A Service that leads to this machine: nothing routes cluster addresses here, but the API server follows a name. */
export function serviceHere(namespace: string, name: string): KubeObject {
  return {
    ...{ apiVersion: "v1", kind: "Service", metadata: { name, namespace } },
    spec: { type: "ExternalName", externalName: "localhost" },
  };
}

function bodyOf(kind: string, template: { readonly spec: object }, labels: object): object {
  switch (kind) {
    case "Pod":
      return { spec: template.spec };
    case "PodTemplate":
      return { template };
    case "Job":
      return { spec: { template } };
    case "CronJob":
      return { spec: { schedule: "0 4 * * *", jobTemplate: { spec: { template } } } };
    case "ReplicationController":
      return { spec: { selector: labels, template } };
    case "StatefulSet":
      return { spec: { serviceName: "web", selector: { matchLabels: labels }, template } };
    default:
      return { spec: { selector: { matchLabels: labels }, template } };
  }
}

export function serviceAccount(namespace: string, pullSecrets: readonly string[], name = "default"): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name, namespace },
    imagePullSecrets: pullSecrets.map((secret) => ({ name: secret })),
  };
}

/** A Secret as `kubectl create secret docker-registry` makes it; the registries' one right user unless told otherwise. */
export function pullSecret(
  namespace: string,
  name: string,
  values: { readonly host?: string; readonly password?: string; readonly auth?: string } = {},
): KubeObject {
  const { username } = labUser;
  const { host = basicHost, password = labUser.password } = values;
  const auth = values.auth ?? Buffer.from(`${username}:${password}`).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace },
    type: "kubernetes.io/dockerconfigjson",
    stringData: { ".dockerconfigjson": JSON.stringify({ auths: { [host]: { username, password, auth } } }) },
  };
}
