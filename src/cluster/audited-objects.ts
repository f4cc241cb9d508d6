import { type AuditedKind, type AuditedObject, auditedKinds, kindVersions, type ReadAudited } from "../audit/index.js";
import { memberOf, textOf } from "../core/index.js";
import type { ClusterAccess } from "./kubeconfig.js";
import { faultOf } from "./object-watch.js";
import { rawPage } from "./raw-page.js";
import { listResource, type PrunedObject, prunedMetadata, type Resource } from "./resource.js";

/** What is kept of an object that runs Pods; `audited` absent for what cannot be read. */
export interface WatchedAudited extends PrunedObject {
  readonly audited?: AuditedObject;
}

/** Objects as they are now. `missing`: plurals of the kinds that could not be listed, each with why. */
export interface AuditedObjects {
  readonly objects: readonly AuditedObject[];
  readonly missing: readonly { readonly plural: string; readonly reason: string }[];
}

/** Pods are large, and whoever parses a page does nothing else meanwhile. */
const pageSize = 200;

/** Every object of one kind, of one namespace where one is named. */
export function auditedResource(
  access: ClusterAccess,
  kind: AuditedKind,
  read: ReadAudited,
  namespace?: string,
): Resource<WatchedAudited> {
  const version = kindVersions[kind];
  const plural = `${kind.toLowerCase()}s`;
  const scope = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  const path = `${version.includes("/") ? "/apis" : "/api"}/${version}${scope}/${plural}`;
  const page = rawPage(access, path);
  return {
    plural,
    path,
    pageSize,
    page: (query, _options, signal) => page(query, signal),
    prune: (object) => {
      const audited = read(kind, object);
      // The name once: strings of lists are not shared by themselves.
      const metadata = prunedMetadata(object);
      const place = audited?.namespace ?? textOf(memberOf(object, "metadata", "namespace"));
      const named = { name: audited?.name ?? metadata.name, resourceVersion: metadata.resourceVersion };
      return { metadata: { namespace: place, ...named }, ...(audited === undefined ? {} : { audited }) };
    },
  };
}

/**
 * Every object that runs Pods, kind by kind. Never rejects: what must not be listed is missing.
 * @param signal gives up; what was not listed by then is missing
 */
export async function listAudited(
  access: ClusterAccess,
  read: ReadAudited,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<AuditedObjects> {
  const missing: { plural: string; reason: string }[] = [];
  const lists = await Promise.all(
    auditedKinds.map(async (kind) => {
      const resource = auditedResource(access, kind, read, namespace);
      try {
        const { items } = await listResource(resource, signal);
        return items.flatMap(({ audited }) => (audited === undefined ? [] : [audited]));
      } catch (error) {
        missing.push({ plural: resource.plural, reason: faultOf(error, access.server, resource.plural).reason });
        return [];
      }
    }),
  );
  return { objects: lists.flat(), missing };
}
