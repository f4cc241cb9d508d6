import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tarOf } from "../support/lab/index.js";

const mebibyte = 1024 * 1024;
const piece = Buffer.alloc(mebibyte, "a mebibyte of an archive ");

/** An archive with one file of so many mebibytes, piece by piece: it is never held as a whole. */
function* archiveOf(mebibytes: number): Generator<Buffer> {
  const [header = Buffer.alloc(0)] = [tarOf([{ name: "opt/big", body: Buffer.alloc(0) }]).subarray(0, 512)];
  const sized = Buffer.from(header);
  sized.write(`${(mebibytes * mebibyte).toString(8).padStart(11, "0")}\0`, 124);
  sized.write(" ".repeat(8), 148);
  const sum = sized.reduce((total, byte) => total + byte, 0);
  sized.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  yield sized;
  for (let count = 0; count < mebibytes; count += 1) yield piece;
  yield Buffer.alloc(1024);
}

function describedArchive(mebibytes: number): { readonly digest: string; readonly sizeBytes: number } {
  const hash = createHash("sha256");
  for (const part of archiveOf(mebibytes)) hash.update(part);
  return { digest: `sha256:${hash.digest("hex")}`, sizeBytes: mebibytes * mebibyte + 512 + 1024 };
}

describe("the memory that a layer takes", () => {
  const sizes = [16, 256];
  const layers = new Map(sizes.map((size) => [size, describedArchive(size)]));
  let server: Server;
  let child: ChildProcess;

  before(async () => {
    server = createServer((request, response) => {
      const [size, layer] = [...layers].find(([, { digest }]) => request.url?.endsWith(digest)) ?? [];
      if (size === undefined || layer === undefined) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { "content-length": layer.sizeBytes });
      const parts = archiveOf(size);
      const pour = (): void => {
        // Not a loop over the generator: leaving one would end it.
        for (let next = parts.next(); next.done !== true; next = parts.next()) {
          if (!response.write(next.value)) {
            response.once("drain", pour);
            return;
          }
        }
        response.end();
      };
      pour();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    child = fork(new URL("memory-program.js", import.meta.url), [`127.0.0.1:${port}`], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    await once(child, "message");
  });

  after(async () => {
    const gone = once(child, "exit");
    child.kill();
    await gone;
    server.close();
  });

  it("is bounded, whatever its size", async () => {
    const costs: { readonly verdict: string; readonly memoryBytes: number }[] = [];
    for (const layer of layers.values()) {
      child.send(layer);
      const [cost] = await once(child, "message");
      costs.push(cost as (typeof costs)[number]);
    }
    assert.deepEqual(
      costs.map(({ verdict }) => verdict),
      ["sound", "sound"],
    );
    const [, large] = costs;
    assert.ok((large?.memoryBytes ?? Number.POSITIVE_INFINITY) < 64 * mebibyte, JSON.stringify(costs));
  });
});
