import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { companionArgument, tell } from "./processes.js";

/** Blobs by digest, each a file; `cutAfter`: the first answer for a blob ends after so many bytes. */
export interface BlobFiles {
  readonly files: Readonly<Record<string, string>>;
  readonly cutAfter?: number;
}

/** Serves files as blobs over plain HTTP, with ranges. */
const { files, cutAfter } = companionArgument<BlobFiles>();
const cut = new Set<string>();
const server = createServer((request, response) => {
  const digest = request.url?.split("/").at(-1) ?? "";
  const path = files[digest];
  if (path === undefined) {
    response.writeHead(404).end();
    return;
  }
  const { size } = statSync(path);
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const partial = start === 0 ? {} : { "content-range": `bytes ${start}-${size - 1}/${size}` };
  response.writeHead(start === 0 ? 200 : 206, { "content-length": size - start, ...partial });
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  const stream = createReadStream(path, { start, highWaterMark: 1024 * 1024 });
  if (cutAfter !== undefined && !cut.has(digest)) {
    cut.add(digest);
    let sent = 0;
    stream.on("data", (chunk) => {
      sent += chunk.length;
      if (sent > cutAfter) response.destroy();
    });
  }
  stream.pipe(response);
});
server.listen(0, "127.0.0.1", () => tell((server.address() as AddressInfo).port));
