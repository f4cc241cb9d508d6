import assert from "node:assert/strict";
import {
  type HostPlan,
  type NodeProfile,
  nodeFilesFromMap,
  parseRuntime,
  seenNodeProfile,
} from "../../../src/node/index.js";
import { parseReference } from "../../../src/reference/index.js";

/** Files of a node, as {@link nodeFilesFromMap} takes them. */
export type Files = Parameters<typeof nodeFilesFromMap>[0];

/** The profile of a node with these files. */
export function profileOf(files: Files, runtime = "podman://4.3.1"): NodeProfile {
  return seenNodeProfile({
    name: "node",
    files: nodeFilesFromMap(files),
    runtime: parseRuntime(runtime),
    identityKey: new Uint8Array(32),
  });
}

/** Where a node with these files looks for an image. */
export function planOf(files: Files, image: string, runtime?: string): HostPlan {
  const parsed = parseReference(image, "legacy");
  if (parsed.kind !== "reference") throw new Error(`${image} is no name`);
  return profileOf(files, runtime).hostsFor(parsed.reference);
}

/** A plan in one line a host: address, repository where it is another one, what is special; or why there is none. */
export function lineUp(plan: HostPlan): readonly string[] {
  if (plan.kind !== "hosts") {
    const what = plan.kind === "refused" ? plan.reason : plan.everyImage === true ? "configuration" : "file";
    const partial = plan.kind === "refused" && plan.partial === true ? " (partial)" : "";
    const line = plan.kind === "refused" || plan.origin.line === undefined ? "" : `line ${plan.origin.line}: `;
    return [`${plan.kind} ${what}${partial}: ${line}${plan.message}`];
  }
  const hosts = plan.hosts.map((host) =>
    [
      host.address,
      host.repository ?? "",
      host.tls.verify ? "" : "insecure",
      host.tls.extraCaPems.length > 0 ? "ca" : "",
      host.kubeletCredentials ?? "",
      host.meaning === undefined ? "" : `as ${host.meaning}`,
    ]
      .filter((part) => part !== "")
      .join(" "),
  );
  const doubt = plan.doubt === undefined ? [] : [`doubt: ${plan.doubt.kind} ${plan.doubt.origin.file}`];
  return [...hosts, ...doubt, ...(plan.partial === true ? ["partial"] : [])];
}

/** One plan that is expected. */
export interface PlanRow {
  readonly name: string;
  readonly files: Files;
  readonly image: string;
  /** `podman://4.3.1` unless told otherwise. */
  readonly runtime?: string;
  readonly want: readonly string[];
}

/** One test for each row. */
export function checkPlans(rows: readonly PlanRow[]): void {
  for (const { name, files, image, runtime, want } of rows) {
    it(name, () => assert.deepEqual(lineUp(planOf(files, image, runtime)), want));
  }
}
