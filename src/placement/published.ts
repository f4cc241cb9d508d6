import { type ProfileSpec, parseProfileSpec } from "../node/index.js";

/** Label of the profiles that node agents publish; a profile without it was written by a person. */
export const managedByLabel = "app.kubernetes.io/managed-by";
export const agentName = "pullguard-node-agent";

/** A NodePullProfile. `version` changes with its spec. */
export interface PublishedProfile {
  readonly name: string;
  readonly version: string;
  readonly spec: ProfileSpec;
  /** Nodes that agents say it was read from. */
  readonly nodes: readonly string[];
  /** Whether a person wrote it: it stands for the nodes that its selector picks, and does not age. */
  readonly isHandWritten: boolean;
}

/** A profile, or what is wrong with its spec, in words that quote no value. */
export type PublishedProfileReading =
  | { readonly kind: "profile"; readonly profile: PublishedProfile }
  | { readonly kind: "invalid"; readonly name: string; readonly message: string };

/** Reads a NodePullProfile object of a cluster or of a file. Never throws, whatever the object is. */
export function readPublishedProfile(object: unknown): PublishedProfileReading {
  const metadata = member(object, "metadata");
  const name = textOf(member(metadata, "name"));
  const reading = parseProfileSpec(member(object, "spec"));
  if (reading.kind === "invalid") return { kind: "invalid", name, message: reading.message };
  const nodes = member(member(object, "status"), "nodes");
  return {
    kind: "profile",
    profile: {
      name,
      version: `${textOf(member(metadata, "uid"))}/${textOf(member(metadata, "generation"))}`,
      spec: reading.spec,
      nodes: Array.isArray(nodes) ? nodes.map((entry) => textOf(member(entry, "name"))) : [],
      isHandWritten: member(member(metadata, "labels"), managedByLabel) !== agentName,
    },
  };
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/** Not `String`, which asks the value itself, and throws for some. */
function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}
