/** A cluster of so many Pods: ten to a Deployment, fifty to an image, ten to a node. */
export interface ClusterShape {
  readonly pods: number;
  readonly registries: number;
}

export interface StoredObject {
  readonly key: string;
  readonly value: object;
}

const podsOfDeployment = 10;
const podsOfImage = 50;
const podsOfNode = 10;
const podsOfNamespace = 500;

export function countsOf({ pods }: ClusterShape) {
  return {
    deployments: Math.ceil(pods / podsOfDeployment),
    images: Math.ceil(pods / podsOfImage),
    nodes: Math.ceil(pods / podsOfNode),
    namespaces: Math.ceil(pods / podsOfNamespace),
  };
}

export function hostOf(registry: number): string {
  return `reg${registry}.test`;
}

/** The image of one Deployment. */
export function imageOf(shape: ClusterShape, deployment: number): string {
  const image = deployment % countsOf(shape).images;
  return `${hostOf(image % shape.registries)}/app${Math.floor(image / shape.registries)}:v1`;
}

function metadataOf(name: string, namespace: string | undefined, more: object = {}) {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid: uidOf(`${namespace}/${name}`),
    creationTimestamp: "2026-01-01T00:00:00Z",
    ...more,
  };
}

function uidOf(text: string): string {
  let hash = 0;
  for (const character of text) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) >>> 0;
  return `00000000-0000-4000-8000-${String(hash).padStart(12, "0")}`;
}

/** About as large as what a real cluster has: environment, probes, volumes, conditions. */
function podSpec(image: string, node?: string): object {
  return {
    serviceAccountName: "default",
    serviceAccount: "default",
    ...(node === undefined ? {} : { nodeName: node }),
    restartPolicy: "Always",
    dnsPolicy: "ClusterFirst",
    schedulerName: "default-scheduler",
    securityContext: {},
    terminationGracePeriodSeconds: 30,
    containers: [
      {
        name: "app",
        image,
        imagePullPolicy: "IfNotPresent",
        env: Array.from({ length: 12 }, (_, index) => ({
          name: `SETTING_${index}`,
          value: `value number ${index} of this container`,
        })),
        resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "256Mi" } },
        volumeMounts: [{ name: "token", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount", readOnly: true }],
        terminationMessagePath: "/dev/termination-log",
        terminationMessagePolicy: "File",
      },
    ],
    volumes: [
      {
        name: "token",
        projected: { defaultMode: 420, sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: "token" } }] },
      },
    ],
  };
}

/** Everything, as etcd holds it. */
export function* objectsOf(shape: ClusterShape): Generator<StoredObject> {
  const counts = countsOf(shape);
  const namespaceOf = (deployment: number): string => `team-${deployment % counts.namespaces}`;
  for (let index = 0; index < counts.namespaces; index += 1) {
    const name = `team-${index}`;
    const value = {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: metadataOf(name, undefined),
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
    };
    yield { key: `/registry/namespaces/${name}`, value };
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: metadataOf("default", name) };
    yield { key: `/registry/serviceaccounts/${name}/default`, value: account };
  }
  for (let index = 0; index < counts.nodes; index += 1) yield nodeObject(index);
  for (let deployment = 0; deployment < counts.deployments; deployment += 1) {
    yield* deploymentObjects(shape, deployment, namespaceOf(deployment), counts.nodes);
  }
}

function nodeObject(index: number): StoredObject {
  const name = `node-${index}`;
  const images = Array.from({ length: 40 }, (_, image) => ({
    names: [`reg.test/base${image}@sha256:${String(image).padStart(64, "0")}`, `reg.test/base${image}:v1`],
    sizeBytes: 100_000_000 + image,
  }));
  const value = {
    apiVersion: "v1",
    kind: "Node",
    metadata: metadataOf(name, undefined, {
      labels: { "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", "kubernetes.io/hostname": name },
    }),
    spec: {},
    status: {
      nodeInfo: {
        ...{
          containerRuntimeVersion: "containerd://1.7.13",
          operatingSystem: "linux",
          architecture: "amd64",
          kubeletVersion: "v1.33.1",
        },
        ...{ machineID: "", systemUUID: "", bootID: "", kernelVersion: "6.1", osImage: "Debian", kubeProxyVersion: "" },
      },
      images,
      conditions: [
        { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" },
      ],
    },
  };
  return { key: `/registry/minions/${name}`, value };
}

function* deploymentObjects(
  shape: ClusterShape,
  deployment: number,
  namespace: string,
  nodes: number,
): Generator<StoredObject> {
  const image = imageOf(shape, deployment);
  const name = `web-${deployment}`;
  const labels = { app: name };
  const template = { metadata: { labels }, spec: podSpec(image) };
  const selector = { matchLabels: labels };
  const owner = (kind: string, of: string) => ({
    ownerReferences: [{ apiVersion: "apps/v1", kind, name: of, uid: uidOf(`${namespace}/${of}`), controller: true }],
  });
  const own = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: metadataOf(name, namespace),
    spec: { replicas: podsOfDeployment, selector, template },
  };
  yield { key: `/registry/deployments/${namespace}/${name}`, value: own };
  const set = `${name}-7d9f`;
  const replicas = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: metadataOf(set, namespace, owner("Deployment", name)),
    spec: { replicas: podsOfDeployment, selector, template },
  };
  yield { key: `/registry/replicasets/${namespace}/${set}`, value: replicas };
  for (let index = 0; index < podsOfDeployment; index += 1) {
    const pod = `${set}-${index.toString(36).padStart(5, "x")}`;
    const node = `node-${(deployment * podsOfDeployment + index) % nodes}`;
    const imageID = `${image.replace(/:v1$/, "")}@sha256:${"a".repeat(64)}`;
    const value = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: metadataOf(pod, namespace, { labels, ...owner("ReplicaSet", set) }),
      spec: podSpec(image, node),
      status: {
        phase: "Running",
        startTime: "2026-01-01T00:00:00Z",
        conditions: ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) => ({
          ...{ type, status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" },
        })),
        containerStatuses: [
          {
            name: "app",
            image,
            imageID,
            ready: true,
            started: true,
            restartCount: 0,
            state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
          },
        ],
      },
    };
    yield { key: `/registry/pods/${namespace}/${pod}`, value };
  }
}
