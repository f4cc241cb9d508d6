import { randomBytes } from "node:crypto";
import { PullguardError } from "../core/index.js";
import {
  assumedRuntimes,
  guessRuntime,
  type NodeFiles,
  type NodeProfile,
  newestVersion,
  parseRuntime,
  type RuntimeName,
  type RuntimeVersion,
  seenNodeProfile,
  unseenNodeProfile,
} from "../node/index.js";
import { parsePlatform } from "../oci/index.js";
import { nodeFilesBelow } from "./node-root.js";

/** What a person said of one node. */
export interface GivenNodeFlags {
  readonly nodeRoot?: string;
  /** `containerd://1.7.13`, or a name alone. */
  readonly runtime?: string;
  readonly platform?: string;
}

/** How the runtime is known: by name and version, by name alone, from the node's files, or not at all. */
export type RuntimeBasis =
  | { readonly kind: "given" | "name-given" | "assumed" }
  | { readonly kind: "guessed"; readonly because: string };

/** A node to be explained. `files` and `root` are absent where none was shown. */
export interface GivenNode {
  readonly profile: NodeProfile;
  /** The same node with other versions that it may have, where the version is assumed and the versions differ in kind. */
  readonly others: readonly NodeProfile[];
  readonly basis: RuntimeBasis;
  readonly root?: string;
  readonly files?: NodeFiles;
}

const names: Readonly<Record<string, RuntimeName>> = {
  containerd: "containerd",
  docker: "docker",
  "cri-o": "cri-o",
  crio: "cri-o",
  podman: "podman",
};

/**
 * The profile of the node that the flags speak of. Where they do not name a runtime it is guessed from the files.
 * @throws PullguardError `InputInvalid` for a folder, runtime or platform that is none
 */
export function givenNode(flags: GivenNodeFlags): GivenNode {
  const files = flags.nodeRoot === undefined ? undefined : nodeFilesBelow(flags.nodeRoot);
  const { runtime, basis } = runtimeOf(flags.runtime, files);
  const platform = flags.platform === undefined ? {} : { platform: parsePlatform(flags.platform) };
  const { nodeRoot: root } = flags;
  const profileFor = (version: RuntimeVersion): NodeProfile =>
    files === undefined || root === undefined
      ? unseenNodeProfile({ runtime: version, ...platform })
      : seenNodeProfile({
          name: `node in ${root}`,
          files,
          runtime: version,
          identityKey: randomBytes(32),
          ...platform,
        });
  const others = basis.kind === "given" ? [] : assumedRuntimes.filter(({ name }) => name === runtime.name);
  return {
    profile: profileFor(runtime),
    others: others.map(profileFor),
    basis,
    ...(files !== undefined && root !== undefined && { root, files }),
  };
}

/** @throws PullguardError `InputInvalid` */
export function parseRuntimeChoice(text: string): { readonly runtime: RuntimeVersion; readonly basis: RuntimeBasis } {
  const name = names[text.trim().toLowerCase()];
  if (name !== undefined) return { runtime: newestVersion(name), basis: { kind: "name-given" } };
  if (text.includes("://")) return { runtime: parseRuntime(text), basis: { kind: "given" } };
  throw new PullguardError(
    "InputInvalid",
    `--runtime ${JSON.stringify(text.slice(0, 80))} must be containerd, docker, cri-o, podman, or one with its version, such as containerd://1.7.13`,
  );
}

function runtimeOf(
  given: string | undefined,
  files: NodeFiles | undefined,
): { readonly runtime: RuntimeVersion; readonly basis: RuntimeBasis } {
  if (given !== undefined) return parseRuntimeChoice(given);
  const guess = files === undefined ? undefined : guessRuntime(files);
  if (guess === undefined) return { runtime: newestVersion("containerd"), basis: { kind: "assumed" } };
  return { runtime: newestVersion(guess.name), basis: { kind: "guessed", because: guess.because } };
}
