import assert from "node:assert/strict";
import {
  type HostPlan,
  nodeFilesFromMap,
  parseRuntime,
  planHosts,
  type RegistryHost,
} from "../../../src/node/index.js";

export const root = "/etc/containerd/certs.d";

/** The plan of a node that holds these files. */
export function plan(files: Readonly<Record<string, string>>, domain: string, version: string): HostPlan {
  return planHosts(nodeFilesFromMap(files), [root], domain, parseRuntime(`containerd://${version}`));
}

/** The hosts of a plan that is not broken. */
export function hostsOf(got: HostPlan): readonly RegistryHost[] {
  assert.ok(got.kind === "hosts", JSON.stringify(got));
  return got.hosts;
}

/** One line a host: scheme, address and path, then whatever is not the default. */
export function lineUp(got: HostPlan): readonly string[] {
  return hostsOf(got).map((host) =>
    [
      `${host.scheme} ${host.address}${host.path}`,
      ...(host.tls.verify ? [] : ["insecure"]),
      ...(host.tls.extraCaPems.length > 0 ? ["ca"] : []),
      ...(host.httpFallback === "never" ? [] : [host.httpFallback]),
      ...(host.mirrorOf === undefined ? [] : [`ns=${host.mirrorOf}`]),
      ...(host.capabilities.includes("push") ? [] : [host.capabilities.join("+")]),
    ].join(" "),
  );
}
