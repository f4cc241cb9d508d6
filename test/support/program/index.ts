export { type PlainRegistry, startPlainRegistry } from "./plain-registry.js";
export { type PlainAnswer, type ProgramCluster, type ServingProgram, startProgram } from "./program.js";
