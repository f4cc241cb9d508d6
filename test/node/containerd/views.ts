import assert from "node:assert/strict";
import {
  type HostPlan,
  type NodeProfile,
  nodeFilesFromMap,
  parseRuntime,
  seenNodeProfile,
} from "../../../src/node/index.js";
import { parseReference } from "../../../src/reference/index.js";

/** Where the main configuration lies. */
export const configFile = "/etc/containerd/config.toml";

type Files = Parameters<typeof nodeFilesFromMap>[0];

/** A node of one containerd version with these files. */
export function node(version: string, files: Files): NodeProfile {
  return seenNodeProfile({
    name: "node",
    files: nodeFilesFromMap(files),
    runtime: parseRuntime(`containerd://${version}`),
    identityKey: new Uint8Array(32),
  });
}

/** What such a node does for a registry. */
export function planOn(version: string, files: Files, domain: string): HostPlan {
  const parsed = parseReference(`${domain}/team/app:v1`, "current");
  assert.ok(parsed.kind === "reference", domain);
  return node(version, files).hostsFor(parsed.reference);
}

/** The code and place of each issue, the line left out where there is none. */
export function issuesOf({ issues }: Pick<HostPlan, "issues">): readonly string[] {
  return issues.map(({ code, origin: { file, line } }) => `${code} ${file}${line === undefined ? "" : `:${line}`}`);
}
