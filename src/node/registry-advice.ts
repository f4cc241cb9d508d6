import { unreachable } from "../core/index.js";
import type { NodeProfile } from "./types.js";

/** What a person wants the nodes to accept: an authority (or the registry's own certificate), or plain HTTP. */
export type Acceptance = "authority" | "plain-http";

/** A file to write on every node. `certificate`: the PEM goes there; `add`: into a file that may exist already. */
export interface AdvisedFile {
  readonly path: string;
  readonly kind: "certificate" | "create" | "add";
  /** Lines of the file, or those to add; none for a certificate. */
  readonly lines: readonly string[];
}

/** Everything to do on a node so that its runtime accepts a registry. */
export interface RegistryAdvice {
  readonly files: readonly AdvisedFile[];
  /** The command after which it counts; absent where the next pull sees it. */
  readonly apply?: string;
}

/** Of a profile, what the advice depends on. */
export type AdvisedNode = Pick<NodeProfile, "runtime" | "hostsRoot" | "registryStyle">;

/**
 * What to write on a node of this runtime.
 * @param domain   the registry as images name it, `reg.example:5000`
 * @param address  where the runtime dials it, mostly the same
 * Source: containerd docs/hosts.md and docs/cri/registry.md, Docker's "Verify repository client with certificates" and
 * daemon.json, containers-registries.conf.d(5), containers-certs.d(5).
 */
export function adviseRegistry(
  node: AdvisedNode,
  domain: string,
  address: string,
  acceptance: Acceptance,
): RegistryAdvice {
  const { name } = node.runtime;
  switch (name) {
    case "containerd":
      return node.registryStyle === "config-file"
        ? configFileAdvice(node, domain, address, acceptance)
        : foldersAdvice(node, domain, address, acceptance);
    case "docker":
      return acceptance === "authority"
        ? { files: [certificate(certificateFolder(node, domain))] }
        : {
            files: [
              { path: "/etc/docker/daemon.json", kind: "add", lines: [`{"insecure-registries": ["${domain}"]}`] },
            ],
            apply: "systemctl restart docker",
          };
    case "cri-o":
    case "podman":
      return acceptance === "authority"
        ? { files: [certificate(certificateFolder(node, address))] }
        : {
            files: [
              {
                path: `/etc/containers/registries.conf.d/${address.replaceAll(/[^A-Za-z0-9.-]/g, "-")}.conf`,
                kind: "create",
                lines: ["[[registry]]", `location = "${address}"`, "insecure = true"],
              },
            ],
            ...(name === "cri-o" && { apply: "systemctl reload crio" }),
          };
    default:
      return unreachable(name);
  }
}

/** Where a runtime looks for the CA (`ca.crt`) and the client certificate of one registry. */
export function certificateFolder({ runtime, hostsRoot }: AdvisedNode, domain: string): string {
  switch (runtime.name) {
    case "containerd":
      return `${hostsRoot}/${domain}`;
    case "docker":
      return `/etc/docker/certs.d/${domain}`;
    case "cri-o":
    case "podman":
      return `/etc/containers/certs.d/${domain}`;
    default:
      return unreachable(runtime.name);
  }
}

function certificate(folder: string): AdvisedFile {
  return { path: `${folder}/ca.crt`, kind: "certificate", lines: [] };
}

/** Both the host table and `server` get the CA: containerd asks them one after the other, each with its own trust. */
function foldersAdvice(node: AdvisedNode, domain: string, address: string, acceptance: Acceptance): RegistryAdvice {
  const folder = certificateFolder(node, domain);
  const url = `${acceptance === "authority" ? "https" : "http"}://${address}`;
  const ca = `ca = "${folder}/ca.crt"`;
  const lines =
    acceptance === "authority"
      ? [`server = "${url}"`, ca, `[host."${url}"]`, `  ${ca}`]
      : [`server = "${url}"`, `[host."${url}"]`, '  capabilities = ["pull", "resolve"]'];
  const hosts: AdvisedFile = { path: `${folder}/hosts.toml`, kind: "create", lines };
  const files = acceptance === "authority" ? [certificate(folder), hosts] : [hosts];
  if (node.registryStyle !== "none") return { files };
  const lookup = [`[plugins."${pluginOf(node)}".registry]`, `  config_path = "${node.hostsRoot}"`];
  return { files: [...files, { path: configFile, kind: "add", lines: lookup }], apply: restart };
}

const configFile = "/etc/containerd/config.toml";
const restart = "systemctl restart containerd";

/** containerd 2 has no TLS settings left in config.toml: there, a CA needs `config_path`, which excludes `mirrors`. */
function configFileAdvice(node: AdvisedNode, domain: string, address: string, acceptance: Acceptance): RegistryAdvice {
  const registry = `plugins."${pluginOf(node)}".registry`;
  if (acceptance === "plain-http") {
    const lines = [`[${registry}.mirrors."${domain}"]`, `  endpoint = ["http://${address}"]`];
    return { files: [{ path: configFile, kind: "add", lines }], apply: restart };
  }
  if (node.runtime.major >= 2) return foldersAdvice({ ...node, registryStyle: "none" }, domain, address, acceptance);
  const ca = certificate(`/etc/containerd/certs.d/${domain}`);
  const lines = [`[${registry}.configs."${address}".tls]`, `  ca_file = "${ca.path}"`];
  return { files: [ca, { path: configFile, kind: "add", lines }], apply: restart };
}

/** The name moved with version 3 of the file, which containerd 2 writes; it reads version 2 with the old name as well. */
function pluginOf({ runtime }: AdvisedNode): string {
  return runtime.major >= 2 ? "io.containerd.cri.v1.images" : "io.containerd.grpc.v1.cri";
}
