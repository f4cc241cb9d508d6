import assert from "node:assert/strict";
import { runCli } from "../../src/cli/index.js";
import { createProgress } from "../../src/cli/verify-progress.js";
import { fakeIo } from "./fake-io.js";

const digest = `sha256:${"a".repeat(64)}`;

describe("pullguard verify", () => {
  it("checks as `check` does, and asks for whole layers", async () => {
    const io = fakeIo();
    assert.equal(await runCli(["verify", "nginx", "-n", "shop", "--no-cluster"], io), 0);
    assert.deepEqual(io.setups[0]?.verification, { bytesPerSecond: 0 });
    assert.equal(io.inputs[0]?.workloads[0]?.identity.namespace, "shop");
    assert.match(io.out(), /nginx/);
    assert.equal(io.err(), "");
  });

  it("is not what `check` does", async () => {
    const io = fakeIo();
    await runCli(["check", "nginx", "--no-cluster"], io);
    assert.equal(io.setups[0]?.verification, undefined);
    assert.equal(io.setups[0]?.layers, undefined);
  });

  it("leaves layers out where `check` is told to", async () => {
    const io = fakeIo();
    await runCli(["check", "nginx", "--no-cluster", "--no-layers"], io);
    assert.equal(io.setups[0]?.layers, "skip");
  });

  for (const [text, want] of [
    ["500k", 500_000],
    ["20M", 20_000_000],
    ["1.5MB", 1_500_000],
    ["2g/s", 2_000_000_000],
    ["1000", 1000],
  ] as const) {
    it(`takes ${text} for a rate`, async () => {
      const io = fakeIo();
      await runCli(["verify", "nginx", "--no-cluster", "--limit-rate", text], io);
      assert.equal(io.setups[0]?.verification?.bytesPerSecond, want);
    });
  }

  for (const text of ["fast", "-1", "0", "10 MB", "1e9"]) {
    it(`refuses ${text} as a rate`, async () => {
      const io = fakeIo();
      assert.equal(await runCli(["verify", "nginx", "--no-cluster", "--limit-rate", text], io), 2);
      assert.match(io.err(), /is no rate such as 500k/);
    });
  }

  it("shows bars only on a terminal, and takes them away before the report", async () => {
    const io = fakeIo({ stderrIsTTY: true });
    await runCli(["verify", "nginx", "--no-cluster"], io);
    const { observer } = io.setups[0]?.verification ?? {};
    assert.ok(observer);
    observer.onLayer(digest, 1000);
    assert.match(io.err(), /sha256:aaaaaaaaaaaa \[ {24}\] {3}0% of 1\.0 kB/);
  });
});

describe("the bars of layers", () => {
  it("are drawn anew in their place, not more often than eyes follow", () => {
    const written: string[] = [];
    let now = 0;
    const progress = createProgress({ write: (text) => written.push(text) }, 80, () => now);
    progress.observer.onLayer(digest, 1_000_000);
    now = 50;
    progress.observer.onBytes(digest, 100_000);
    assert.equal(written.length, 1);
    now = 200;
    progress.observer.onBytes(digest, 400_000);
    assert.match(written.at(-1) ?? "", /\[={12} {12}\] {2}50% of 1\.0 MB\n0 done, 1 under way, 500\.0 kB, 2\.5 MB\/s/);
    assert.equal(written.at(-2), "\u001b[2A\u001b[J");
    progress.observer.onDone(digest, "read");
    progress.clear();
    assert.equal(written.at(-1), "\u001b[1A\u001b[J");
  });
});
