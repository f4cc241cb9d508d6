import { ApiException, CoordinationV1Api, CustomObjectsApi, PatchStrategy } from "@kubernetes/client-node";
import type { AgentNode, ProfilePublisher } from "../agent/index.js";
import { type Clock, entriesOf, memberOf, PullguardError, textOf } from "../core/index.js";
import { normalisePlatform } from "../oci/index.js";
import { agentName, managedByLabel } from "../placement/index.js";
import { withSignal } from "./abortable.js";
import type { ClusterAccess } from "./kubeconfig.js";
import { orAbsent, profileStore, profileTarget as target } from "./profile-store.js";
import { tidyProfiles } from "./tidy-profiles.js";
import { profileAnnotation } from "./watched-lease.js";
import { profilePlural } from "./watched-profile.js";

export interface PublisherDeps {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** Namespace of the agents' Leases. */
  readonly namespace: string;
  /** From 0 to 1; Math.random unless told otherwise. */
  readonly random?: () => number;
}

/** Objects whose content does not matter are asked for without it. */
const metadataOnly = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/**
 * Publishes to a cluster. One object is shared by many agents: its spec is applied by all alike, and each adds and takes away its own
 * node alone. A field manager for each node would let the object outgrow what the API server stores.
 */
export function clusterPublisher(deps: PublisherDeps): ProfilePublisher {
  const { access, clock, namespace } = deps;
  const custom = access.config.makeApiClient(CustomObjectsApi);
  const coordination = access.config.makeApiClient(CoordinationV1Api);
  const store = profileStore(custom);
  const generations = new Map<string, string>();
  return {
    node: (name, signal) =>
      asked("get nodes", async () => readNode(await access.core.readNode({ name }, withSignal(signal)))),
    publish: (profile, node, signal) =>
      asked(`publish ${profilePlural}`, async () => {
        generations.set(profile.name, stateOf(await store.apply(profile, signal)));
        if (await store.join(profile, node.name, signal)) return;
        throw new PullguardError("ClusterUnavailable", `${profilePlural} ${profile.name} changes all the time`);
      }),
    isIntact: ({ name }, signal) =>
      asked(`get ${profilePlural}`, async () => {
        const options = withSignal(signal, { Accept: metadataOnly });
        const found = await orAbsent(custom.getClusterCustomObject({ ...target, name }, options));
        return found !== undefined && stateOf(found) === generations.get(name);
      }),
    leave: (profile, node, signal) =>
      asked(`change ${profilePlural}`, async () => {
        if (await store.drop(profile, node.name, signal)) return;
        throw new PullguardError("ClusterUnavailable", `${profilePlural} ${profile} changes all the time`);
      }),
    confirm: (profile, node, validSeconds, signal) =>
      asked("renew leases", async () => {
        const body = leaseOf(profile, node, namespace, validSeconds, clock.nowMs());
        const apply = { fieldManager: agentName, force: true };
        const options = withSignal(signal, { "Content-Type": PatchStrategy.ServerSideApply });
        await coordination.patchNamespacedLease({ name: node.name, namespace, body, ...apply }, options);
      }),
    confirmed: (node, signal) =>
      asked("get leases", async () => {
        const lease = await orAbsent(
          coordination.readNamespacedLease({ name: node.name, namespace }, withSignal(signal)),
        );
        return textOf(memberOf(lease, "metadata", "annotations", profileAnnotation)) || undefined;
      }),
    tidy: (signal) =>
      asked(`tidy ${profilePlural}`, async () => {
        const options = withSignal(signal, { Accept: metadataOnly.replace("Metadata;", "MetadataList;") });
        const labelSelector = `${managedByLabel}=${agentName}`;
        const list = await custom.listClusterCustomObject({ ...target, labelSelector }, options);
        const names = entriesOf(memberOf(list, "items")).map((item) => textOf(memberOf(item, "metadata", "name")));
        const isGone = async (name: string): Promise<boolean> =>
          (await orAbsent(access.core.readNode({ name }, withSignal(signal)))) === undefined;
        await tidyProfiles({ store, isGone, clock, random: deps.random ?? Math.random }, names, signal);
      }),
  };
}

function leaseOf(profile: string, node: AgentNode, namespace: string, validSeconds: number, nowMs: number) {
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      name: node.name,
      namespace,
      labels: { [managedByLabel]: agentName },
      annotations: { [profileAnnotation]: profile },
      // It goes with its node.
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name: node.name, uid: node.uid }],
    },
    // A micro time has six decimals, of which JavaScript has three.
    spec: {
      holderIdentity: node.name,
      leaseDurationSeconds: validSeconds,
      renewTime: `${new Date(nowMs).toISOString().slice(0, -1)}000Z`,
    },
  };
}

function readNode(object: unknown): AgentNode {
  const info = (name: string): string => textOf(memberOf(object, "status", "nodeInfo", name));
  return {
    name: textOf(memberOf(object, "metadata", "name")),
    uid: textOf(memberOf(object, "metadata", "uid")),
    runtime: info("containerRuntimeVersion"),
    platform: normalisePlatform({ os: info("operatingSystem"), architecture: info("architecture") }),
    kubeletVersion: info("kubeletVersion").replace(/^v/, ""),
  };
}

/** A profile's identity and the version of its spec. */
function stateOf(object: unknown): string {
  return `${textOf(memberOf(object, "metadata", "uid"))}/${String(memberOf(object, "metadata", "generation"))}`;
}

/** Turns what client-node throws into one error that names the right and holds no body. */
async function asked<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof PullguardError) throw error;
    if (error instanceof ApiException) {
      const reason = textOf(memberOf(bodyOf(error), "message")).slice(0, 300);
      const told = reason === "" ? "" : `: ${reason}`;
      throw new PullguardError("ClusterUnavailable", `the API server answered ${error.code} to ${what}${told}`);
    }
    const code = memberOf(error, "code");
    const told = typeof code === "string" ? ` (${code})` : "";
    throw new PullguardError("ClusterUnavailable", `the API server cannot be asked to ${what}${told}`);
  }
}

function bodyOf({ body }: ApiException<unknown>): unknown {
  try {
    return typeof body === "string" ? JSON.parse(body) : body;
  } catch {
    return undefined;
  }
}
