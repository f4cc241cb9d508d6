import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { BodySink, Exchange } from "../../src/registry/index.js";
import { type Answer, clientWith, headOf, type Loopback, listen, registryHost, route } from "./loopback.js";

const mebibyte = 1024 * 1024;
const body = Buffer.concat(
  Array.from({ length: 9 }, (_, at) =>
    createHash("shake256", { outputLength: mebibyte + 7 })
      .update(String(at))
      .digest(),
  ),
);
const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Hashes what it is shown at once, and remembers nothing. `hold`: what each write waits for. */
function hashing(hold?: () => Promise<void> | undefined) {
  const hash = createHash("sha256");
  let received = 0;
  let isBusy = false;
  const sink: BodySink = {
    begin: () => true,
    write(chunk) {
      assert.ok(!isBusy, "a chunk came while another was held back");
      received += chunk.byteLength;
      const held = hold?.();
      if (held === undefined) {
        hash.update(chunk);
        return undefined;
      }
      isBusy = true;
      // The chunk must still be what it was.
      return held.then(() => {
        isBusy = false;
        hash.update(chunk);
      });
    },
  };
  return { sink, received: () => received, digest: () => hash.digest("hex") };
}

async function withServer(
  answer: Answer,
  run: (ask: (sink: BodySink, signal?: AbortSignal) => Promise<Exchange>, server: Loopback) => Promise<void>,
): Promise<void> {
  const server = await listen(answer);
  const client = clientWith({ connectTo: route({ "reg.test": server.port }) });
  const session = client.session(undefined);
  const host = registryHost("reg.test", { scheme: "http" });
  try {
    await run(
      (sink, signal = AbortSignal.timeout(20_000)) =>
        session.exchange({ ...headOf(host), method: "GET", sink }, signal),
      server,
    );
  } finally {
    await client.close();
    await server.close();
  }
}

const whole: Answer = (_request, response) => {
  response.writeHead(200, { "content-length": body.byteLength }).end(body);
};
const chunked: Answer = (_request, response) => {
  response.writeHead(200).end(body);
};
const statusOf = (got: Exchange): unknown => (got.kind === "response" ? got.status : got);

describe("a long body", () => {
  for (const [name, answer] of [
    ["of known length", whole],
    ["of unknown length", chunked],
  ] as const) {
    for (const [manner, hold] of [
      ["at once", undefined],
      ["that holds each chunk back", () => new Promise<void>((resolve) => setImmediate(resolve))],
      ["that holds some chunks back", everyOther()],
    ] as const) {
      it(`${name} arrives whole at a sink ${manner}, twice`, async () => {
        await withServer(answer, async (ask) => {
          for (let turn = 0; turn < 2; turn += 1) {
            const taken = hashing(hold);
            assert.equal(statusOf(await ask(taken.sink)), 200);
            assert.equal(taken.digest(), digestOf(body));
          }
        });
      });
    }
  }

  it("that is cut is a fault, with what came before it taken", async () => {
    const cutting: Answer = (_request, response) => {
      response.writeHead(200, { "content-length": body.byteLength });
      response.write(body.subarray(0, 6 * mebibyte), () => response.destroy());
    };
    await withServer(cutting, async (ask) => {
      const taken = hashing();
      const got = await ask(taken.sink);
      assert.equal(got.kind === "fault" && got.fault.kind, "reset");
      assert.ok(taken.received() > 0 && taken.received() <= 6 * mebibyte);
    });
  });

  it("ends with the signal, also while a chunk is held back", async () => {
    await withServer(whole, async (ask) => {
      const stop = new AbortController();
      let chunks = 0;
      const sink: BodySink = {
        begin: () => true,
        write: () => {
          chunks += 1;
          if (chunks < 4) return undefined;
          stop.abort();
          return new Promise(() => {});
        },
      };
      const got = await ask(sink, stop.signal);
      assert.equal(got.kind === "fault" && got.fault.kind, "aborted");
      assert.equal(chunks, 4);
    });
  });

  it("takes no more than was announced", async () => {
    const more: Answer = (_request, response) => {
      response.writeHead(200, { "content-length": body.byteLength });
      response.write(body);
      response.socket?.write("HTTP/1.1 200 OK\r\n\r\n");
    };
    await withServer(more, async (ask) => {
      const taken = hashing();
      assert.equal(statusOf(await ask(taken.sink)), 200);
      assert.equal(taken.received(), body.byteLength);
    });
  });
});

function everyOther(): () => Promise<void> | undefined {
  let count = 0;
  return () => {
    count += 1;
    return count % 2 === 0 ? undefined : new Promise((resolve) => setImmediate(resolve));
  };
}
