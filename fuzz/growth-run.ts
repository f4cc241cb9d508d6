import { parseArgs } from "node:util";
import { growthOf, highestRatio } from "./growth.js";
import { fillings, repetitions, runs } from "./shapes.js";
import { targets } from "./targets/index.js";
import { startWatchdog } from "./watchdog.js";

// `--from` leaves out the targets before one.
const { values } = parseArgs({ options: { target: { type: "string", multiple: true }, from: { type: "string" } } });
const first = Math.max(
  0,
  targets.findIndex(({ name }) => name === values.from),
);
const watchdog = startWatchdog();
let measured = 0;
let found = 0;
for (const target of targets.slice(first)) {
  if (values.target !== undefined && !values.target.includes(target.name)) continue;
  let worst = 0;
  for (const shape of [...repetitions(target), ...runs(target), ...fillings(target)]) {
    watchdog.see(target.name, shape.name);
    const growth = await growthOf(target, shape);
    measured += 1;
    worst = Math.max(worst, growth.ratio);
    if (growth.ratio < highestRatio) continue;
    found += 1;
    const times = `${growth.smallMs.toFixed(2)} ms for ${growth.length}, ${growth.largeMs.toFixed(1)} ms for ten times as much`;
    console.log(`${target.name}: ${shape.name}: ratio ${growth.ratio.toFixed(0)} (${times})`);
  }
  console.log(`${target.name}: worst ratio ${worst.toFixed(1)}`);
}
console.log(`${measured} shapes, ${found} of them slower than linear`);
await watchdog.stop();
process.exitCode = found > 0 ? 1 : 0;
