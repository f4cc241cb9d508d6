import { randomBytes } from "node:crypto";
import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { type Check, type CheckDeps, type CheckGate, type CheckObserver, createCheck } from "../check/index.js";
import type { NodeView, VerificationSetup } from "../cli/index.js";
import { type CacheRegister, type Clock, steadyClock } from "../core/index.js";
import type { SecretSource } from "../credentials/index.js";
import { fixedNodes, type NodeSource } from "../node/index.js";
import { coverNodes, type ProfileMaker, placeOn } from "../placement/index.js";
import {
  createLayerMemory,
  createPredictor,
  createThroughputMeter,
  type LayerMemory,
  type Predictor,
  type PullDurations,
  type PullQueue,
  pullDurations,
  type ThroughputMeter,
} from "../prediction/index.js";
import {
  type AddressRules,
  createAddressGuard,
  createRateLimits,
  createRegistryClient,
  type HeldBack,
  type ObservedRequest,
  type RegistryClient,
  type RegistryLimits,
  type SeenRateLimit,
} from "../registry/index.js";
import {
  createBackgroundVerifier,
  createLayerVerifier,
  createRateLimit,
  createVerifyingPredictor,
  type LayerVerdict,
  type LayerVerifier,
} from "../verification/index.js";
import { profileMaker } from "./node-profiles.js";
import { usualAddressRules } from "./usual-address-rules.js";

/** What is learnt from pulls of nodes, and what is known of images. */
export interface PullMemory {
  readonly durations: PullDurations;
  readonly layers: Pick<LayerMemory, "sizeOf">;
}

/** What the command line and the webhook give to have a check built. */
export interface AssemblyOrder {
  /** Under which identities are hashed; assemblies that share nodes share it. One of its own where absent. */
  readonly identityKey?: Uint8Array;
  readonly clock: Clock;
  readonly version: string;
  readonly secrets: SecretSource;
  readonly missingSecretsMayAppear: boolean;
  readonly node: NodeView;
  /** Follows the nodes of a cluster; absent: they are what `node` says. */
  readonly openNodes?: (profiles: ProfileMaker) => NodeSource;
  /** Follows what nodes are pulling, once the nodes are opened; absent: that is not known. */
  readonly openPulls?: (memory: PullMemory) => PullQueue;
  readonly injectServiceAccount: "templates" | "always";
  /** `skip`: what manifests list is not looked at. `check` where absent. */
  readonly layers?: "check" | "skip";
  /** Present: every layer is read before the answer. */
  readonly verification?: VerificationSetup;
  /** Present: layers are read after the answer, for the next one. */
  readonly backgroundVerification?: { onResult(result: LayerVerdict["kind"] | "dropped"): void };
  /** Which addresses may be dialled, asked for each connection; all but link-local ones where absent. */
  readonly addressRules?: () => AddressRules;
  /** How names of registries become addresses; by the machine's resolver where absent. */
  readonly lookup?: LookupFunction;
  /** How much is asked of one registry, and when it is left alone; absent: whatever is wanted is asked. */
  readonly limits?: RegistryLimits;
  /** Bounds what asks registries at a time; absent: nothing does. */
  readonly gate?: CheckGate;
  /** Memory for what is remembered of images; 64 MiB where absent. */
  readonly cacheBytes?: number;
  /** Where it is told how much is remembered. */
  readonly caches?: CacheRegister;
  /** How long a registry may go on answering after everybody who asked has left, in milliseconds. */
  readonly lingerMs: number;
  /** Puts something around what the check is made of, to follow its work. */
  readonly wrapped?: {
    secrets(source: SecretSource): SecretSource;
    predictor(predictor: Predictor): Predictor;
    verifier(verifier: LayerVerifier): LayerVerifier;
  };
  /** Told of every image that can be pulled. */
  readonly onPulled?: CheckDeps["onPulled"];
  readonly observer?: CheckObserver & {
    onRateLimit(seen: SeenRateLimit): void;
    onRequest(request: ObservedRequest): void;
    onHeldBack?(registry: string, kind: HeldBack["kind"]): void;
    onCache(result: "hit" | "miss" | "shared"): void;
  };
}

/** A check with everything that it holds on to. */
export interface Assembly {
  readonly check: Check;
  /** The nodes that it checks for. */
  readonly nodes: NodeSource;
  /** How registries fare; empty without limits. */
  readonly registryHealth: RegistryClient["health"];
  close(): Promise<void>;
}

const usualCacheBytes = 64 * 1024 * 1024;
/** Of the memory for what is known of images: what nodes have of them, for advice; the rest is the predictor's. */
const layersShare = 1 / 8;

