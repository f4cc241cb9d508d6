import type { BodyRead, HttpAnswer } from "./transport.js";
import type { BodySink, ContentRange } from "./types.js";

/** Passes the body of a success on to a sink, or leaves it unread where the sink does not want it. */
export async function streamBody(answer: HttpAnswer, sink: BodySink): Promise<BodyRead> {
  const contentLength = lengthOf(answer);
  const contentRange = rangeOf(answer.header("content-range"));
  const wanted = sink.begin({
    status: answer.status,
    ...(contentLength === undefined ? {} : { contentLength }),
    ...(contentRange === undefined ? {} : { contentRange }),
    contentEncoding: (answer.header("content-encoding") ?? "").toLowerCase().replace(/^identity$/, ""),
  });
  if (wanted) return await answer.stream((chunk) => sink.write(chunk));
  answer.close();
  return { kind: "bytes", bytes: new Uint8Array(), complete: false };
}

/** Unknown for a chunked body, and for a gzipped one, whose length as sent says nothing about the content. */
export function lengthOf(answer: HttpAnswer): number | undefined {
  const text = answer.header("content-length") ?? "";
  if (answer.header("transfer-encoding") !== undefined || answer.header("content-encoding") === "gzip")
    return undefined;
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** A `Content-Range` header, undefined where it is none of bytes. */
export function rangeOf(header: string | undefined): ContentRange | undefined {
  const parts = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(header ?? "");
  if (parts === null) return undefined;
  const [, first, last, total] = parts;
  return { first: Number(first), last: Number(last), ...(total === "*" ? {} : { total: Number(total) }) };
}
