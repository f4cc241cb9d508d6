import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { catalogue } from "../../src/findings/index.js";

const page = readFileSync("docs/troubleshooting.md", "utf8");
const recorded = readFileSync("test/fixtures/node-truth.json", "utf8");

describe("the page that starts from a runtime's message", () => {
  const parts = [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, part = ""]) => part);

  it("quotes what real runtimes said", () => {
    assert.ok(parts.length > 20, `${parts.length} parts of messages`);
    assert.deepEqual(
      parts.filter((part) => !recorded.includes(part)),
      [],
    );
  });

  it("leads to causes that there are", () => {
    const links = [...page.matchAll(/\[(\w+)\]\(findings\.md#(\w+)\)/g)];
    for (const [, code = "", anchor] of links) {
      assert.ok(Object.hasOwn(catalogue, code), code);
      assert.equal(anchor, code.toLowerCase());
    }
  });
});
