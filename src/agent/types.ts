import type { NodeTree, ProfileSpec } from "../node/index.js";
import type { Platform } from "../oci/index.js";

/** What the API server says of the agent's own node. */
export interface AgentNode {
  readonly name: string;
  readonly uid: string;
  /** `containerd://1.7.13`. */
  readonly runtime: string;
  readonly platform: Platform;
  /** `1.29.3`. */
  readonly kubeletVersion: string;
}

/** Something wrong with the files of a profile, for people. */
export interface ProfileIssue {
  readonly code: string;
  readonly file: string;
  readonly message: string;
}

/** A profile to be published; equal specs have equal names. */
export interface NamedProfile {
  readonly name: string;
  readonly spec: ProfileSpec;
  readonly issues: readonly ProfileIssue[];
}

/**
 * Port: the API server. Every call rejects with a PullguardError `ClusterUnavailable` for a refusal or where nobody
 * answers, and may be made again.
 */
export interface ProfilePublisher {
  node(name: string, signal: AbortSignal): Promise<AgentNode>;
  /** Makes sure that the profile is there with this spec and names the node among those it covers. */
  publish(profile: NamedProfile, node: AgentNode, signal: AbortSignal): Promise<void>;
  /** Whether the profile is still as it was published last. */
  isIntact(profile: NamedProfile, signal: AbortSignal): Promise<boolean>;
  /** Takes the node out of a profile, and removes a profile that covers none any more. */
  leave(profile: string, node: AgentNode, signal: AbortSignal): Promise<void>;
  /** Renews the node's sign of life, which says which profile it confirms. */
  confirm(profile: string, node: AgentNode, validSeconds: number, signal: AbortSignal): Promise<void>;
  /** The profile that the node's last sign of life confirms, or undefined. */
  confirmed(node: AgentNode, signal: AbortSignal): Promise<string | undefined>;
  /** Takes some nodes that are gone out of profiles, and removes profiles that cover none any more. */
  tidy(signal: AbortSignal): Promise<void>;
}

/** Port: the node's own file system. */
export interface HostView {
  readonly tree: NodeTree;
  /** A text that changes when what is at the path does; cheap. */
  signature(path: string): string;
}
