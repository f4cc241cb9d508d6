import { type AuditedKind, type AuditedObject, auditedReader, kindVersions } from "../../src/audit/index.js";

/** What a test says of an object; a container is `name=image`. */
export interface Wish {
  readonly namespace?: string;
  readonly uid?: string;
  readonly containers?: readonly string[];
  readonly policy?: string;
  readonly pod?: object;
  /** `Kind/name` of the controller. */
  readonly owner?: string;
  readonly ownerVersion?: string;
  readonly node?: string;
  readonly phase?: string;
  readonly replicas?: number;
  readonly created?: string;
  /** By container. */
  readonly imageIds?: Readonly<Record<string, string>>;
  readonly conditions?: readonly object[];
}

/** An object as the API server sends it. */
export function rawObject(kind: AuditedKind, name: string, wish: Wish = {}): object {
  const { containers = ["app=reg.test/team/app:v1"], policy, pod = {}, node, replicas } = wish;
  const podSpec = {
    serviceAccountName: "default",
    serviceAccount: "default",
    containers: containers.map((text) => {
      const [container, image] = text.split("=");
      return { name: container, image, ...(policy === undefined ? {} : { imagePullPolicy: policy }) };
    }),
    ...(node === undefined ? {} : { nodeName: node }),
    ...pod,
  };
  const template = { spec: podSpec };
  const spec =
    kind === "Pod"
      ? podSpec
      : kind === "CronJob"
        ? { jobTemplate: { spec: { template } } }
        : { template, ...(replicas === undefined ? {} : { replicas }) };
  const [ownerKind, ownerName] = wish.owner?.split("/") ?? [];
  const owners =
    ownerKind === undefined
      ? {}
      : {
          ownerReferences: [
            {
              apiVersion: wish.ownerVersion ?? "apps/v1",
              kind: ownerKind,
              name: ownerName,
              uid: "u",
              controller: true,
            },
          ],
        };
  const statuses = Object.entries(wish.imageIds ?? {}).map(([container, imageID]) => ({ name: container, imageID }));
  return {
    apiVersion: kindVersions[kind],
    kind,
    metadata: {
      name,
      namespace: wish.namespace ?? "shop",
      uid: wish.uid ?? `uid-${name}`,
      resourceVersion: "1",
      creationTimestamp: wish.created ?? "2026-01-01T00:00:00Z",
      ...owners,
    },
    ...(kind === "PodTemplate" ? { template } : { spec }),
    status: {
      ...(kind === "Pod" ? { phase: wish.phase ?? "Running", containerStatuses: statuses } : {}),
      ...(wish.conditions === undefined ? {} : { conditions: wish.conditions }),
    },
  };
}

const read = auditedReader();

/** The same as an audit keeps it. */
export function audited(kind: AuditedKind, name: string, wish: Wish = {}): AuditedObject {
  const found = read(kind, rawObject(kind, name, wish));
  if (found === undefined) throw new Error(`no ${kind}`);
  return found;
}
