import { AdmissionregistrationV1Api, PatchStrategy } from "@kubernetes/client-node";
import { type Clock, entriesOf, memberOf, textOf } from "../core/index.js";
import { withSignal } from "./abortable.js";
import { asFault, lostOn } from "./certificate-secret.js";
import type { ClusterAccess } from "./kubeconfig.js";
import { type ObjectWatch, type WatchEvent, watchObjects } from "./object-watch.js";
import { withPatience } from "./patience.js";
import { type PrunedObject, prunedMetadata, type Resource } from "./resource.js";

/** A webhook configuration, and the CAs that each of its webhooks is called with. */
export interface WebhookBundles {
  /** `ValidatingWebhookConfiguration pullguard`. */
  readonly name: string;
  /** PEM as it is, "" where there is none. */
  readonly bundles: readonly string[];
  readonly token: unknown;
}

export interface BundleFollowerDeps {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** Of the configurations, validating and mutating alike. */
  readonly name: string;
  readonly onEvent?: (kind: ConfigurationKind, event: WatchEvent) => void;
  readonly random?: () => number;
}

/** The configurations of one name, which are followed; either may not be there. */
export interface BundleFollower {
  /** A text says why they are not known. */
  current(): readonly WebhookBundles[] | string;
  onChange(listener: () => void): () => void;
  /**
   * Makes `pem` the caBundle of every webhook of a configuration; nothing else of it is touched. `lost`: its webhooks are not
   * those that were seen.
   * @throws PullguardError `ClusterUnavailable` with codes and names only
   */
  write(holder: WebhookBundles, pem: string, signal: AbortSignal): Promise<"written" | "lost">;
  stop(): void;
}

/** The two kinds of webhook configurations. */
export type ConfigurationKind = "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration";

interface WatchedConfiguration extends PrunedObject {
  readonly webhooks: readonly { readonly name: string; readonly bundle: string; readonly hasBundle: boolean }[];
}

const kinds: readonly ConfigurationKind[] = ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"];
const writeMs = 10_000;
/** Shows up in `managedFields` as the owner of caBundle. */
const fieldManager = "pullguard-certificates";

/** Follows the webhook configurations of one name with list and watch; takes rights on that name alone. */
export function followWebhookBundles(deps: BundleFollowerDeps): BundleFollower {
  const { access, clock, name } = deps;
  const api = access.config.makeApiClient(AdmissionregistrationV1Api);
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  const watches = new Map<ConfigurationKind, ObjectWatch<WatchedConfiguration>>();
  for (const kind of kinds) {
    const watch = watchObjects({
      access,
      clock,
      resource: configurations(api, kind, name),
      ...(deps.random === undefined ? {} : { random: deps.random }),
      onObject: tell,
      onEvent: (event) => {
        deps.onEvent?.(kind, event);
        tell();
      },
    });
    watches.set(kind, watch);
  }
  return {
    current: () => {
      const found: WebhookBundles[] = [];
      for (const [kind, watch] of watches) {
        // What may not be seen cannot be waited for; the other kind is to work all the same.
        const reason = watch.hasSynced() ? undefined : watch.notReady();
        if (reason !== undefined) return `${kind}: ${reason}`;
        const configuration = watch.get(name);
        if (configuration !== undefined) found.push(holderOf(kind, configuration));
      }
      return found;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    write: (holder, pem, signal) => {
      const { kind, configuration } = holder.token as Token;
      const body = patchOf(configuration, Buffer.from(pem).toString("base64"));
      const work = (own: AbortSignal) => {
        const options = withSignal(own, { "Content-Type": PatchStrategy.JsonPatch });
        const order = { name, body, fieldManager };
        return kind === "ValidatingWebhookConfiguration"
          ? api.patchValidatingWebhookConfiguration(order, options)
          : api.patchMutatingWebhookConfiguration(order, options);
      };
      return (
        withPatience(clock, writeMs, work, signal)
          // 422: a test of the patch failed, for the webhooks are others now.
          .then(() => "written" as const, lostOn([404, 409, 422]))
          .catch(asFault(access.server, "patch", `${kind} ${name}`))
      );
    },
    stop: () => {
      for (const watch of watches.values()) watch.stop();
    },
  };
}

interface Token {
  readonly kind: ConfigurationKind;
  readonly configuration: WatchedConfiguration;
}

function holderOf(kind: ConfigurationKind, configuration: WatchedConfiguration): WebhookBundles {
  const token: Token = { kind, configuration };
  const bundles = configuration.webhooks.map(({ bundle }) => bundle);
  return { name: `${kind} ${configuration.metadata.name}`, bundles, token };
}

/** Only the bundles that differ, and only of webhooks that are where they were seen. */
function patchOf({ webhooks }: WatchedConfiguration, bundle: string) {
  return webhooks.flatMap((webhook, index) => {
    if (webhook.hasBundle && Buffer.from(webhook.bundle).toString("base64") === bundle) return [];
    return [
      { op: "test", path: `/webhooks/${index}/name`, value: webhook.name },
      { op: "add", path: `/webhooks/${index}/clientConfig/caBundle`, value: bundle },
    ];
  });
}

function configurations(
  api: AdmissionregistrationV1Api,
  kind: ConfigurationKind,
  name: string,
): Resource<WatchedConfiguration> {
  const plural = `${kind.toLowerCase()}s`;
  return {
    plural: `${plural}.admissionregistration.k8s.io`,
    path: `/apis/admissionregistration.k8s.io/v1/${plural}`,
    fieldSelector: `metadata.name=${name}`,
    page: (query, options) =>
      kind === "ValidatingWebhookConfiguration"
        ? api.listValidatingWebhookConfiguration(query, options)
        : api.listMutatingWebhookConfiguration(query, options),
    prune: (object) => ({
      metadata: prunedMetadata(object),
      webhooks: entriesOf(memberOf(object, "webhooks")).map((webhook) => {
        const bundle = textOf(memberOf(webhook, "clientConfig", "caBundle"));
        return {
          name: textOf(memberOf(webhook, "name")),
          bundle: Buffer.from(bundle, "base64").toString("utf8"),
          hasBundle: bundle !== "",
        };
      }),
    }),
  };
}
