export { containersImageDialect } from "./dialect.js";
export { type BlobRules, blobRulesOf } from "./traits.js";
