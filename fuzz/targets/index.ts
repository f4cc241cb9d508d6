import type { FuzzTarget } from "../target.js";
import { configs, reviews, workloads } from "./admission.js";
import { archives, imageConfigs, layers, manifests, tags } from "./content.js";
import { dockerCfg, dockerConfigJson, goBase64, kubeletYaml, secretObjects } from "./credentials.js";
import { imageNames, imagePatterns, shortTexts } from "./names.js";
import { nodeFileTargets } from "./node-files.js";
import { manifestFiles, profiles, watched } from "./objects.js";
import { answers, challenges, dialRules, errorBodies, redirects, tokens } from "./registry.js";

/** Every reader of what strangers write. */
export const targets: readonly FuzzTarget[] = [
  reviews,
  workloads,
  configs,
  imageNames,
  imagePatterns,
  shortTexts,
  dockerConfigJson,
  dockerCfg,
  secretObjects,
  goBase64,
  kubeletYaml,
  ...nodeFileTargets,
  profiles,
  watched,
  manifestFiles,
  challenges,
  answers,
  redirects,
  tokens,
  errorBodies,
  dialRules,
  manifests,
  imageConfigs,
  tags,
  archives,
  layers,
];
