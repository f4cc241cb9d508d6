import { createHash } from "node:crypto";
import { PullguardError } from "../core/index.js";
import {
  canonicalText,
  findIssues,
  gatherProfile,
  type NodeConfigIssue,
  type NodeTree,
  parseRuntime,
  publishedNodeProfiles,
  renderProfileSpec,
  type WellKnownRoots,
} from "../node/index.js";
import type { AgentNode, NamedProfile } from "./types.js";

/** Part of every name: profiles of a later way of reading nodes are others. */
const format = 1;
const maxIssues = 50;

/**
 * What there is to publish of a node. What is wrong with its files is found out from what is published alone, so that
 * nothing else can be quoted.
 * @throws PullguardError `InputInvalid` for a runtime that Pullguard does not know, `NodeConfigInvalid` where the files are
 *   not those of a node
 */
export function readProfile(node: AgentNode, tree: NodeTree, wellKnown: WellKnownRoots): NamedProfile {
  const runtime = parseRuntime(node.runtime);
  // A folder that is not mounted must not pass for one without configuration.
  if (!tree.exists("/etc")) throw new PullguardError("NodeConfigInvalid", "the host root shows no /etc");
  const spec = gatherProfile({
    tree,
    runtime,
    runtimeText: node.runtime,
    platform: node.platform,
    kubeletVersion: node.kubeletVersion,
    wellKnown,
  });
  const name = nameOf(node.runtime, canonicalText([format, renderProfileSpec(spec)]));
  const profiles = publishedNodeProfiles({
    ...{ name, spec, runtime, wellKnown, identityKey: new Uint8Array(32) },
    stores: new Map(),
  });
  const found = spec.files === undefined ? [notShown] : profiles.flatMap((profile) => findIssues(profile, spec));
  const issues = found.slice(0, maxIssues);
  return {
    name,
    spec,
    issues: issues.map(({ code, message, origin }) => ({
      code,
      file: origin.line === undefined ? origin.file : `${origin.file}:${origin.line}`,
      message,
    })),
  };
}

const notShown: NodeConfigIssue = {
  code: "RuntimeConfigUnreadable",
  message: "the runtime's configuration is not where it usually is, so what the node trusts is not known",
  origin: { file: "/etc" },
};

/** `containerd-1.7.13-3f2a9c1b04d8`: a DNS name, equal for equal facts. */
function nameOf(runtime: string, facts: string): string {
  const hash = createHash("sha256").update(facts).digest("hex").slice(0, 12);
  const readable = runtime
    .replace("://", "-")
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, "-");
  return `${readable.slice(0, 40).replace(/[.-]+$/, "")}-${hash}`;
}
