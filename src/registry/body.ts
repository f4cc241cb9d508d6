import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import * as z from "zod";
import { fault } from "./fault.js";
import { foreignText } from "./foreign-text.js";
import type { BodyRead, HttpAnswer } from "./transport.js";

const inflate = promisify(gunzip);

/**
 * The body of an answer, unpacked if it came gzipped although nobody asked, as Go's client does.
 * @param maxBytes  limit for what is read and for what it unpacks to
 */
export async function readBody(answer: HttpAnswer, maxBytes: number, peer: string): Promise<BodyRead> {
  const read = await answer.body(maxBytes);
  if (read.kind === "fault" || read.bytes.byteLength === 0) return read;
  if (answer.header("content-encoding")?.toLowerCase() !== "gzip") return read;
  if (!read.complete)
    return { kind: "fault", fault: fault("response-too-large", peer, "the packed body is too large") };
  try {
    return { ...read, bytes: new Uint8Array(await inflate(read.bytes, { maxOutputLength: maxBytes })) };
  } catch (error) {
    const tooLarge = error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    const [kind, detail] = tooLarge
      ? (["response-too-large", "the unpacked body is too large"] as const)
      : (["malformed-response", "the body is not valid gzip"] as const);
    return { kind: "fault", fault: fault(kind, peer, detail) };
  }
}

const errorBody = z.object({
  errors: z.array(z.object({ code: z.coerce.string().catch(""), message: z.string().catch("") })).min(1),
});

/** Errors of a distribution error body, at most 10, each text fit for a message; none if the body is anything else. */
export function registryErrors(bytes: Uint8Array): readonly { readonly code: string; readonly message: string }[] {
  const parsed = errorBody.safeParse(parseJson(bytes));
  if (!parsed.success) return [];
  return parsed.data.errors
    .slice(0, 10)
    .map(({ code, message }) => ({ code: foreignText(code), message: foreignText(message) }));
}

/** The value of a JSON text in UTF-8, or undefined if it is none. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}
