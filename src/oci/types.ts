/** An OCI platform, normalised as containerd's platforms package does (`x86_64` → `amd64`, arm64 `v8` → no variant …). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  /** `10.0.17763.1`; Windows only. */
  readonly osVersion?: string;
  readonly osFeatures?: readonly string[];
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

/** What a runtime reads of an image's config before it starts anything. Texts are "" where the config has none. */
export interface ImageConfig {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string;
  readonly osVersion: string;
  /** False where the config has no `rootfs` at all. */
  readonly hasRootfs: boolean;
  /** `layers` in an image, "" where the config names none. */
  readonly rootfsType: string;
  /** Digests of the layers' archives without compression, in the order of the layers; as written. */
  readonly diffIds: readonly string[];
}

/** What the bytes of a config turned out to be. `reason` is for people and quotes nothing but names of fields. */
export type ConfigDocument =
  | { readonly kind: "config"; readonly config: ImageConfig }
  | { readonly kind: "unreadable"; readonly reason: string };
