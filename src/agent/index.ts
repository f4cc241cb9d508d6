export { type AgentDeps, type AgentEvent, runAgent } from "./agent.js";
export type * from "./types.js";
