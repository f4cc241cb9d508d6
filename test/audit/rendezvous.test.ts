import assert from "node:assert/strict";
import { ownerOf } from "../../src/audit/index.js";

const works = Array.from({ length: 3_000 }, (_, index) => `reg${index}.test`);
const members = ["a", "b", "c"];

describe("sharing out", () => {
  it("gives every piece of work to one member, the same whatever their order", () => {
    for (const work of works.slice(0, 100)) {
      assert.equal(ownerOf(work, members), ownerOf(work, members.toReversed()));
      assert.ok(members.includes(ownerOf(work, members) ?? ""));
    }
    assert.equal(ownerOf("reg.test", []), undefined);
  });

  it("gives each member about as much as the others", () => {
    for (const member of members) {
      const share = works.filter((work) => ownerOf(work, members) === member).length / works.length;
      assert.ok(share > 0.3 && share < 0.37, `${member}: ${share}`);
    }
  });

  it("moves only the work of the member that goes, or what the one that comes gets", () => {
    for (const work of works) {
      const before = ownerOf(work, members);
      if (before !== "c") assert.equal(ownerOf(work, ["a", "b"]), before);
      const after = ownerOf(work, [...members, "d"]);
      assert.ok(after === before || after === "d");
    }
  });
});
