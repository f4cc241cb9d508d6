export { normalisedReference, pullObject, repositoryName, runtimeReference } from "./format.js";
export { parseReference } from "./parse.js";
export type * from "./types.js";
