import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const steps = fileURLToPath(new URL("../../../bench/growth-steps.js", import.meta.url));
const script = `
  const { growthOf } = await import(${JSON.stringify(steps)});
  const { heapBytes } = await growthOf({ growing: "answers", size: Number(process.argv[1]) });
  process.stdout.write(String(heapBytes));
`;

async function heapOf(size: number): Promise<number> {
  const run = promisify(execFile);
  const args = ["--expose-gc", "--input-type=module", "--eval", script, String(size)];
  const { stdout } = await run(process.execPath, args);
  return Number(stdout);
}

describe("memory of answers", () => {
  it("one more takes less than a kilobyte and a half, with all that is remembered of its image", async function () {
    this.timeout(60_000);
    // What was lately found of blobs has a bound of its own, which both reach.
    const [fewer, more] = [await heapOf(2_500), await heapOf(5_500)];
    const each = (more - fewer) / 3_000;
    assert.ok(each < 1536, `${each.toFixed(0)} bytes`);
  });
});
