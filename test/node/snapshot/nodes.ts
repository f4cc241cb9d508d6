import { rootCertificates } from "node:tls";
import {
  gatherProfile,
  type HostPlan,
  type NodeProfile,
  nodeFilesFromMap,
  type ProfileSpec,
  parseProfileSpec,
  parseRuntime,
  publishedNodeProfiles,
  renderProfileSpec,
  wellKnownRoots,
} from "../../../src/node/index.js";

/** A node's files by absolute path, as {@link nodeFilesFromMap} takes them. */
export type FileMap = Readonly<Record<string, string | { readonly unreadable: string }>>;

export const wellKnown = wellKnownRoots(rootCertificates);
export const identityKey = new Uint8Array(32);

/** What makes containerd look into certs.d. */
export const usesCertsFolder: FileMap = {
  "/etc/containerd/config.toml":
    'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"\n',
};

/** What an agent on this node would publish; a node has some folders in any case. */
export function gather(files: FileMap, runtime = "containerd://1.7.34"): ProfileSpec {
  return gatherProfile({
    tree: nodeFilesFromMap({ ...usesCertsFolder, "/var/lib/kubelet/": "", ...files }),
    runtime: parseRuntime(runtime),
    runtimeText: runtime,
    platform: { os: "linux", architecture: "amd64" },
    kubeletVersion: "1.30.1",
    wellKnown,
  });
}

/** What the webhook makes of a spec once it has been through an API server. */
export function rebuild(spec: ProfileSpec, lastConfirmed?: () => string): NodeProfile {
  const stored: unknown = JSON.parse(JSON.stringify(renderProfileSpec(spec)));
  const reading = parseProfileSpec(stored);
  if (reading.kind === "invalid") throw new Error(reading.message);
  const [profile] = publishedNodeProfiles({
    ...{ name: "node", spec: reading.spec, wellKnown, identityKey, stores: new Map() },
    runtime: parseRuntime(reading.spec.runtime ?? "containerd://1.7.34"),
    ...(lastConfirmed === undefined ? {} : { lastConfirmed }),
  });
  if (profile === undefined) throw new Error("no profile");
  return profile;
}

/** The plan for one registry. */
export function planFor(profile: NodeProfile, domain: string): HostPlan {
  return profile.hostsFor({ written: `${domain}/team/app:v1`, domain, path: "team/app", tag: "v1" });
}

/** A plan in which secrets and the store of the system can be compared. */
export function comparable(plan: HostPlan): unknown {
  if (plan.kind !== "hosts") return plan;
  const hosts = plan.hosts.map(({ tls: { systemRoots: _, clientCertificates, ...tls }, ...host }) => ({
    ...host,
    tls: { ...tls, clients: clientCertificates.map(({ certificatePem, keyPem }) => [certificatePem, keyPem.reveal()]) },
  }));
  return { ...plan, hosts };
}
