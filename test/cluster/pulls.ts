import type { ApiAnswer } from "./api-server.js";

interface ContainerWish {
  readonly image?: string;
  readonly imageID?: string;
  readonly imagePullPolicy?: string;
  readonly state?: object;
}

interface PodWish {
  readonly node?: string;
  readonly version?: string;
  readonly phase?: string;
  readonly startTime?: string;
  readonly deleted?: true;
  /** Whether the node says that the Pod has its sandbox; it says nothing where absent. */
  readonly sandbox?: boolean;
  /** Whether the kubelet has told of the containers. */
  readonly statuses?: boolean;
  readonly containers?: readonly ContainerWish[];
  readonly initContainers?: readonly ContainerWish[];
  readonly volumes?: readonly object[];
}

/** A Pod as the API server tells of it, with one container that waits for reg.test/app:v1 unless told otherwise. */
export function pendingPod(name: string, wish: PodWish) {
  const { node = "a", version = "1", phase = "Pending", containers = [{}], initContainers = [] } = wish;
  const specs = (all: readonly ContainerWish[]) =>
    all.map(({ image = "reg.test/app:v1", imagePullPolicy = "IfNotPresent" }, index) => ({
      ...{ name: `c${index}`, image, imagePullPolicy },
    }));
  const statuses = (all: readonly ContainerWish[]) =>
    all.map(({ image = "", imageID = "", state = { waiting: { reason: "ContainerCreating" } } }, index) => ({
      ...{ name: `c${index}`, image, imageID, state, ready: false, restartCount: 0 },
    }));
  const told = { containerStatuses: statuses(containers), initContainerStatuses: statuses(initContainers) };
  const creationTimestamp = "2026-01-01T11:59:00Z";
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...{ name, namespace: "shop", resourceVersion: version, creationTimestamp },
      annotations: { note: "hunter2" },
      ...(wish.deleted === true ? { deletionTimestamp: "2026-01-01T12:00:00Z" } : {}),
    },
    spec: {
      nodeName: node,
      containers: specs(containers),
      initContainers: specs(initContainers),
      volumes: wish.volumes ?? [],
    },
    status: {
      phase,
      ...(wish.startTime === undefined ? {} : { startTime: wish.startTime }),
      ...(wish.statuses === false ? {} : told),
      conditions:
        wish.sandbox === undefined
          ? []
          : [{ type: "PodReadyToStartContainers", status: wish.sandbox ? "True" : "False" }],
    },
  };
}

/** What a kubelet says of a pull of 600 MB that is over. */
export function pulledEvent(
  name: string,
  { seconds = 10, image = "reg.test/app:v1" }: { readonly seconds?: number; readonly image?: string },
) {
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, namespace: "shop", resourceVersion: name },
    involvedObject: { kind: "Pod", namespace: "shop", name: "web" },
    reason: "Pulled",
    message: `Successfully pulled image "${image}" in ${seconds}s (${seconds}s including waiting). Image size: 600000000 bytes.`,
    lastTimestamp: "2026-01-01T11:59:30Z",
    source: { component: "kubelet", host: "a" },
  };
}

/** A list as the API server answers it. */
export function listOf(kind: string, items: readonly object[]): ApiAnswer {
  return { status: 200, body: { kind, apiVersion: "v1", metadata: { resourceVersion: "10" }, items } };
}
