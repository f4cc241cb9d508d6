import { type AdvisedFile, adviseRegistry, certificateFolder, type RegistryHost } from "../node/index.js";
import { type ServedAuthority, type ServedCertificate, servedAuthority } from "../registry/index.js";
import type { DiagnosisContext } from "./diagnosis.js";

/** How to have the nodes trust what a registry serves: where the certificate goes, and which one it is. */
export function trustFix(
  host: RegistryHost,
  context: DiagnosisContext,
  chain: readonly ServedCertificate[] | undefined,
): string {
  const authority = chain === undefined ? undefined : servedAuthority(chain);
  const what = authority?.kind === "self-signed" ? "the registry's certificate" : "the authority's certificate";
  return `${placement(host, context, what)}${identification(authority, context)}`;
}

function placement(host: RegistryHost, context: DiagnosisContext, what: string): string {
  const { profile, reference } = context;
  // Certificate files beside a hosts.toml are ignored, whatever else they say.
  if (host.origin?.file.endsWith("hosts.toml") === true) {
    return `Set ca = "<file>" with ${what} for ${host.address} in ${place(host)} on every node.`;
  }
  if (profile.trust === "unknown" && profile.runtime.name === "containerd") {
    const folder = `${profile.hostsRoot}/${reference.domain}`;
    return `Put ${what} into ${folder}/ca.crt on every node (containerd; Docker: /etc/docker/certs.d/${reference.domain}/ca.crt).`;
  }
  const advice = adviseRegistry(profile, reference.domain, host.address, "authority");
  const [certificate, ...others] = advice.files;
  // The file alone does, unless a hosts.toml stands beside it, and that may not show in the host's origin.
  const also = others.map((file) =>
    file.kind === "create" ? " (where a hosts.toml stands beside it, name it there as ca)" : `, ${written(file)}`,
  );
  return `Put ${what} into ${certificate?.path} on every node${also.join("")}${applied(advice.apply)}.`;
}

/** Which certificate it is, so that the person can compare it with what its owner says. */
function identification(authority: ServedAuthority | undefined, { reference }: DiagnosisContext): string {
  switch (authority?.kind) {
    case undefined:
      return "";
    case "not-sent":
      return ` The registry does not send it; ask its operator for the certificate of ${short(authority.issuer)}.`;
    case "intermediate":
    case "root":
    case "self-signed": {
      const { subject, fingerprint256 } = authority.certificate;
      return ` It serves ${short(subject)}, SHA-256 ${fingerprint256}; compare that with its operator before trusting it (pullguard trust ${reference.domain}).`;
    }
  }
}

/** How to have the nodes speak plain HTTP with a registry, where that is wanted at all. */
export function plainHttpFix(host: RegistryHost, context: DiagnosisContext): string {
  const { profile, reference } = context;
  const serve = `Serve ${host.address} over TLS, or`;
  if (host.origin?.file.endsWith("hosts.toml") === true) {
    return `${serve} write http://${host.address} instead of https:// in ${place(host)} on every node.`;
  }
  if (profile.trust === "unknown" && profile.runtime.name === "containerd") {
    const file = `${profile.hostsRoot}/${reference.domain}/hosts.toml`;
    return `${serve} create ${file} with [host."http://${host.address}"] on every node (Docker: "insecure-registries": ["${host.address}"] in /etc/docker/daemon.json).`;
  }
  const advice = adviseRegistry(profile, reference.domain, host.address, "plain-http");
  return `${serve} on every node ${advice.files.map(written).join(", and ")}${applied(advice.apply)}.`;
}

/** Where the node looks for a client certificate. */
export function clientCertificateFix(host: RegistryHost, { profile, reference }: DiagnosisContext): string {
  const folder = certificateFolder(profile, profile.runtime.name === "containerd" ? reference.domain : host.address);
  return profile.runtime.name === "containerd"
    ? `Set client = [["client.cert", "client.key"]] for ${host.address} in ${folder}/hosts.toml on the nodes.`
    : `Put the client's certificate into ${folder}/client.cert and its key into ${folder}/client.key on the nodes.`;
}

function written({ path, kind, lines }: AdvisedFile): string {
  const text = lines.map((line) => `\`${line.trim()}\``).join(" ");
  return kind === "create" ? `put the lines ${text} into ${path}` : `add ${text} to ${path}`;
}

function applied(command: string | undefined): string {
  return command === undefined ? "" : `, then run ${command}`;
}

function place({ origin }: RegistryHost): string {
  return origin?.line === undefined ? `${origin?.file}` : `${origin.file}:${origin.line}`;
}

function short(name: string): string {
  const line = name.replaceAll(/\s+/g, " ");
  return line.length <= 80 ? line : `${line.slice(0, 79)}…`;
}
