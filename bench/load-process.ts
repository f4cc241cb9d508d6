import { type LoadOrder, loadOnce } from "./load.js";
import { companionArgument, tell } from "./processes.js";

/** Loads what it is told to, one order after another. */
companionArgument<null>();
process.on("message", (order: LoadOrder) => {
  loadOnce(order).then(tell, (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
});
tell("ready");
