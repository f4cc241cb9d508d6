import assert from "node:assert/strict";
import type { Exchange } from "../../src/registry/index.js";
import { deadline } from "./asked.js";
import {
  type Answer,
  clientWith,
  credential,
  headOf,
  listen,
  movableClock,
  registryHost,
  route,
  using,
} from "./loopback.js";

const limits = {
  maxInFlight: 32,
  maxQueued: 256,
  circuit: { failures: 3, firstPauseMs: 1_000, longestPauseMs: 4_000 },
};
const ok: Answer = (_request, response) => response.writeHead(200, { "content-length": "2" }).end();
const plain = registryHost("reg.test", { scheme: "http" });

function kindOf(exchange: Exchange): string {
  return exchange.kind === "fault"
    ? exchange.fault.kind
    : exchange.kind === "response"
      ? `${exchange.status}`
      : "refused";
}

describe("what the client holds back", () => {
  it("requests to a registry that refuses connections, until it is there again", async () => {
    const gone = await listen(ok);
    await gone.close();
    const clock = movableClock();
    const ports = { "reg.test": gone.port };
    const client = clientWith({ limits, random: () => 0.5, clock, connectTo: (name) => route(ports)(name) });
    await using([client], async () => {
      const session = client.session(undefined);
      const ask = async () => kindOf(await session.exchange(headOf(plain), deadline()));
      assert.deepEqual(
        [await ask(), await ask(), await ask(), await ask()],
        ["refused", "refused", "refused", "circuit-open"],
      );
      assert.equal(client.health()[0]?.state, "open");
      await using([await listen(ok)], async (back) => {
        ports["reg.test"] = back.port;
        assert.equal(await ask(), "circuit-open");
        clock.forward(1_001);
        assert.equal(await ask(), "200");
        assert.deepEqual(back.lines(), ["GET /v2/", "HEAD /v2/team/app/manifests/v1"]);
        const [health] = client.health();
        assert.deepEqual([health?.state, health?.inFlight, health?.consecutiveFailures], ["closed", 0, 0]);
      });
    });
  });

  it("nothing where no limits are given", async () => {
    const gone = await listen(ok);
    await gone.close();
    const client = clientWith({ connectTo: route({ "reg.test": gone.port }) });
    await using([client], async () => {
      const session = client.session(undefined);
      for (let count = 0; count < 9; count += 1) {
        assert.equal(kindOf(await session.exchange(headOf(plain), deadline())), "refused");
      }
      assert.deepEqual(client.health(), []);
    });
  });

  it("a plain HTTP registry is reached however long its TLS port refuses", async () => {
    const gone = await listen(ok);
    await gone.close();
    await using([await listen(ok)], async (server) => {
      const connectTo = (_name: string, port: number) => ({
        address: "127.0.0.1",
        port: port === 443 ? gone.port : server.port,
      });
      const client = clientWith({ limits, connectTo });
      await using([client], async () => {
        for (let count = 0; count < 6; count += 1) {
          const host = registryHost("reg.test", { httpFallback: "plain-http-or-unreachable" });
          // Nothing is remembered of the repository, so each asks anew.
          const answer = await client
            .session(undefined)
            .exchange(headOf(host, { repository: `app${count}` }), deadline());
          assert.equal(kindOf(answer), "200");
        }
      });
    });
  });

  it("a sender that was told to wait, and no other", async () => {
    const limiting: Answer = ({ authorization }, response) => {
      if (authorization === undefined) response.writeHead(429, { "retry-after": "60" }).end();
      else response.writeHead(200, { "content-length": "2" }).end();
    };
    await using([await listen(limiting)], async (server) => {
      const clock = movableClock();
      const client = clientWith({ limits, clock, connectTo: route({ "reg.test": server.port }) });
      const named = registryHost("reg.test", { scheme: "http", headers: { authorization: ["Basic eDp5"] } });
      await using([client], async () => {
        const ask = async (host = plain, who = client.session(undefined)) =>
          kindOf(await who.exchange(headOf(host), deadline()));
        assert.deepEqual([await ask(), await ask()], ["429", "paused"]);
        assert.equal(server.lines().length, 1, "a registry that says when to come back is not asked again before");
        assert.equal(await ask(named, client.session(credential("jo", "secret"))), "200");
        assert.ok((client.health()[0]?.pausedUntilMs ?? 0) > clock.nowMs());
        clock.forward(60_001);
        assert.equal(await ask(), "429");
      });
    });
  });

  it("more at a time than a registry bears that says it is too much", async () => {
    const busy: Answer = (_request, response) => response.writeHead(503, { "content-length": "0" }).end();
    await using([await listen(busy)], async (server) => {
      const clock = movableClock();
      const bounds = { ...limits, maxInFlight: 16, startInFlight: 8, leastInFlight: 2 };
      const client = clientWith({ limits: bounds, clock, connectTo: route({ "reg.test": server.port }) });
      await using([client], async () => {
        const session = client.session(undefined);
        for (let count = 0; count < 3; count += 1) {
          assert.equal(kindOf(await session.exchange(headOf(plain), deadline())), "503");
          clock.forward(1);
        }
        const stop = new AbortController();
        const asked = Array.from({ length: 10 }, (_, index) =>
          session.exchange(headOf(plain, { repository: `app${index}` }), stop.signal),
        );
        await new Promise((resolve) => setImmediate(resolve));
        const [health] = client.health();
        assert.deepEqual([health?.inFlight, health?.queued], [2, 8]);
        stop.abort();
        await Promise.all(asked);
      });
    });
  });
});
