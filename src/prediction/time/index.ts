export { type PullRules, pullRules } from "./pull-rules.js";
export * from "./simulation/index.js";
