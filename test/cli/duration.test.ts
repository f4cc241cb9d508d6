import assert from "node:assert/strict";
import { parseDurationMs } from "../../src/cli/duration.js";

describe("durations", () => {
  const valid = [
    { given: "10s", want: 10_000 },
    { given: "500ms", want: 500 },
    { given: "1m30s", want: 90_000 },
    { given: "1.5s", want: 1500 },
    { given: "24h", want: 86_400_000 },
  ];
  for (const { given, want } of valid) {
    it(`reads ${given}`, () => assert.equal(parseDurationMs(given, "--deadline"), want));
  }

  for (const given of ["", "10", "s", "-1s", "0s", "25h", "10 s", "1d", "1s!", "Infinitys"]) {
    it(`refuses ${JSON.stringify(given)} and names the flag`, () => {
      assert.throws(() => parseDurationMs(given, "--deadline"), { code: "InputInvalid", message: /^--deadline / });
    });
  }
});
