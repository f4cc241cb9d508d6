import { type Document, parseAllDocuments } from "yaml";
import { z } from "zod";
import { parseGoDuration } from "../containerd/go-duration.js";
import type { KubeletSettings } from "../types.js";

// Real files have none; a thousand small ones can unfold to more than memory holds.
const maxAliasCount = 20;

/** A field of the wrong type counts as absent: the kubelet would not start with it, and this one runs. */
const lenient = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);

const configSchema = z.looseObject({
  kind: z.literal("KubeletConfiguration"),
  serializeImagePulls: lenient(z.boolean()),
  maxParallelImagePulls: lenient(z.int()),
  registryPullQPS: lenient(z.number()),
  registryBurst: lenient(z.number()),
  runtimeRequestTimeout: lenient(z.string()),
  imageGCHighThresholdPercent: lenient(z.number()),
  featureGates: lenient(z.record(z.string(), z.boolean())),
});

/**
 * What a KubeletConfiguration (YAML or JSON) says of pulls; undefined for text that is none.
 * Source: KubeletConfiguration v1beta1. A timeout of `0s` stands for the default, as nothing does.
 */
export function parseKubeletConfig(text: string): KubeletSettings | undefined {
  const config = configSchema.safeParse(parseYaml(text));
  if (!config.success) return undefined;
  const { data } = config;
  const timeoutMs = data.runtimeRequestTimeout === undefined ? undefined : parseGoDuration(data.runtimeRequestTimeout);
  const settings = {
    serializeImagePulls: data.serializeImagePulls,
    maxParallelImagePulls: data.maxParallelImagePulls,
    registryPullQps: data.registryPullQPS,
    registryBurst: data.registryBurst,
    runtimeRequestTimeoutMs: timeoutMs === 0 ? undefined : timeoutMs,
    imageGcHighThresholdPercent: data.imageGCHighThresholdPercent,
    featureGates: data.featureGates,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function parseYaml(text: string): unknown {
  try {
    const documents: readonly Document.Parsed[] = parseAllDocuments(text, { prettyErrors: false, logLevel: "silent" });
    const [document] = documents;
    return document === undefined || document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount });
  } catch {
    return undefined;
  }
}
