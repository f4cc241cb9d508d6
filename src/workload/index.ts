export { changedImages } from "./changes.js";
export { type DistinctImage, distinctImages } from "./distinct.js";
export { readWorkloads } from "./read.js";
export type * from "./types.js";
