import assert from "node:assert/strict";
import type { BodySink, ReadBody } from "../../src/registry/index.js";
import { type Answer, clientWith, headOf, listen, movableClock, route, using } from "./loopback.js";
import { alice, deadline, plain } from "./token-pair.js";

const size = 400_000;

/** What is told of a body that a sink takes; the server answers after 1000 s of the clock. */
async function transfersOf(sink: (clock: ReturnType<typeof movableClock>) => BodySink, status = 200) {
  const clock = movableClock();
  const told: ReadBody[] = [];
  const answer: Answer = (_request, response) => {
    clock.forward(1_000_000);
    response.writeHead(status).end(Buffer.alloc(size));
  };
  const server = await listen(answer);
  const connectTo = route({ "reg.test": server.port });
  const client = clientWith({ clock, connectTo, onTransfer: (transfer) => told.push(transfer) });
  await using([server, client], async () => {
    const request = headOf(plain, { method: "GET", endpoint: "blobs/sha256:aa", sink: sink(clock) });
    const got = await client.session(alice).exchange(request, deadline());
    assert.equal(got.kind, "response");
  });
  return told;
}

/** Takes everything; the first chunk holds the connection back for `heldMs` of the clock's time. */
const takes =
  (heldMs: number) =>
  (clock: ReturnType<typeof movableClock>): BodySink => {
    let first = true;
    return {
      begin: () => true,
      write: () => {
        if (!first) return undefined;
        first = false;
        return Promise.resolve().then(() => clock.forward(heldMs));
      },
    };
  };

describe("bodies that go to a sink", () => {
  it("are told with their bytes and the time that the network took", async () => {
    const [transfer, ...more] = await transfersOf(takes(500_000));
    assert.deepEqual(more, []);
    assert.equal(transfer?.registry, "reg.test");
    assert.equal(transfer?.bytes, size);
    // The server's 1000 s, without the 500 s for which the sink held it back.
    const hundreds = Math.floor((transfer?.durationMs ?? 0) / 100_000);
    assert.equal(hundreds, 10);
  });

  it("say nothing where they were mostly held back", async () => {
    assert.deepEqual(await transfersOf(takes(3_000_000)), []);
  });

  it("say nothing where they were left unread", async () => {
    assert.deepEqual(await transfersOf(() => ({ begin: () => false, write: () => undefined })), []);
    assert.deepEqual(await transfersOf(takes(0), 404), []);
  });
});
