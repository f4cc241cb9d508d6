import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { judgeAudit, parseAccepted } from "../../supply/audit-report.js";
import { isAllowed, licencePage, runtimePackages } from "../../supply/licences.js";

const registry = "https://registry.npmjs.org/";
const lock = readFileSync("package-lock.json", "utf8");

describe("the packages that run with Pullguard", () => {
  it("have licences that are allowed", () => {
    const packages = runtimePackages(lock);
    assert.ok(packages.length > 20);
    assert.deepEqual(
      packages.filter(({ licence }) => !isAllowed(licence)),
      [],
    );
  });

  it("are those of docs/licences.md (npm run licences)", () => {
    assert.equal(readFileSync("docs/licences.md", "utf8"), licencePage(runtimePackages(lock)));
  });

  it("come from the registry alone, each with the hash of its archive", () => {
    const { packages } = JSON.parse(lock) as { packages: Record<string, { resolved?: string; integrity?: string }> };
    const foreign = Object.entries(packages).filter(
      ([path, { resolved = registry, integrity = "" }]) =>
        path !== "" && !(resolved.startsWith(registry) && integrity.startsWith("sha512-")),
    );
    assert.deepEqual(foreign, []);
  });

  it("leave out what is for development alone", () => {
    const names = new Set(runtimePackages(lock).map(({ name }) => name));
    const { dependencies, devDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
    for (const name of Object.keys(dependencies)) assert.ok(names.has(name), name);
    assert.ok(!names.has("mocha") && "mocha" in devDependencies);
  });
});

describe("a licence", () => {
  const table = [
    { given: "MIT", want: true },
    { given: "(MIT OR GPL-3.0-only)", want: true },
    { given: "GPL-3.0-only OR AGPL-3.0-only", want: false },
    { given: "MIT AND Apache-2.0", want: true },
    { given: "MIT AND GPL-2.0-only", want: false },
    { given: "(MIT OR Apache-2.0) AND Foo", want: false },
    { given: "SEE LICENSE IN LICENSE.md", want: false },
    { given: "UNLICENSED", want: false },
    { given: "", want: false },
  ];
  for (const { given, want } of table) {
    it(`${JSON.stringify(given)} is ${want ? "" : "not "}allowed`, () => assert.equal(isAllowed(given), want));
  }
});

describe("npm's audit", () => {
  const advisory = { url: "https://github.com/advisories/GHSA-aaaa-bbbb-cccc", title: "a hole", severity: "high" };
  const report = (...via: readonly object[]): string =>
    JSON.stringify({ vulnerabilities: { pkg: { severity: "high", via: ["other", ...via] } } });
  const accepted = [{ id: "GHSA-aaaa-bbbb-cccc", reason: "is not reached from here", until: "2026-12-31" }];
  const table = [
    { name: "nothing", given: '{"vulnerabilities":{}}', want: "clean" },
    { name: "a grave advisory", given: report(advisory), want: "found" },
    { name: "a moderate one", given: report({ ...advisory, severity: "moderate" }), want: "clean" },
    { name: "one that is accepted", given: report(advisory), accepted, want: "clean" },
    { name: "one whose acceptance has run out", given: report(advisory), accepted, today: "2027-01-01", want: "found" },
    { name: "a registry that refuses the question", given: '{"error":{"summary":"405"}}', want: "unreachable" },
    { name: "no answer at all", given: "", want: "unreachable" },
  ];
  for (const { name, given, accepted: borne = [], today = "2026-12-01", want } of table) {
    it(`with ${name} is ${want}`, () => assert.equal(judgeAudit(given, borne, today).kind, want));
  }

  it("is not to be appeased without a reason and a day", () => {
    assert.deepEqual(parseAccepted(readFileSync("supply/accepted-advisories.json", "utf8")), []);
    assert.throws(() => parseAccepted('[{"id":"GHSA-aaaa-bbbb-cccc","reason":"","until":"2026-12-31"}]'));
    assert.throws(() => parseAccepted('[{"id":"GHSA-aaaa-bbbb-cccc","reason":"is not reached from here"}]'));
  });
});
