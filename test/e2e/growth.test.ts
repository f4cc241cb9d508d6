import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const program = fileURLToPath(new URL("growth-program.js", import.meta.url));
const imagesAPart = 500;

describe("a stream of images that nobody named before", () => {
  it("leaves memory as it is once the caches are full", async function () {
    this.timeout(120_000);
    const given = ["--expose-gc", program, "4", `${imagesAPart}`, `${1024 * 1024}`];
    const { stdout } = await promisify(execFile)(process.execPath, given);
    const { heaps, gate }: { heaps: number[]; gate: unknown } = JSON.parse(stdout);
    assert.deepEqual(gate, { inFlight: 0, queued: 0 });
    const [, atN = 0, , atTwoN = 0] = heaps;
    // Tables of hosts and circuits are not full by then, for which an image leaves one or two kilobytes. Without a bound on
    // tokens it would be ten, on realms five; `24 800` as the program's arguments shows how it levels out.
    const perImage = (atTwoN - atN) / (2 * imagesAPart);
    assert.ok(perImage < 3_000, `${perImage.toFixed(0)} bytes stay of each image: ${heaps.join(", ")}`);
  });
});
