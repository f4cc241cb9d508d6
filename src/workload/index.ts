export { changedImages, changedImagesForMutation } from "./changes.js";
export { type DistinctImage, distinctImages } from "./distinct.js";
export { isBuiltInKind, type WorkloadKindName, workloadKindNames } from "./kinds.js";
export { parsePodTemplatePath } from "./pod-template-path.js";
export { readWorkloads } from "./read.js";
export type * from "./types.js";
