import { randomBytes } from "node:crypto";
import { type Check, type CheckObserver, createCheck } from "../check/index.js";
import type { NodeView } from "../cli/index.js";
import type { Clock } from "../core/index.js";
import type { SecretSource } from "../credentials/index.js";
import { fixedNodes, type NodeSource, systemCaPems } from "../node/index.js";
import { coverNodes, type ProfileMaker, placeOn } from "../placement/index.js";
import { createPredictor } from "../prediction/index.js";
import { createRegistryClient, type ObservedRequest } from "../registry/index.js";
import { profileMaker } from "./node-profiles.js";

/** What the command line and the webhook give to have a check built. */
export interface AssemblyOrder {
  readonly clock: Clock;
  readonly version: string;
  readonly secrets: SecretSource;
  readonly missingSecretsMayAppear: boolean;
  readonly node: NodeView;
  /** Follows the nodes of a cluster; absent: they are what `node` says. */
  readonly openNodes?: (profiles: ProfileMaker) => NodeSource;
  readonly injectServiceAccount: "templates" | "always";
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
  const profiles = profileMaker(order.node, identityKey);
  const client = createRegistryClient({
    clock,
    systemCaPems: order.node.root === undefined ? undefined : systemCaPems(order.node.root.files),
    identityKey: identityKey.toString("hex"),
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
    nodes: order.openNodes?.(profiles) ?? givenNodes(order.node, profiles),
    predictor,
    secrets: order.secrets,
    keyring: { identityKey },
    missingSecretsMayAppear: order.missingSecretsMayAppear,
    injectServiceAccount: order.injectServiceAccount,
    ...(observer === undefined ? {} : { observer }),
  });
  return { check, close: () => client.close() };
}

/** Without a cluster every profile that was given stands for nodes that may be there. */
function givenNodes({ profiles = [] }: NodeView, { otherwise, publishedFor, unseenFor }: ProfileMaker): NodeSource {
  if (profiles.length === 0) return fixedNodes(otherwise);
  const written = profiles.map((profile) => ({ ...profile, isHandWritten: true }));
  const pools = coverNodes([], written, new Map(), {
    nowMs: 0,
    unseenFor,
    profileFor: (published, programs) => publishedFor(published, programs, undefined),
  });
  return placeOn(pools, otherwise);
}
