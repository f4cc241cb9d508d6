import { ApiException } from "@kubernetes/client-node";
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
  /** Why nothing at all could be listed; absent where any kind could be, though there be no object of it. */
  readonly failure?: string;
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
  const faults: ListFault[] = [];
  const lists = await Promise.all(
    auditedKinds.map(async (kind) => {
      const resource = auditedResource(access, kind, read, namespace);
      try {
        const { items } = await listResource(resource, signal);
        return items.flatMap(({ audited }) => (audited === undefined ? [] : [audited]));
      } catch (error) {
        faults.push({ plural: resource.plural, ...listFault(error, access, resource.plural, namespace) });
        return [];
      }
    }),
  );
  const missing = faults.map(({ plural, reason }) => ({ plural, reason }));
  const nothing = faults.length === auditedKinds.length;
  return { objects: lists.flat(), missing, ...(nothing ? { failure: failureOf(faults, namespace) } : {}) };
}

interface ListFault {
  readonly plural: string;
  readonly reason: string;
  /** Whether rights are lacking. */
  readonly isForbidden: boolean;
}

function listFault(error: unknown, access: ClusterAccess, plural: string, namespace: string | undefined) {
  const status = error instanceof ApiException ? error.code : undefined;
  if (status === 401) return { reason: refusedCredentials(access), isForbidden: false };
  const { reason } = faultOf(error, access.server, plural, "list");
  if (status !== 403) return { reason, isForbidden: false };
  return { reason: `no permission to list ${plural} ${placeOf(namespace)} (403)`, isForbidden: true };
}

function failureOf(faults: readonly ListFault[], namespace: string | undefined): string {
  // What is more than a lack of rights says more: the same rights may do once it is mended.
  const other = faults.find(({ isForbidden }) => !isForbidden);
  if (other !== undefined) return other.reason;
  const plurals = faults.map(({ plural }) => plural).join(", ");
  const advice = namespace === undefined ? "; --namespace NAME looks at one" : "";
  return `no permission to list anything that runs ${placeOf(namespace)} (403 for ${plurals})${advice}`;
}

/** Names of the kubeconfig only, never what the user is known by. */
function refusedCredentials({ server, context, config }: ClusterAccess): string {
  const user = config.getCurrentUser()?.name ?? "";
  const whose = user === "" ? `context "${context}" names no user` : `user "${user}" of context "${context}"`;
  return (
    `the API server ${server} refused the credentials of the kubeconfig (401; ${whose}): ` +
    "they may have expired or belong to another cluster; log in again, or choose another --context or --kubeconfig"
  );
}

function placeOf(namespace: string | undefined): string {
  return namespace === undefined ? "in all namespaces" : `in namespace "${namespace}"`;
}
