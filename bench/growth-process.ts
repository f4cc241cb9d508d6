import { type GrowthOrder, type GrowthPoint, growthOf } from "./growth-steps.js";
import { companionArgument, tell } from "./processes.js";

/** Measures one size of one thing that grows, in a process of its own, so that nothing of another size is left. */
const order = companionArgument<GrowthOrder>();
const point: GrowthPoint = await growthOf(order);
tell(point);
