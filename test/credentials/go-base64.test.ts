import assert from "node:assert/strict";
import { decodeGoBase64 } from "../../src/credentials/go-base64.js";

// Every row was read off Go's encoding/base64, `StdEncoding` for padded and `RawStdEncoding` for unpadded.
const cases: readonly { name: string; given: string; padding: boolean; want: string | { illegalAt: number } }[] = [
  { name: "reads padded text", given: "dTpw", padding: true, want: "u:p" },
  { name: "reads two padding characters", given: "dTo6cA==", padding: true, want: "u::p" },
  { name: "reads unpadded text", given: "dTo6cA", padding: false, want: "u::p" },
  { name: "reads nothing as nothing", given: "", padding: true, want: "" },
  { name: "skips line breaks anywhere", given: "d\nT\r\npw\n", padding: true, want: "u:p" },
  { name: "skips line breaks between and behind the padding", given: "dTo6cA=\r\n=\n", padding: true, want: "u::p" },
  { name: "does not look at unused trailing bits", given: "dTo6cB==", padding: true, want: "u::p" },
  {
    name: "refuses a character outside the alphabet where it stands",
    given: "%%",
    padding: true,
    want: { illegalAt: 0 },
  },
  { name: "refuses the URL-safe alphabet", given: "dT-w", padding: true, want: { illegalAt: 2 } },
  { name: "refuses a space at the end", given: "dTpw ", padding: true, want: { illegalAt: 4 } },
  { name: "refuses missing padding at the start of its group", given: "dTo6cA", padding: true, want: { illegalAt: 4 } },
  { name: "counts a line break inside an unfinished group", given: "dTo6c\nA", padding: true, want: { illegalAt: 5 } },
  { name: "refuses half of the padding at the text's end", given: "dTo6cA=", padding: true, want: { illegalAt: 7 } },
  { name: "refuses half of the padding before another byte", given: "dTo6cA=x", padding: true, want: { illegalAt: 6 } },
  { name: "refuses padding after one digit", given: "d===", padding: true, want: { illegalAt: 1 } },
  { name: "refuses anything behind the padding", given: "dTo6cA==dTo", padding: true, want: { illegalAt: 8 } },
  { name: "refuses padding where none is due", given: "dTo6cA==", padding: false, want: { illegalAt: 6 } },
  { name: "refuses a lone digit in unpadded text", given: "dTpwd", padding: false, want: { illegalAt: 4 } },
];

describe("Go base64", () => {
  for (const { name, given, padding, want } of cases) {
    it(name, () => {
      const got = decodeGoBase64(given, { padding });
      if (typeof want === "string") {
        assert.equal(got.kind === "bytes" ? Buffer.from(got.bytes).toString() : got.message, want);
      } else {
        const message = `illegal base64 data at input byte ${want.illegalAt}`;
        assert.deepEqual(got, { kind: "illegal", message });
      }
    });
  }
});
