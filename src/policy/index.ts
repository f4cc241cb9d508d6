export { decide } from "./decide.js";
export type { Decision, Mode } from "./types.js";
export { warningLine } from "./warnings.js";
