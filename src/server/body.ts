import type { IncomingMessage } from "node:http";

/** What came of reading a body. */
export type JsonBody =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "refused"; readonly status: number; readonly code: string; readonly message: string }
  /** The client has gone; nobody is left to answer. */
  | { readonly kind: "gone" };

const wrongType: JsonBody = {
  kind: "refused",
  status: 415,
  code: "UnsupportedMediaType",
  message: "the content type must be application/json in UTF-8, without content encoding",
};
const empty = invalid("the body is empty, expected an AdmissionReview");
const notJson = invalid("the body is not valid JSON");

/**
 * Reads and parses a request's body. Written out here because express.json spends more on one review than all of
 * Pullguard does: it negotiates encodings and charsets that no API server sends.
 * @param maxBytes  a larger body is refused as soon as that is known
 */
export function readJsonBody(req: IncomingMessage, maxBytes: number): Promise<JsonBody> {
  const { headers } = req;
  if (!isJsonType(headers["content-type"]) || (headers["content-encoding"] ?? "identity") !== "identity") {
    return Promise.resolve(wrongType);
  }
  if (Number(headers["content-length"] ?? 0) > maxBytes) {
    return Promise.resolve(tooLarge(maxBytes));
  }
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    req.on("data", (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) {
        // What still comes is thrown away by Node once the answer is out.
        req.removeAllListeners("data");
        req.pause();
        resolve(tooLarge(maxBytes));
        return;
      }
      chunks.push(chunk);
    });
    req.once("end", () => resolve(parse(chunks)));
    req.once("close", () => resolve({ kind: "gone" }));
  });
}

function parse(chunks: readonly Buffer[]): JsonBody {
  const [first] = chunks;
  if (first === undefined) {
    return empty;
  }
  const bytes = chunks.length === 1 ? first : Buffer.concat(chunks);
  try {
    return { kind: "json", value: JSON.parse(bytes.toString("utf8")) };
  } catch {
    // V8's message quotes the body, which may hold what nobody should read in a log.
    return notJson;
  }
}

/** JSON is UTF-8; another charset would be read as something else than was meant. */
function isJsonType(contentType: string | undefined): boolean {
  return (
    contentType === "application/json" ||
    /^application\/json\s*(;\s*charset="?utf-8"?\s*)?;?\s*$/i.test(contentType ?? "")
  );
}

function tooLarge(maxBytes: number): JsonBody {
  return { kind: "refused", status: 413, code: "BodyTooLarge", message: `the body is larger than ${maxBytes} bytes` };
}

function invalid(message: string): JsonBody {
  return { kind: "refused", status: 400, code: "ReviewInvalid", message };
}
