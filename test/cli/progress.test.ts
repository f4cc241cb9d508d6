import assert from "node:assert/strict";
import { runCli } from "../../src/cli/index.js";
import { showProgress } from "../../src/cli/progress.js";
import { fakeIo } from "./fake-io.js";

describe("progress", () => {
  it("is shown after a second, counts, and is wiped in the end", async () => {
    const written: string[] = [];
    let shown: () => void = () => undefined;
    const first = new Promise<void>((resolve) => {
      shown = resolve;
    });
    const progress = showProgress(
      {
        write: (text) => {
          written.push(text);
          shown();
        },
      },
      3,
    );
    progress.step();
    assert.deepEqual(written, []);
    await first;
    progress.step();
    progress.end();
    const wipe = "\r\x1b[K";
    assert.deepEqual(written, [`${wipe}checking 3 images: 1 done`, `${wipe}checking 3 images: 2 done`, wipe]);
  });

  it("is nothing where the check is quick", () => {
    const written: string[] = [];
    const progress = showProgress({ write: (text) => written.push(text) }, 1);
    progress.step();
    progress.end();
    assert.deepEqual(written, []);
  });

  it("is asked for only where stderr is a terminal", async () => {
    for (const stderrIsTTY of [true, false]) {
      const io = fakeIo({ stderrIsTTY });
      assert.equal(await runCli(["check", "fine", "--no-cluster"], io), 0);
      assert.equal(io.setups[0]?.onFinding !== undefined, stderrIsTTY);
      assert.equal(io.err(), "");
    }
  });
});
