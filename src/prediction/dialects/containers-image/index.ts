export { containersImageDialect } from "./dialect.js";
export { type BlobRules, blobRules } from "./traits.js";
