import assert from "node:assert/strict";
import { likelyServiceRange } from "../../src/config/index.js";

describe("the likely range of Services", () => {
  for (const [address, want] of [
    ["10.96.0.1", "10.96.0.0/16"],
    ["172.20.0.1", "172.20.0.0/16"],
    ["34.118.224.1", "34.118.224.0/20"],
    ["10.0.7.1", "10.0.7.0/24"],
    ["10.96.0.10", "10.96.0.10"],
    ["fd00:10:96::1", "fd00:10:96::/108"],
    ["fd00:10:96::5", "fd00:10:96::5"],
    ["kubernetes.default", "kubernetes.default"],
  ] as const) {
    it(`around ${address} is ${want}`, () => assert.equal(likelyServiceRange(address), want));
  }
});
