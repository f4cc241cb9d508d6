export { type PlainRegistry, startPlainRegistry } from "./plain-registry.js";
export { type PlainAnswer, type ServingProgram, startProgram } from "./program.js";
