export { decodeConfig } from "./config.js";
export { isDigest, matchesDigest, sha256Digest } from "./digest.js";
export { readJson } from "./json.js";
export { decodeManifest, maxManifestBytes } from "./manifest.js";
export {
  isConfigType,
  isIndexType,
  isManifestType,
  isSchema1Type,
  manifestAccept,
  mediaTypes,
} from "./media-types.js";
export {
  formatPlatform,
  matchesPlatform,
  normalisePlatform,
  type PlatformReading,
  parsePlatform,
  platformPreferences,
} from "./platform.js";
export type * from "./types.js";
