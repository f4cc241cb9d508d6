import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { canSharePort, listenShared, type SharedPort } from "../../src/server/shared-port.js";

const host = "127.0.0.1";
const isShared = canSharePort(process.versions.node, process.platform);
const burst = 96;

describe("a port with several sockets", () => {
  const open: { readonly server: Server; readonly shared: SharedPort }[] = [];
  const clients: Socket[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await Promise.all(
      open.splice(0).flatMap(({ server, shared }) => [shared.close(), new Promise((done) => server.close(done))]),
    );
  });

  async function start(port = 0) {
    let taken = 0;
    const server = createServer((socket) => {
      taken += 1;
      socket.on("end", () => socket.end()).resume();
    });
    const shared = await listenShared(server, { port, host });
    open.push({ server, shared });
    return { port: (server.address() as AddressInfo).port, taken: () => taken };
  }

  for (const { version, platform, want } of [
    { version: "20.19.0", platform: "linux", want: false },
    { version: "22.11.0", platform: "linux", want: false },
    { version: "22.12.0", platform: "linux", want: true },
    { version: "23.0.0", platform: "linux", want: false },
    { version: "23.1.0", platform: "linux", want: true },
    { version: "24.0.0", platform: "linux", want: true },
    { version: "24.0.0", platform: "darwin", want: false },
  ] as const) {
    it(`is ${want ? "there" : "not to be had"} with Node.js ${version} on ${platform}`, () => {
      assert.equal(canSharePort(version, platform), want);
    });
  }

  it("takes all of a burst of connections, and in a fraction of as many turns where it is shared", async () => {
    const { port, taken } = await start();
    for (let nth = 0; nth < burst; nth += 1) clients.push(connect({ port, host }));
    let turns = 0;
    for (; taken() < burst; turns += 1) await nextTurn();
    if (isShared) assert.ok(turns < burst / 2, `${turns} turns for ${burst} connections`);
  });

  it("is refused to whoever comes second, though that one would share it too", async () => {
    const { port } = await start();
    await assert.rejects(start(port), { code: "EADDRINUSE" });
  });

  it("is free again once it was closed, and takes nothing more", async () => {
    const { port } = await start();
    const [first] = open.splice(0);
    assert.ok(first);
    await Promise.all([first.shared.close(), new Promise((done) => first.server.close(done))]);
    const refused = connect({ port, host });
    await assert.rejects(once(refused, "connect"), { code: "ECONNREFUSED" });
    assert.equal((await start(port)).port, port);
  });
});
