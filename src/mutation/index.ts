export { type PatchOperation, renderPatch, type WorkloadChange } from "./patch.js";
export { planMutations } from "./plan.js";
export type * from "./types.js";
export { writtenImagesAnnotation } from "./written-images.js";
