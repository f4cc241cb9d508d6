import { z } from "zod";
import { readYaml } from "../../credentials/index.js";
import type { KubeletSettings } from "../types.js";
import { passingKubeletSettings } from "./fields.js";

// Real files have none; a thousand small ones can unfold to more than memory holds.
const maxAliasCount = 20;

const configSchema = z.looseObject({ kind: z.literal("KubeletConfiguration") });

/** What a KubeletConfiguration (YAML or JSON) says of pulls; undefined for text that is none. */
export function parseKubeletConfig(text: string): KubeletSettings | undefined {
  const config = configSchema.safeParse(readYaml(text, maxAliasCount)?.value);
  return config.success ? passingKubeletSettings(config.data) : undefined;
}
