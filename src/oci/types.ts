/** An OCI platform, normalised as containerd's platforms package does (`x86_64` → `amd64`, arm64 `v8` → no variant …). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly osVersion?: string;
}

/** A descriptor as an index or manifest carries it; sizes in bytes. `platform` is raw (not normalised) or absent. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly platform?: Platform;
  readonly urls?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What the bytes of a manifest turned out to be. `reason` is for people and quotes at most a few bytes of the body. */
export type ManifestDocument =
  | { readonly kind: "index"; readonly entries: readonly Descriptor[] }
  | {
      readonly kind: "manifest";
      readonly config: Descriptor;
      readonly layers: readonly Descriptor[];
      readonly artifactType?: string;
    }
  | { readonly kind: "schema1" }
  | { readonly kind: "unreadable"; readonly reason: string };
