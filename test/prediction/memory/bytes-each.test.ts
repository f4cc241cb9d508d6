import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const steps = fileURLToPath(new URL("../../../bench/growth-steps.js", import.meta.url));
const script = `
  const { growthOf } = await import(${JSON.stringify(steps)});
  const heaps = [];
  for (const size of process.argv.slice(1).map(Number)) {
    const { heapBytes } = await growthOf({ growing: "answers", size, rounds: 1 });
    heaps.push(heapBytes);
  }
  process.stdout.write(JSON.stringify(heaps));
`;

/** What answers for so many images take, in a process of their own. */
async function heapsOf(...sizes: readonly number[]): Promise<readonly number[]> {
  const args = ["--expose-gc", "--input-type=module", "--eval", script, ...sizes.map(String)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}

describe("memory of answers", () => {
  it("one more takes less than a kilobyte and a half, with all that is remembered of its image", async function () {
    this.timeout(60_000);
    // What was lately found of blobs has a bound of its own, which both reach.
    const [fewer = 0, more = 0] = await heapsOf(2_500, 4_500);
    const each = (more - fewer) / 2_000;
    assert.ok(each < 1536, `${each.toFixed(0)} bytes`);
  });
});
