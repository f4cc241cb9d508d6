import { namespace, secretName } from "./engine.js";

/** What of the Pod differs from one review to another. */
export interface ReviewWish {
  /** One container each. */
  readonly images: readonly string[];
  /** Whether the Pod lists the Secret with the registries' logins. */
  readonly withSecret: boolean;
  readonly namespace?: string;
  /** The Secret's name; {@link secretName} where absent. */
  readonly secret?: string;
}

/**
 * The CREATE of a Pod as an API server sends it, defaults and managed fields included: 4 KiB with up to three images, about
 * 1 KiB more for each further one.
 */
export function podReview(wish: ReviewWish): string {
  const spec = podSpec(wish);
  return JSON.stringify({
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      uid: "5f3c8f0e-6b1f-4a6e-9d53-0f8a3c1b7e42",
      ...kindOf("Pod", "pods"),
      name: "web-7d9f8c6b5-x2x4k",
      namespace: wish.namespace ?? namespace,
      operation: "CREATE",
      userInfo: {
        username: "system:serviceaccount:kube-system:replicaset-controller",
        uid: "0c2b6a5e-3f77-4b0e-8a53-7b1f60a2d9c1",
        groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
      },
      object: {
        kind: "Pod",
        apiVersion: "v1",
        metadata: metadata(spec.containers, wish.namespace ?? namespace),
        spec,
        status,
      },
      oldObject: null,
      dryRun: false,
      options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1" },
    },
  });
}

const status = { phase: "Pending", qosClass: "Burstable" };

function kindOf(kind: string, resource: string) {
  const kinds = { group: "", version: "v1", kind };
  const resources = { group: "", version: "v1", resource };
  return { kind: kinds, resource: resources, requestKind: kinds, requestResource: resources };
}

function metadata(containers: readonly { readonly name: string }[], ownNamespace: string) {
  const fields = Object.fromEntries(
    containers.map(({ name }) => [
      `k:{"name":"${name}"}`,
      {
        ".": {},
        "f:env": { ".": {}, 'k:{"name":"LOG_LEVEL"}': { ".": {}, "f:name": {}, "f:value": {} } },
        "f:image": {},
        "f:imagePullPolicy": {},
        "f:name": {},
        "f:resources": { ".": {}, "f:limits": { ".": {}, "f:memory": {} }, "f:requests": { ".": {}, "f:cpu": {} } },
        "f:terminationMessagePath": {},
        "f:terminationMessagePolicy": {},
      },
    ]),
  );
  return {
    name: "web-7d9f8c6b5-x2x4k",
    generateName: "web-7d9f8c6b5-",
    namespace: ownNamespace,
    uid: "a3d7c1e9-52c4-4f0b-8a35-1f1d2f7a9b60",
    creationTimestamp: "2026-01-01T00:00:00Z",
    labels: { app: "web", "pod-template-hash": "7d9f8c6b5" },
    ownerReferences: [
      {
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        name: "web-7d9f8c6b5",
        uid: "1f0e9d8c-7b6a-4958-8473-625140392817",
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
    managedFields: [
      {
        manager: "kube-controller-manager",
        operation: "Update",
        apiVersion: "v1",
        time: "2026-01-01T00:00:00Z",
        fieldsType: "FieldsV1",
        fieldsV1: { "f:metadata": { "f:labels": { ".": {}, "f:app": {} } }, "f:spec": { "f:containers": fields } },
      },
    ],
  };
}

function podSpec({ images, withSecret, secret }: ReviewWish) {
  return {
    volumes: [
      {
        name: "kube-api-access-x2x4k",
        projected: {
          sources: [
            { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
            { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
          ],
          defaultMode: 420,
        },
      },
    ],
    containers: images.map((image, index) => container(`web-${index}`, image)),
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    serviceAccountName: "default",
    serviceAccount: "default",
    securityContext: {},
    ...(withSecret ? { imagePullSecrets: [{ name: secret ?? secretName }] } : {}),
    schedulerName: "default-scheduler",
    tolerations: [
      { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
    ],
    priority: 0,
    enableServiceLinks: true,
    preemptionPolicy: "PreemptLowerPriority",
  };
}

function container(name: string, image: string) {
  return {
    name,
    image,
    env: [{ name: "LOG_LEVEL", value: "info" }],
    resources: { limits: { memory: "256Mi" }, requests: { cpu: "100m", memory: "256Mi" } },
    volumeMounts: [
      {
        name: "kube-api-access-x2x4k",
        readOnly: true,
        mountPath: "/var/run/secrets/kubernetes.io/serviceaccount",
      },
    ],
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: "Always",
  };
}
