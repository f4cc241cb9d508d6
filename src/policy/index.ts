export type { Decision, Mode } from "./types.js";
