import { z } from "zod";
import { fields, shapeFault, text, textMap, texts } from "./go-shape.js";
import { readJson } from "./json.js";
import type { ConfigDocument } from "./types.js";

/** A date and time as Go's `time.Time` takes it from JSON; releases differ in hours of one digit and in the comma. */
const rfc3339 = /^\d{4}-\d\d-\d\dT\d{1,2}:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)$/;
const time = z.string().regex(rfc3339, "is no date and time").nullish();
const flag = z.boolean().nullish();
/** `{"80/tcp": {}}`: Go wants an object, or nothing, behind every key. */
const keySet = z.custom<object>(isKeySet, "expected a map of objects").nullish();

const settings = fields({
  User: text,
  ExposedPorts: keySet,
  Env: texts,
  Entrypoint: texts,
  Cmd: texts,
  Volumes: keySet,
  WorkingDir: text,
  Labels: textMap,
  StopSignal: text,
});

const historyEntry = fields({ created: time, created_by: text, author: text, comment: text, empty_layer: flag });

const configSchema = fields({
  created: time,
  author: text,
  architecture: text,
  variant: text,
  os: text,
  "os.version": text,
  "os.features": texts,
  config: settings.nullish(),
  rootfs: fields({ type: text, diff_ids: texts }).nullish(),
  history: z.array(historyEntry.nullish()).nullish(),
});

/**
 * What the bytes of an image's config say. Reads as Go does: keys in any case, null like nothing, and a field of another
 * type makes the whole config unreadable. Never throws.
 * Source: opencontainers/image-spec v1.1 specs-go/v1/config.go `Image`, as containerd and containers-image decode it
 */
export function decodeConfig(bytes: Uint8Array): ConfigDocument {
  const body = readJson(bytes);
  if (body.kind === "unreadable") return body;
  // Go decodes a bare null into an image without anything.
  const parsed = configSchema.safeParse(body.value ?? {});
  if (!parsed.success) return { kind: "unreadable", reason: shapeFault(parsed.error) };
  const { os, architecture, variant, "os.version": osVersion, rootfs } = parsed.data;
  return {
    kind: "config",
    config: {
      os,
      architecture,
      variant,
      osVersion,
      hasRootfs: rootfs !== undefined && rootfs !== null,
      rootfsType: rootfs?.type ?? "",
      diffIds: rootfs?.diff_ids ?? [],
    },
  };
}

function isKeySet(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((member) => typeof member === "object" && !Array.isArray(member));
}
