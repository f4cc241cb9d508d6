import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";

const page = readFileSync("docs/security.md", "utf8");
const rows = page.split("\n").filter((line) => /^\| (?!Threat|---)/.test(line));

describe("docs/security.md", () => {
  it("names a test for every threat, and each of them exists", () => {
    assert.ok(rows.length > 30);
    for (const row of rows) {
      const named = [...row.matchAll(/`(test\/[\w./-]+)` "([^"]+)"/g)];
      assert.ok(named.length > 0, row);
      for (const [, file = "", name = ""] of named) {
        assert.ok(existsSync(file), `${file} is gone`);
        assert.ok(readFileSync(file, "utf8").includes(name), `${file} has no ${JSON.stringify(name)}`);
      }
    }
  });

  it("names places that exist", () => {
    for (const row of rows) {
      const where = row.split(/(?<!\\)\| /)[3] ?? "";
      for (const [, place = ""] of where.matchAll(/`([^`]+)`/g)) {
        assert.ok([place, `src/${place}`].some(existsSync), `${place} does not exist`);
      }
    }
  });
});
