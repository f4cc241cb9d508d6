import { type Document, parseAllDocuments } from "yaml";
import { z } from "zod";
import type { KubeletSettings } from "../types.js";
import { passingKubeletSettings } from "./fields.js";

// Real files have none; a thousand small ones can unfold to more than memory holds.
const maxAliasCount = 20;

const configSchema = z.looseObject({ kind: z.literal("KubeletConfiguration") });

/** What a KubeletConfiguration (YAML or JSON) says of pulls; undefined for text that is none. */
export function parseKubeletConfig(text: string): KubeletSettings | undefined {
  const config = configSchema.safeParse(parseYaml(text));
  return config.success ? passingKubeletSettings(config.data) : undefined;
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
