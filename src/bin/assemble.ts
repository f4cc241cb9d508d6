import { randomBytes } from "node:crypto";
import { lookup } from "node:dns";
import { type Check, type CheckObserver, createCheck } from "../check/index.js";
import type { GivenNodeCredentials, NodeView } from "../cli/index.js";
import type { Clock } from "../core/index.js";
import { type Keyring, nodeFileKeyring, type PullSecretEntry, type SecretSource } from "../credentials/index.js";
import {
  candidateProfiles,
  fixedNodes,
  type NodeCredentials,
  type NodeProfile,
  parseRuntime,
  systemCaPems,
} from "../node/index.js";
import { parsePlatform } from "../oci/index.js";
import { createPredictor } from "../prediction/index.js";
import {
  type AddressRules,
  createAddressGuard,
  createRegistryClient,
  type ObservedRequest,
} from "../registry/index.js";
import { usualAddressRules } from "./usual-address-rules.js";

/** What the command line and the webhook give to have a check built. */
export interface AssemblyOrder {
  readonly clock: Clock;
  readonly version: string;
  readonly secrets: SecretSource;
  readonly missingSecretsMayAppear: boolean;
  readonly node: NodeView;
  readonly injectServiceAccount: "templates" | "always";
  /** Which addresses may be dialled, asked for each connection; all but link-local ones where absent. */
  readonly addressRules?: () => AddressRules;
  /** How long a registry may go on answering after everybody who asked has left, in milliseconds. */
  readonly lingerMs: number;
  readonly observer?: CheckObserver & {
    onRequest(request: ObservedRequest): void;
    onCache(result: "hit" | "miss" | "shared"): void;
  };
}

/** A check with everything that it holds on to. */
export interface Assembly {
  readonly check: Check;
  close(): Promise<void>;
}

const maxCachedOutcomes = 10_000;

/**
 * Builds a check and the long-lived objects below it; dials nothing.
 * @throws PullguardError `InputInvalid` for a runtime or platform that is none
 */
export function assembleCheck(order: AssemblyOrder): Assembly {
  const { clock, observer } = order;
  // One key for the whole process: identities made by node profiles and by Secrets must be comparable.
  const identityKey = randomBytes(32);
  const profiles = nodeProfiles(order.node, identityKey);
  const client = createRegistryClient({
    clock,
    systemCaPems: order.node.root === undefined ? undefined : systemCaPems(order.node.root.files),
    identityKey: identityKey.toString("hex"),
    guard: createAddressGuard(order.addressRules ?? usualAddressRules(), lookup),
    userAgent: `pullguard/${order.version}`,
    ...(observer === undefined ? {} : { observer }),
  });
  const predictor = createPredictor({
    client,
    clock,
    maxCachedOutcomes,
    lingerMs: order.lingerMs,
    ...(observer === undefined ? {} : { onCache: (result) => observer.onCache(result) }),
  });
  const check = createCheck({
    clock,
    nodes: fixedNodes(profiles),
    predictor,
    secrets: order.secrets,
    keyring: { identityKey },
    missingSecretsMayAppear: order.missingSecretsMayAppear,
    injectServiceAccount: order.injectServiceAccount,
    ...(observer === undefined ? {} : { observer }),
  });
  return { check, close: () => client.close() };
}

function nodeProfiles(view: NodeView, identityKey: Uint8Array): readonly NodeProfile[] {
  const profiles = candidateProfiles({
    ...(view.runtime === undefined ? {} : { runtime: parseRuntime(view.runtime) }),
    ...(view.platform === undefined ? {} : { platform: parsePlatform(view.platform) }),
    ...(view.root === undefined
      ? {}
      : { node: { name: `node in ${view.root.path}`, files: view.root.files, identityKey } }),
  });
  if (view.credentials === "unknown") return profiles;
  if (view.credentials !== "none") {
    const file = view.credentials;
    const given = givenLookup(file, identityKey);
    return profiles.map((profile) => ({ ...profile, credentials: withGiven(profile.credentials, file, given) }));
  }
  // What a node's own files say is surer than what a person says of nodes in general.
  const none = { kind: "known", lookup: () => [], files: [] } as const;
  return profiles.map((profile) =>
    profile.credentials.kind === "known" ? profile : { ...profile, credentials: none },
  );
}

type NodeLookup = Extract<NodeCredentials, { kind: "known" }>["lookup"];

/** Looks into a given file, whose entries may be others the next time. */
function givenLookup(given: GivenNodeCredentials, identityKey: Uint8Array): NodeLookup {
  let entries: readonly PullSecretEntry[] | undefined;
  let keyring: Keyring | undefined;
  return (repository) => {
    const current = given.entries();
    if (keyring === undefined || current !== entries) {
      entries = current;
      keyring = nodeFileKeyring(given.path, current, { identityKey });
    }
    return keyring.lookup(repository);
  };
}

/**
 * The node's own files, where they were seen, then the given one, as the kubelet tries what its files hold before what
 * credential providers give (1.36; older ones mix both by key). With the given one nothing is left to find out.
 */
function withGiven(own: NodeCredentials, { path }: GivenNodeCredentials, given: NodeLookup): NodeCredentials {
  if (own.kind === "unknown") return { kind: "known", lookup: given, files: [path] };
  const lookup: NodeLookup = (repository) => [...own.lookup(repository), ...given(repository)];
  return { kind: "known", lookup, files: [...own.files, path] };
}
