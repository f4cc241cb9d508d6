import assert from "node:assert/strict";
import { expiringMemory } from "../../src/registry/expiring-memory.js";
import { fakeClock } from "../support/builders.js";

const minuteMs = 60_000;

describe("what expires", () => {
  const memory = (maxBytes = 1_000, maxValueBytes = 500) => {
    const clock = fakeClock(1_000_000);
    const kept = expiringMemory<string>({ clock, maxBytes, maxValueBytes, sizeOf: ({ length }) => length });
    return { clock, kept };
  };

  it("is given out until then, and never after", () => {
    const { clock, kept } = memory();
    kept.set("a", "token", 5_000);
    clock.advance(4_999);
    assert.equal(kept.get("a")?.value, "token");
    clock.advance(1);
    assert.equal(kept.get("a")?.value, undefined);
  });

  it("does not stay in memory until its place is wanted: it goes within a minute of use", () => {
    const { clock, kept } = memory();
    for (const name of ["a", "b", "c"]) kept.set(name, "account", 5_000);
    kept.set("d", "account", 5 * minuteMs);
    clock.advance(minuteMs);
    assert.equal(kept.get("e")?.value, undefined);
    assert.equal(kept.measured.size, 1);
    assert.equal(kept.get("d")?.value, "account");
    clock.advance(5 * minuteMs);
    kept.set("f", "account", 5_000);
    assert.equal(kept.measured.size, 1);
  });

  it("makes room for the newest, and is not kept where it alone is too large", () => {
    const { kept } = memory(1_000, 500);
    for (const name of ["a", "b", "c"]) kept.set(name, "x".repeat(400), minuteMs);
    assert.deepEqual(
      ["a", "b", "c"].map((name) => kept.get(name)?.value.length),
      [undefined, 400, 400],
    );
    kept.set("d", "x".repeat(501), minuteMs);
    assert.equal(kept.get("d")?.value, undefined);
    kept.delete("c");
    assert.equal(kept.get("c")?.value, undefined);
  });
});
