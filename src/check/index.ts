export type { Check, CheckInput, Report } from "./types.js";
