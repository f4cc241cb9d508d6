import { posix } from "node:path";
import type { NodeFiles } from "./types.js";

const bundles: readonly string[] = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/tls/cacert.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
];
const folders: readonly string[] = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

/**
 * The certificates that the node's own programs trust, each as one PEM text: the first bundle there is and every file in the
 * certificate folders. Undefined when the node's files hold none, or a bundle that cannot be read: nothing is known then.
 * Source: Go crypto/x509 root_linux.go and root_unix.go.
 */
export function systemCaPems(files: NodeFiles): readonly string[] | undefined {
  const pems = new Set<string>();
  for (const bundle of bundles) {
    const reading = files.read(bundle);
    if (reading.kind === "unreadable") return undefined;
    if (reading.kind === "missing") continue;
    for (const pem of certificatesIn(reading.text)) pems.add(pem);
    break;
  }
  for (const folder of folders) {
    for (const name of files.list(folder) ?? []) {
      const reading = files.read(posix.join(folder, name));
      if (reading.kind !== "text") continue;
      for (const pem of certificatesIn(reading.text)) pems.add(pem);
    }
  }
  return pems.size === 0 ? undefined : [...pems];
}

/** The certificates as written; whether one of them is broken only shows when a connection needs it. */
function certificatesIn(text: string): readonly string[] {
  const blocks = text
    .replaceAll("\r", "")
    .match(/^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----$/gm);
  return (blocks ?? []).map((block) => `${block}\n`);
}
