import { ApiException, type V1Secret } from "@kubernetes/client-node";
import { type Clock, memberOf, PullguardError, Redacted, textOf } from "../core/index.js";
import { withSignal } from "./abortable.js";
import type { ClusterAccess } from "./kubeconfig.js";
import { faultOf, type WatchEvent, watchObjects } from "./object-watch.js";
import { withPatience } from "./patience.js";
import { type PrunedObject, prunedMetadata, textMapOf } from "./resource.js";

/** What a Secret holds, decoded. */
type SecretValues = Redacted<Readonly<Record<string, string>>>;

/** One Secret as it was heard of last; `token` names just this version of it. */
export type FollowedSecret =
  | { readonly kind: "unknown"; readonly reason: string }
  | { readonly kind: "absent" }
  | { readonly kind: "found"; readonly values: SecretValues; readonly token: unknown };

export interface SecretFollowerDeps {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly namespace: string;
  readonly name: string;
  readonly onEvent?: (event: WatchEvent) => void;
  readonly random?: () => number;
}

/** A Secret that is followed, made and changed by its name alone. */
export interface SecretFollower {
  current(): FollowedSecret;
  onChange(listener: () => void): () => void;
  /**
   * Makes the Secret (type kubernetes.io/tls), or replaces entries of the version that was found; what else the object holds
   * stays. `lost`: it has changed, gone or come meanwhile.
   * @throws PullguardError `ClusterUnavailable` with codes and names only
   */
  write(
    before: Exclude<FollowedSecret, { kind: "unknown" }>,
    values: SecretValues,
    signal: AbortSignal,
  ): Promise<"written" | "lost">;
  stop(): void;
}

interface WatchedSecret extends PrunedObject {
  readonly values: SecretValues;
}

const writeMs = 10_000;

/** Follows one Secret with list and watch; takes rights on that name alone. */
export function followSecret(deps: SecretFollowerDeps): SecretFollower {
  const { access, clock, namespace, name } = deps;
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  let reason = "the Secret has not been read yet";
  const watch = watchObjects<WatchedSecret>({
    access,
    clock,
    resource: {
      plural: "secrets",
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`,
      fieldSelector: `metadata.name=${name}`,
      page: (query, options) => access.core.listNamespacedSecret({ namespace, ...query }, options),
      prune: watchedSecret,
    },
    ...(deps.random === undefined ? {} : { random: deps.random }),
    onObject: tell,
    onEvent: (event) => {
      if (event.kind === "fault") reason = event.reason;
      deps.onEvent?.(event);
      tell();
    },
  });
  return {
    current: () => {
      const found = watch.get(name, namespace);
      if (found !== undefined) return { kind: "found", values: found.values, token: found.metadata.resourceVersion };
      return watch.hasSynced() ? { kind: "absent" } : { kind: "unknown", reason };
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    write: (before, values, signal) => {
      const work = (own: AbortSignal) =>
        before.kind === "absent"
          ? createSecret(deps, values, own)
          : replaceEntries(deps, textOf(before.token), values, own);
      const verb = before.kind === "absent" ? "create" : "update";
      return withPatience(clock, writeMs, work, signal).catch(asFault(access.server, verb, `secrets in ${namespace}`));
    },
    stop: watch.stop,
  };
}

function watchedSecret(object: unknown): WatchedSecret {
  const entries = Object.entries(textMapOf(memberOf(object, "data"))).map(([key, value]) => {
    return [key, Buffer.from(value, "base64").toString("utf8")];
  });
  return {
    metadata: { namespace: textOf(memberOf(object, "metadata", "namespace")), ...prunedMetadata(object) },
    values: new Redacted(Object.fromEntries(entries)),
  };
}

async function createSecret(
  { access, namespace, name }: SecretFollowerDeps,
  values: SecretValues,
  signal: AbortSignal,
): Promise<"written" | "lost"> {
  const labels = { "app.kubernetes.io/name": "pullguard", "app.kubernetes.io/managed-by": "pullguard" };
  const body: V1Secret = {
    ...{ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls" },
    metadata: { namespace, name, labels },
    data: encoded(values),
  };
  return await access.core
    .createNamespacedSecret({ namespace, body }, withSignal(signal))
    .then(() => "written" as const, lostOn([409]));
}

async function replaceEntries(
  { access, namespace, name }: SecretFollowerDeps,
  version: string,
  values: SecretValues,
  signal: AbortSignal,
): Promise<"written" | "lost"> {
  // Labels and the like are not kept in memory; whoever has changed the Secret since has changed its version.
  const now = await access.core.readNamespacedSecret({ namespace, name }, withSignal(signal)).catch(lostOn([404]));
  if (now === "lost" || now.metadata?.resourceVersion !== version) return "lost";
  const body: V1Secret = { ...now, data: { ...now.data, ...encoded(values) } };
  return await access.core
    .replaceNamespacedSecret({ namespace, name, body }, withSignal(signal))
    .then(() => "written" as const, lostOn([404, 409]));
}

function encoded(values: SecretValues): Record<string, string> {
  const entries = Object.entries(values.reveal());
  return Object.fromEntries(entries.map(([key, text]) => [key, Buffer.from(text).toString("base64")]));
}

/** Takes what was rejected with one of the codes for a race that somebody else has won. */
export function lostOn(codes: readonly number[]): (error: unknown) => "lost" {
  return (error) => {
    if (error instanceof ApiException && codes.includes(error.code)) return "lost";
    throw error;
  };
}

/** Rethrows as PullguardError `ClusterUnavailable`, which holds codes and names only. */
export function asFault(server: string, verb: string, what: string): (error: unknown) => never {
  return (error) => {
    const refused = error instanceof ApiException && error.code === 422 ? " (422: the object is not valid)" : "";
    const { reason } = faultOf(error, server, what, verb);
    throw new PullguardError("ClusterUnavailable", refused === "" ? reason : `${verb} ${what} was refused${refused}`);
  };
}
