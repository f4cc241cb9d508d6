import { z } from "zod";
import { parseGoUrl } from "./go-url.js";
import { matchesRepository } from "./registry-key.js";
import { readYaml } from "./yaml-text.js";

/** A program that the kubelet runs to obtain credentials for images; `matchImages` are the patterns it is run for. */
export interface CredentialProvider {
  readonly name: string;
  readonly matchImages: readonly string[];
}

/** The providers of a configuration, or why the kubelet would not start with it; never quotes the text. */
export type CredentialProviderReading =
  | { readonly kind: "providers"; readonly providers: readonly CredentialProvider[] }
  | { readonly kind: "invalid"; readonly message: string };

// Every real configuration has a handful of aliases at most; a thousand small ones can unfold to more than memory holds.
const maxAliasCount = 100;

const configSchema = z.looseObject({
  apiVersion: z.enum(["kubelet.config.k8s.io/v1", "kubelet.config.k8s.io/v1beta1", "kubelet.config.k8s.io/v1alpha1"]),
  kind: z.literal("CredentialProviderConfig"),
  providers: z
    .array(z.looseObject({ name: z.string(), matchImages: z.array(z.string()).nullish() }))
    .nullish()
    .transform((providers) => providers ?? []),
});

/**
 * Reads the file of the kubelet's `--image-credential-provider-config`, YAML or JSON, of any of its three versions. Of
 * several YAML documents the first counts.
 * Source: kubelet pkg/credentialprovider/plugin/config.go, 1.26 and 1.36
 */
export function parseCredentialProviderConfig(text: string): CredentialProviderReading {
  const value = readYaml(text, maxAliasCount);
  if (value === undefined) return { kind: "invalid", message: "not valid YAML or JSON" };
  const config = configSchema.safeParse(value.value);
  if (!config.success) {
    const field = config.error.issues[0]?.path.join(".") ?? "";
    return { kind: "invalid", message: `no CredentialProviderConfig${field === "" ? "" : ` (${field})`}` };
  }
  const providers = config.data.providers.map(({ name, matchImages }) => ({ name, matchImages: matchImages ?? [] }));
  return { kind: "providers", providers };
}

/**
 * The names of the providers that the kubelet runs for `repository` (`docker.io/library/nginx`: domain and path, no
 * tag), each once, in the order of the configuration. Patterns match as the keys of a keyring do, but are taken as written: one
 * with a scheme matches nothing.
 * Source: kubelet pkg/credentialprovider/plugin/plugin.go `isImageAllowed`, 1.26 and 1.36
 */
export function matchingProviders(providers: readonly CredentialProvider[], repository: string): readonly string[] {
  const location = parseGoUrl(repository);
  if (location === undefined) return [];
  const matches = (pattern: string): boolean => {
    const key = parseGoUrl(pattern);
    return key !== undefined && matchesRepository(key, location);
  };
  const matched = providers.filter(({ matchImages }) => matchImages.some(matches));
  return [...new Set(matched.map(({ name }) => name))];
}
