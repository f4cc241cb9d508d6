import { readFileSync } from "node:fs";
import { z } from "zod";

const recorded = z.object({ "registries.conf": z.string(), "certs.d": z.record(z.string(), z.string()) });

/**
 * The files of the recorded podman by absolute path, for a laboratory's authority.
 * @param caPem  certificate of the authority that the node knows
 */
export function recordedPodmanFiles(caPem: string): Readonly<Record<string, string>> {
  const file = new URL("../../../test/fixtures/podman-node.json", import.meta.url);
  const node = recorded.parse(JSON.parse(readFileSync(file, "utf8")));
  const certificates = Object.keys(node["certs.d"]).map((path) => [`/etc/containers/certs.d/${path}`, caPem] as const);
  return { "/etc/containers/registries.conf": node["registries.conf"], ...Object.fromEntries(certificates) };
}
