import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const program = fileURLToPath(new URL("growth-program.js", import.meta.url));
const imagesAPart = 500;

describe("a stream of images that nobody named before", () => {
  it("leaves memory as it is once the caches are full", async function () {
    this.timeout(120_000);
    const given = ["--expose-gc", program, "6", `${imagesAPart}`, `${1024 * 1024}`];
    const { stdout } = await promisify(execFile)(process.execPath, given);
    const { heaps, gate }: { heaps: number[]; gate: unknown } = JSON.parse(stdout);
    assert.deepEqual(gate, { inFlight: 0, queued: 0 });
    const [, , atN = 0, , , atTwoN = 0] = heaps;
    // Tables of hosts are not full by then. Without bounds an image would keep several kilobytes, a token 40, an error 60.
    const perImage = (atTwoN - atN) / (3 * imagesAPart);
    assert.ok(perImage < 2_500, `${perImage.toFixed(0)} bytes stay of each image: ${heaps.join(", ")}`);
  });
});
