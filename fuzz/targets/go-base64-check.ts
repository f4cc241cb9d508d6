import assert from "node:assert/strict";
import { decodeGoBase64 } from "../../src/credentials/go-base64.js";
import type { Told } from "../target.js";

/** What Go decodes Node decodes to the same bytes; what has a foreign character Go refuses. */
export function parseGoBase64Check(input: string): Told {
  const shapes = [true, false].map((padding) => {
    const result = decodeGoBase64(input, { padding });
    const clean = input.replace(/[\r\n]/g, "");
    if (result.kind === "bytes") {
      assert.match(
        clean,
        padding ? /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/ : /^[A-Za-z0-9+/]*$/,
      );
      assert.deepEqual(Buffer.from(result.bytes), Buffer.from(clean, "base64"));
      return `${result.bytes.length % 3}`;
    }
    assert.match(result.message, /^illegal base64 data at input byte \d+$/);
    return "illegal";
  });
  return { shape: shapes.join(" ") };
}
