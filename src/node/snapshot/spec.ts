import { z } from "zod";
import { type Platform, parsePlatform } from "../../oci/index.js";
import type { KubeletSettings } from "../types.js";

/**
 * A file of the node as it was published: its text, or why there is none. A path that ends in `/` is a folder, of which the
 * plain files are listed besides.
 */
export interface PublishedFile {
  readonly path: string;
  readonly content?: string;
  readonly unreadable?: string;
}

/** What a node trusts beyond its registry configuration. */
export interface SystemTrust {
  /** Whether it trusts the authorities that everybody does, whichever they are. */
  readonly publicRoots?: boolean;
  /** Further authorities, as PEM. */
  readonly certificates?: string;
  /** SHA-256 of well-known authorities that it trusts, in hexadecimal. */
  readonly fingerprints?: readonly string[];
}

/** Which registries the node itself has credentials for; never a credential. */
export interface CredentialStatement {
  /** Keys of the kubelet's files, `registry.example.com` or `*.example.com/team`, as the kubelet normalises them. */
  readonly hosts?: readonly string[];
  readonly providers?: readonly { readonly name: string; readonly matchImages: readonly string[] }[];
  /** A file of credentials is there but could not be read. */
  readonly incomplete?: boolean;
}

export interface ProfileTaint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

/** The spec of a NodePullProfile: what decides pulls on some nodes, without their secrets. */
export interface ProfileSpec {
  /** `containerd://1.7.13`. */
  readonly runtime?: string;
  readonly platform?: Platform;
  readonly kubelet?: KubeletSettings;
  readonly files?: readonly PublishedFile[];
  readonly systemTrust?: SystemTrust;
  /** Absent: nothing is known of the nodes' credentials. */
  readonly credentials?: CredentialStatement;
  /** The nodes that a person's profile stands for, by their labels. */
  readonly nodeSelector?: {
    readonly matchLabels?: Readonly<Record<string, string>>;
    readonly matchExpressions?: readonly {
      readonly key: string;
      readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
      readonly values: readonly string[];
    }[];
  };
  /** Taints of those nodes, where there are none to look at. */
  readonly taints?: readonly ProfileTaint[];
}

const nullsAreAbsent = <T>(value: T): Exclude<T, null> | undefined =>
  (value ?? undefined) as Exclude<T, null> | undefined;
const texts = z.array(z.string());

const platformSchema = z.string().transform((text, context) => {
  try {
    return parsePlatform(text);
  } catch {
    context.addIssue({ code: "custom", message: "must be os/architecture, such as linux/amd64" });
    return z.NEVER;
  }
});

const kubeletSchema = z.object({
  serializeImagePulls: z.boolean().optional(),
  maxParallelImagePulls: z.int().optional(),
  registryPullQps: z.number().optional(),
  registryBurst: z.int().optional(),
  runtimeRequestTimeoutMs: z.number().optional(),
  imageGcHighThresholdPercent: z.number().optional(),
  featureGates: z.record(z.string(), z.boolean()).optional(),
  version: z.string().optional(),
});

const specSchema = z.object({
  runtime: z.string().nullish().transform(nullsAreAbsent),
  platform: platformSchema.nullish().transform(nullsAreAbsent),
  kubelet: kubeletSchema.nullish().transform(nullsAreAbsent),
  files: z
    .array(
      z.object({
        path: z.string().regex(/^\//, { error: "must be absolute" }),
        content: z.string().optional(),
        unreadable: z.string().optional(),
      }),
    )
    .nullish()
    .transform(nullsAreAbsent),
  systemTrust: z
    .object({
      publicRoots: z.boolean().optional(),
      certificates: z.string().optional(),
      fingerprints: texts.optional(),
    })
    .nullish()
    .transform(nullsAreAbsent),
  credentials: z
    .object({
      hosts: texts.optional(),
      providers: z.array(z.object({ name: z.string(), matchImages: texts })).optional(),
      incomplete: z.boolean().optional(),
    })
    .nullish()
    .transform(nullsAreAbsent),
  nodeSelector: z
    .object({
      matchLabels: z.record(z.string(), z.string()).optional(),
      matchExpressions: z
        .array(
          z.object({
            key: z.string(),
            operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
            values: texts.default([]),
          }),
        )
        .optional(),
    })
    .nullish()
    .transform(nullsAreAbsent),
  taints: z
    .array(z.object({ key: z.string(), value: z.string().default(""), effect: z.string() }))
    .nullish()
    .transform(nullsAreAbsent),
});

/** A spec, or what is wrong with it, in one line that quotes no value. */
export type ProfileSpecReading =
  | { readonly kind: "spec"; readonly spec: ProfileSpec }
  | { readonly kind: "invalid"; readonly message: string };

/** Reads the `spec` of a NodePullProfile object; unknown fields are passed over. Never throws. */
export function parseProfileSpec(value: unknown): ProfileSpecReading {
  const parsed = specSchema.safeParse(value ?? {});
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { kind: "invalid", message: `spec.${issue?.path.join(".") ?? ""}: ${issue?.message ?? "cannot be read"}` };
  }
  return { kind: "spec", spec: withoutAbsent(parsed.data) };
}

/** zod keeps optional keys with the value undefined. */
function withoutAbsent(value: z.infer<typeof specSchema>): ProfileSpec {
  return JSON.parse(JSON.stringify(value)) as ProfileSpec;
}
