import { randomBytes } from "node:crypto";
import { lookup } from "node:dns";
import { type Check, type CheckDeps, type CheckObserver, createCheck } from "../check/index.js";
import type { GivenNodeCredentials, NodeView, VerificationSetup } from "../cli/index.js";
import type { Clock } from "../core/index.js";
import { type Keyring, nodeFileKeyring, type PullSecretEntry, type SecretSource } from "../credentials/index.js";
import { candidateProfiles, fixedNodes, type NodeCredentials, type NodeProfile, parseRuntime } from "../node/index.js";
import { parsePlatform } from "../oci/index.js";
import { createLayerMemory, createPredictor, createThroughputMeter, type Predictor } from "../prediction/index.js";
import {
  type AddressRules,
  createAddressGuard,
  createRateLimits,
  createRegistryClient,
  type ObservedRequest,
  type RegistryClient,
  type SeenRateLimit,
} from "../registry/index.js";
import {
  createBackgroundVerifier,
  createLayerVerifier,
  createRateLimit,
  createVerifyingPredictor,
  type LayerVerdict,
} from "../verification/index.js";
import { usualAddressRules } from "./usual-address-rules.js";

/** What the command line and the webhook give to have a check built. */
export interface AssemblyOrder {
  readonly clock: Clock;
  readonly version: string;
  readonly secrets: SecretSource;
  readonly missingSecretsMayAppear: boolean;
  readonly node: NodeView;
  readonly injectServiceAccount: "templates" | "always";
  /** `skip`: what manifests list is not looked at. `check` where absent. */
  readonly layers?: "check" | "skip";
  /** Present: every layer is read before the answer. */
  readonly verification?: VerificationSetup;
  /** Present: layers are read after the answer, for the next one. */
  readonly backgroundVerification?: { onResult(result: LayerVerdict["kind"] | "dropped"): void };
  /** Which addresses may be dialled, asked for each connection; all but link-local ones where absent. */
  readonly addressRules?: () => AddressRules;
  /** How long a registry may go on answering after everybody who asked has left, in milliseconds. */
  readonly lingerMs: number;
  /** Told of every image that can be pulled. */
  readonly onPulled?: CheckDeps["onPulled"];
  readonly observer?: CheckObserver & {
    onRateLimit(seen: SeenRateLimit): void;
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
  const profiles = nodeProfiles(order.node, identityKey, clock);
  const rateLimits = createRateLimits(clock);
  const throughput = createThroughputMeter(clock);
  const layers = createLayerMemory(maxCachedOutcomes);
  const client = createRegistryClient({
    clock,
    // A seen node's hosts bring its roots along.
    systemCaPems: undefined,
    identityKey: identityKey.toString("hex"),
    guard: createAddressGuard(order.addressRules ?? usualAddressRules(), lookup),
    userAgent: `pullguard/${order.version}`,
    onRateLimit: (seen) => {
      rateLimits.note(seen);
      observer?.onRateLimit(seen);
    },
    onTransfer: (transfer) => throughput.note({ ...transfer, source: "own" }),
    ...(observer === undefined ? {} : { observer }),
  });
  const prediction = createPredictor({
    client,
    rateLimits,
    clock,
    maxCachedOutcomes,
    lingerMs: order.lingerMs,
    ...(order.layers === undefined ? {} : { layers: order.layers }),
    ...(observer === undefined ? {} : { onCache: (result) => observer.onCache(result) }),
  });
  const { predictor, stop } = withWholeLayers(order, prediction, client);
  const check = createCheck({
    clock,
    nodes: fixedNodes(profiles, order.node.listed),
    predictor,
    secrets: order.secrets,
    keyring: { identityKey },
    missingSecretsMayAppear: order.missingSecretsMayAppear,
    injectServiceAccount: order.injectServiceAccount,
    knowledge: { throughput, layers, rateLimits },
    ...(order.onPulled === undefined ? {} : { onPulled: order.onPulled }),
    ...(observer === undefined ? {} : { observer }),
  });
  const close = (): Promise<void> => {
    stop();
    return client.close();
  };
  return { check, close };
}

/** Layers that are remembered, some hundred bytes each. */
const maxRememberedLayers = 50_000;
/** The webhook reads layers beside its work, and gives up what would occupy it for too long. */
const background = { maxQueued: 500, atATime: 2, layerTimeoutMs: 15 * 60_000 } as const;

interface WholeLayers {
  readonly predictor: Predictor;
  stop(): void;
}

/** The predictor with whole layers read before or after its answers, where that is wanted. */
function withWholeLayers(order: AssemblyOrder, predictor: Predictor, client: RegistryClient): WholeLayers {
  const { clock, verification, backgroundVerification } = order;
  const stop = (): void => undefined;
  if (verification === undefined && backgroundVerification === undefined) return { predictor, stop };
  const verifier = createLayerVerifier({
    clock,
    rate: createRateLimit(clock, verification?.bytesPerSecond ?? 0),
    maxRemembered: maxRememberedLayers,
    ...(verification?.observer === undefined ? {} : { observer: verification.observer }),
  });
  if (backgroundVerification === undefined) {
    return { predictor: createVerifyingPredictor({ predictor, client, verifier }), stop };
  }
  const onResult = (result: LayerVerdict["kind"] | "dropped"): void => backgroundVerification.onResult(result);
  return createBackgroundVerifier({ predictor, client, verifier, clock, ...background, onResult });
}

function nodeProfiles(view: NodeView, identityKey: Uint8Array, clock: Clock): readonly NodeProfile[] {
  const profiles = candidateProfiles({
    ...(view.runtime === undefined ? {} : { runtime: parseRuntime(view.runtime) }),
    ...(view.platform === undefined ? {} : { platform: parsePlatform(view.platform) }),
    ...(view.root === undefined
      ? {}
      : { node: { name: `node in ${view.root.path}`, files: view.root.files, identityKey, clock } }),
  });
  const { kubelet } = view;
  return withCredentials(
    kubelet === undefined
      ? profiles
      : profiles.map((profile) => ({ ...profile, kubelet: { ...profile.kubelet, ...kubelet } })),
    view,
    identityKey,
  );
}

function withCredentials(
  profiles: readonly NodeProfile[],
  view: NodeView,
  identityKey: Uint8Array,
): readonly NodeProfile[] {
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
