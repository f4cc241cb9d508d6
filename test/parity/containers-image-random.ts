import type { Lab } from "../support/lab/index.js";
import type { NodeWithPulls } from "./containers-image-node.js";

/** `PULLGUARD_PARITY_SEED`, or a new one. */
export function seedOfRun(): number {
  return Number(process.env.PULLGUARD_PARITY_SEED ?? Math.floor(Math.random() * 2 ** 31));
}

export function nodesAtRandom(_lab: Lab, _seed: number): readonly NodeWithPulls[] {
  return [];
}
