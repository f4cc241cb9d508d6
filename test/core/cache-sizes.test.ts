import assert from "node:assert/strict";
import { createCacheSizes, namedCaches } from "../../src/core/index.js";

describe("the sizes of caches", () => {
  it("are what the caches say when somebody looks, parts of one name together", () => {
    const sizes = createCacheSizes();
    const outcomes = { size: 0, calculatedSize: 0 };
    sizes.add("outcomes", outcomes);
    sizes.add("tokens", { size: 1, calculatedSize: 10 });
    sizes.add("tokens", { size: 2, calculatedSize: 20 });
    namedCaches("audit_", sizes).add("outcomes", { size: 4, calculatedSize: 400 });
    Object.assign(outcomes, { size: 7, calculatedSize: 700 });
    assert.deepEqual(sizes.sizes(), [
      { cache: "outcomes", entries: 7, bytes: 700 },
      { cache: "tokens", entries: 3, bytes: 30 },
      { cache: "audit_outcomes", entries: 4, bytes: 400 },
    ]);
  });
});
