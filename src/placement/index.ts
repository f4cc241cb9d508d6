export { placeOn } from "./candidates.js";
export {
  type AgentSign,
  type ClusterNode,
  type Coverage,
  type CoverDeps,
  coverNodes,
  type NodePrograms,
  type ProfileMaker,
} from "./coverage.js";
export {
  agentName,
  managedByLabel,
  type PublishedProfile,
  type PublishedProfileReading,
  readPublishedProfile,
} from "./published.js";
export type * from "./types.js";
export { type ProfileUsage, type ProfileUse, profileUsage } from "./usage.js";
export { whereOf } from "./where.js";