/**
 * Builds a check and the long-lived objects below it; dials nothing.
 * @throws PullguardError `InputInvalid` for a runtime or platform that is none
 */
export function assembleCheck(order: AssemblyOrder): Assembly {
  const { observer } = order;
  // Nothing below compares dates: all of it asks how long something has lasted.
  const clock = steadyClock(order.clock);
  // One key for the whole process: identities made by node profiles and by Secrets must be comparable.
  const identityKey = order.identityKey ?? randomBytes(32);
  const rateLimits = createRateLimits(clock);
  const throughput = createThroughputMeter(clock);
  const { cacheBytes = usualCacheBytes } = order;
  const layers = createLayerMemory(cacheBytes * layersShare, order.caches);
  const profiles = profileMaker(order.node, identityKey, clock);
  const client = createRegistryClient({
    clock,
    // A seen node's hosts bring its roots along.
    systemCaPems: undefined,
    identityKey: identityKey.toString("hex"),
    guard: createAddressGuard(order.addressRules ?? usualAddressRules(), order.lookup ?? lookup),
    userAgent: `pullguard/${order.version}`,
    onRateLimit: (seen) => {
      rateLimits.note(seen);
      observer?.onRateLimit(seen);
    },
    ...(order.caches === undefined ? {} : { caches: order.caches }),
    onTransfer: (transfer) => throughput.note({ ...transfer, source: "own" }),
    ...(order.limits === undefined ? {} : { limits: order.limits }),
    ...(observer === undefined ? {} : { observer }),
  });
  const plain = createPredictor({
    client,
    rateLimits,
    clock,
    cacheBytes: cacheBytes * (1 - layersShare),
    lingerMs: order.lingerMs,
    ...(order.caches === undefined ? {} : { caches: order.caches }),
    ...(order.layers === undefined ? {} : { layers: order.layers }),
    ...(observer === undefined ? {} : { onCache: (result) => observer.onCache(result) }),
  });
  const prediction = order.wrapped?.predictor(plain) ?? plain;
  const { predictor, stop } = withWholeLayers(order, prediction, client);
  const nodes = order.openNodes?.(profiles) ?? givenNodes(order.node, profiles);
  const check = createCheck({
    clock,
    nodes,
    predictor,
    secrets: order.wrapped?.secrets(order.secrets) ?? order.secrets,
    keyring: { identityKey },
    missingSecretsMayAppear: order.missingSecretsMayAppear,
    injectServiceAccount: order.injectServiceAccount,
    knowledge: { throughput, layers, rateLimits, ...openQueue(order, throughput, layers) },
    ...(order.gate === undefined ? {} : { gate: order.gate }),
    ...(order.onPulled === undefined ? {} : { onPulled: order.onPulled }),
    ...(observer === undefined ? {} : { observer }),
  });
  const close = (): Promise<void> => {
    stop();
    return client.close();
  };
  return { check, nodes, registryHealth: () => client.health(), close };
}

/** Called when the nodes are open, which the queue asks. */
function openQueue(
  { openPulls }: AssemblyOrder,
  throughput: ThroughputMeter,
  layers: LayerMemory,
): { readonly queue?: PullQueue } {
  return openPulls === undefined ? {} : { queue: openPulls({ durations: pullDurations(throughput), layers }) };
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
  const { verification, backgroundVerification } = order;
  const clock = steadyClock(order.clock);
  const stop = (): void => undefined;
  if (verification === undefined && backgroundVerification === undefined) return { predictor, stop };
  const plain = createLayerVerifier({
    clock,
    rate: createRateLimit(clock, verification?.bytesPerSecond ?? 0),
    maxRemembered: maxRememberedLayers,
    ...(verification?.observer === undefined ? {} : { observer: verification.observer }),
  });
  const verifier = order.wrapped?.verifier(plain) ?? plain;
  if (backgroundVerification === undefined) {
    return { predictor: createVerifyingPredictor({ predictor, client, verifier }), stop };
  }
  const onResult = (result: LayerVerdict["kind"] | "dropped"): void => backgroundVerification.onResult(result);
  return createBackgroundVerifier({ predictor, client, verifier, clock, ...background, onResult });
}

/** Without a cluster every profile that was given stands for nodes that may be there. */
function givenNodes(
  { profiles = [], listed }: NodeView,
  { otherwise, publishedFor, unseenFor }: ProfileMaker,
): NodeSource {
  if (profiles.length === 0) return fixedNodes(otherwise, listed);
  const written = profiles.map((profile) => ({ ...profile, isHandWritten: true }));
  const pools = coverNodes([], written, new Map(), {
    nowMs: 0,
    unseenFor,
    profileFor: (published, programs) => publishedFor(published, programs, undefined),
  });
  return placeOn(pools, otherwise);
}
