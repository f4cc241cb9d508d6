import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { causeCodes } from "../../src/findings/index.js";
import { apiRows } from "./api-faults.js";
import { fileRows } from "./file-faults.js";
import { keptRows } from "./kept-faults.js";
import { faultsPage } from "./page.js";
import { processRows } from "./process-faults.js";
import { registryRows } from "./registry-faults.js";

describe("docs/faults.md", () => {
  it("is what the tables of faults say; npm run docs writes it", () => {
    assert.equal(readFileSync("docs/faults.md", "utf8"), faultsPage());
  });

  it("names causes that there are, and each fault once", () => {
    const rows = [...registryRows, ...apiRows, ...fileRows, ...keptRows, ...processRows];
    const said = rows.flatMap(({ expected }) => expected.says ?? []);
    assert.deepEqual(
      said.filter((code) => !causeCodes.some((known) => known === code)),
      [],
    );
    const faults = rows.map(({ fault }) => fault);
    assert.deepEqual(
      faults.filter((fault, index) => faults.indexOf(fault) !== index),
      [],
    );
  });
});
