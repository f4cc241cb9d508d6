import { parseReference } from "../../reference/index.js";
import type { RuntimeFiles, RuntimeView } from "../runtime-view.js";
import { ownCredentialSources } from "./auth-files.js";
import { readCrioConfig } from "./crio-conf.js";
import { planImageHosts } from "./host-plan.js";
import { readRegistries } from "./registries.js";
import { imageLibraryTraits } from "./traits.js";

/** How CRI-O (and podman) finds the places of an image: both leave it to the library containers-image. */
export function readContainersImage({ files, runtime }: RuntimeFiles): RuntimeView {
  const traits = imageLibraryTraits(runtime);
  const crioConfig = () => (runtime.name === "cri-o" ? { crio: readCrioConfig(files, traits) } : {});
  const { crio } = crioConfig();
  const registries = readRegistries(files, traits);
  const hostsFor: RuntimeView["hostsFor"] = (reference) =>
    planImageHosts({ files, traits, ...crioConfig() }, reference);
  return {
    hostsRoot: "/etc/containers/certs.d",
    settings: {
      ...(crio?.pullProgressTimeoutMs !== undefined && { pullProgressTimeoutMs: crio.pullProgressTimeoutMs }),
    },
    issues: [
      ...(crio?.issues ?? []),
      ...(registries.kind === "config"
        ? registries.issues
        : [{ code: "RuntimeConfigInvalid" as const, message: registries.problem, origin: registries.origin }]),
    ],
    hostsScope: "repository",
    hostsFor,
    credentialSources: (repository) => {
      const config = readRegistries(files, traits);
      if (config.kind === "invalid") return [];
      const hosts = spellings(repository).flatMap((written) => {
        const parsed = parseReference(written, "legacy");
        const plan = parsed.kind === "reference" ? hostsFor(parsed.reference) : undefined;
        return plan?.kind === "hosts" ? plan.hosts.map(({ address }) => address) : [];
      });
      return ownCredentialSources(files, config.config, crioConfig().crio?.globalAuthFile, hosts);
    },
  };
}

/** What is written without a registry is looked up as Docker Hub's, and may be searched for elsewhere. */
function spellings(repository: string): readonly string[] {
  const short = /^docker\.io\/(?:library\/)?(.*)$/s.exec(repository)?.[1];
  return short === undefined ? [repository] : [repository, short];
}
