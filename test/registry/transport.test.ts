import assert from "node:assert/strict";
import { setMaxListeners } from "node:events";
import type { LookupFunction } from "node:net";
import { createServer as createTls } from "node:tls";
import type { RegistryHost } from "../../src/node/index.js";
import type { Exchange } from "../../src/registry/index.js";
import { createAuthority, selfSigned } from "../support/authority.js";
import {
  clientWith,
  headOf,
  impatientClock,
  type Loopback,
  listen,
  listenRaw,
  listenReply,
  registryHost,
  route,
  using,
} from "./loopback.js";

const ok = (_request: unknown, response: { end(): void }) => response.end();
const deadline = () => AbortSignal.timeout(8_000);

function told(result: Exchange): string {
  if (result.kind !== "fault") return result.kind === "response" ? String(result.status) : result.refusal.kind;
  const { fault } = result;
  if (fault.kind === "certificate") return `certificate ${fault.reason}`;
  return fault.kind === "timeout" ? `timeout ${fault.phase}` : fault.kind;
}

async function ask(server: Loopback, host: RegistryHost, signal = deadline()): Promise<Exchange> {
  const client = clientWith({ connectTo: route({ "reg.test": server.port }) });
  try {
    return await client.session(undefined).exchange(headOf(host), signal);
  } finally {
    await client.close();
  }
}

describe("peers that are not what they should be", () => {
  const alert = (level: number, description: number) => Buffer.from([0x15, 3, 3, 0, 2, level, description]);
  const cases: { name: string; serve: () => Promise<Loopback>; scheme?: "http"; want: string }[] = [
    { name: "an HTTP server behind an https address speaks plain HTTP", serve: () => listen(ok), want: "plain-http" },
    {
      name: "a fatal protocol_version alert means no common TLS version",
      serve: () => listenReply(alert(2, 70)),
      want: "tls-version",
    },
    {
      name: "a server that knows TLS 1.1 at most has no common TLS version, and is not taken for plain HTTP",
      serve: async () => {
        const { certificatePem: cert, keyPem: key } = await selfSigned({ names: ["reg.test"] });
        const old = createTls({ cert, key, minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" });
        return await listenRaw((socket) => old.emit("connection", socket));
      },
      want: "tls-version",
    },
    {
      name: "a hello in TLS 1.0 means no common TLS version",
      serve: () => listenReply(Buffer.from(`160301002a020000260301${"5a".repeat(32)}00c01300`, "hex")),
      want: "tls-version",
    },
    {
      name: "a handshake_failure alert is a failed handshake",
      serve: () => listenReply(alert(2, 40)),
      want: "tls-handshake",
    },
    {
      name: "a certificate_required alert asks for a client certificate",
      serve: () => listenReply(alert(2, 116)),
      want: "client-certificate-required",
    },
    {
      name: "noise that is neither TLS nor HTTP is a failed handshake",
      serve: () => listenReply("SSH-2.0-OpenSSH_9.6\r\n"),
      want: "tls-handshake",
    },
    {
      name: "a peer that hangs up during the handshake resets",
      serve: () => listenRaw((socket) => socket.once("data", () => socket.destroy())),
      want: "reset",
    },
    {
      name: "a peer that hangs up after the request resets",
      serve: () => listenRaw((socket) => socket.once("data", () => socket.resetAndDestroy())),
      scheme: "http",
      want: "reset",
    },
    {
      name: "noise over plain TCP is a malformed answer",
      serve: () => listenReply("SSH-2.0-x\r\n"),
      scheme: "http",
      want: "malformed-response",
    },
    {
      name: "a contradictory length is a malformed answer",
      serve: () => listenReply("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"),
      scheme: "http",
      want: "malformed-response",
    },
    {
      name: "a header beyond 32 KiB is too large",
      serve: () => listenReply(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(64 * 1024)}\r\n\r\n`),
      scheme: "http",
      want: "response-too-large",
    },
  ];
  for (const { name, serve, scheme = "https", want } of cases) {
    it(name, async () => {
      await using([await serve()], async (server) => {
        const result = await ask(server, registryHost("reg.test", { scheme }));
        assert.equal(told(result), want, JSON.stringify(result));
      });
    });
  }

  it("headers without end are cut off as too large", async () => {
    const endless = await listenRaw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\n");
      const drip = () => {
        if (!socket.destroyed) socket.write("x: y\r\n".repeat(1000), () => setImmediate(drip));
      };
      drip();
    });
    await using([endless], async (server) => {
      assert.equal(told(await ask(server, registryHost("reg.test", { scheme: "http" }))), "response-too-large");
    });
  });
});

describe("names and connections", () => {
  const failing =
    (code: string): LookupFunction =>
    (_name, _options, callback) =>
      callback(Object.assign(new Error("lookup"), { code, syscall: "getaddrinfo" }), "", 0);
  const names = [
    { code: "ENOTFOUND", want: "name-not-found" },
    { code: "EAI_AGAIN", want: "name-lookup-failed" },
  ];
  for (const { code, want } of names) {
    it(`a name whose lookup ends in ${code} is ${want}`, async () => {
      await using([clientWith({ lookup: failing(code) })], async (client) => {
        assert.equal(told(await client.session(undefined).exchange(headOf(registryHost("no.test")), deadline())), want);
      });
    });
  }

  it("a closed port refuses", async () => {
    const server = await listen(ok);
    await server.close();
    assert.equal(told(await ask(server, registryHost("reg.test"))), "refused");
  });

  it("an address that makes no URL cannot be reached", async () => {
    await using([clientWith()], async (client) => {
      const result = await client.session(undefined).exchange(headOf(registryHost("a b:x")), deadline());
      assert.equal(told(result), "unreachable");
    });
  });

  it("a connection that does not come about within the dial limit times out", async () => {
    const silent: LookupFunction = () => {};
    await using([clientWith({ lookup: silent, clock: impatientClock(1234) })], async (client) => {
      const host = registryHost("reg.test", { dialTimeoutMs: 1234 });
      assert.equal(told(await client.session(undefined).exchange(headOf(host), deadline())), "timeout connect");
    });
  });

  it("a handshake that is not answered within ten seconds times out", async () => {
    const mute = await listenRaw((socket) => void socket.resume());
    const client = clientWith({ clock: impatientClock(10_000), connectTo: route({ "reg.test": mute.port }) });
    await using([mute, client], async () => {
      const result = await client.session(undefined).exchange(headOf(registryHost("reg.test")), deadline());
      assert.equal(told(result), "timeout tls");
      assert.equal(await allGone(mute), true);
    });
  });
});

describe("abort", () => {
  // `kept`: connections that had done their work before and stay for the next request.
  const cases: {
    name: string;
    serve: () => Promise<Loopback>;
    scheme: "http" | "https";
    method?: "GET";
    kept?: number;
  }[] = [
    { name: "during the TLS handshake", serve: () => listenRaw((socket) => void socket.resume()), scheme: "https" },
    { name: "while no answer comes", serve: () => listen(() => {}), scheme: "http" },
    {
      name: "while a body drips",
      serve: () => listen((_request, response) => void response.writeHead(200, { "content-length": 100 }).write("x")),
      scheme: "http",
      method: "GET",
    },
    {
      name: "while an error body drips",
      serve: () => listen((_request, response) => void response.writeHead(404).write("x")),
      scheme: "http",
      method: "GET",
    },
    {
      name: "while the token server is silent",
      serve: () =>
        listen((request, response) => {
          if (request.url.startsWith("/token")) return;
          response.writeHead(401, { "www-authenticate": 'Bearer realm="http://reg.test/token"' }).end();
        }),
      scheme: "http",
      kept: 1,
    },
  ];
  for (const { name, serve, scheme, method = "HEAD", kept = 0 } of cases) {
    it(`${name} ends the exchange at once and frees the socket`, async () => {
      const server = await serve();
      const client = clientWith({ connectTo: route({ "reg.test": server.port }) });
      await using([server, client], async () => {
        const request = headOf(registryHost("reg.test", { scheme }), { method, maxBodyBytes: 1000 });
        const startedMs = performance.now();
        const result = await client.session(undefined).exchange(request, AbortSignal.timeout(300));
        assert.equal(told(result), "aborted");
        assert.ok(performance.now() - startedMs < 2_000);
        assert.equal(await allGone(server, kept), true);
      });
    });
  }

  it("before the start no connection is made", async () => {
    await using([await listen(ok)], async (server) => {
      assert.equal(
        told(await ask(server, registryHost("reg.test", { scheme: "http" }), AbortSignal.abort())),
        "aborted",
      );
      assert.equal(server.connections(), 0);
    });
  });

  it("while waiting for a free connection takes effect", async () => {
    const mute = await listen(() => {});
    const client = clientWith({ connectTo: route({ "reg.test": mute.port }) });
    await using([mute, client], async () => {
      const session = client.session(undefined);
      const request = headOf(registryHost("reg.test", { scheme: "http" }));
      const signal = AbortSignal.timeout(300);
      setMaxListeners(0, signal);
      const results = await Promise.all(Array.from({ length: 60 }, () => session.exchange(request, signal)));
      assert.deepEqual(new Set(results.map(told)), new Set(["aborted"]));
      assert.equal(mute.connections(), 48);
    });
  });
});

describe("kept connections", () => {
  it("one connection serves HEAD after HEAD, also with TLS", async () => {
    const authority = await createAuthority("Test Root");
    const server = await listen(ok, await authority.issue({ names: ["reg.test"] }));
    const client = clientWith({
      systemCaPems: [authority.certificatePem],
      connectTo: route({ "reg.test": server.port }),
    });
    await using([server, client], async () => {
      for (let count = 0; count < 5; count += 1) {
        assert.equal(
          told(await client.session(undefined).exchange(headOf(registryHost("reg.test")), deadline())),
          "200",
        );
      }
      assert.equal(server.connections(), 1);
    });
  });

  it("hosts that trust differently share none", async () => {
    const server = await listen(ok, await selfSigned({ names: ["reg.test"] }));
    const client = clientWith({ connectTo: route({ "reg.test": server.port }) });
    const lax = registryHost("reg.test", { tls: { verify: false, extraCaPems: [], clientCertificates: [] } });
    await using([server, client], async () => {
      const session = client.session(undefined);
      assert.equal(told(await session.exchange(headOf(lax), deadline())), "200");
      assert.equal(
        told(await session.exchange(headOf(registryHost("reg.test")), deadline())),
        "certificate self-signed",
      );
    });
  });

  it("one that the peer closed meanwhile is replaced without a word", async () => {
    const server = await listenRaw((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n");
        socket.once("data", () => socket.resetAndDestroy());
      });
    });
    const client = clientWith({ connectTo: route({ "reg.test": server.port }) });
    await using([server, client], async () => {
      const request = headOf(registryHost("reg.test", { scheme: "http" }));
      for (let count = 0; count < 3; count += 1) {
        assert.equal(told(await client.session(undefined).exchange(request, deadline())), "200");
      }
      assert.equal(server.connections(), 3);
    });
  });

  it("a body after a HEAD does not poison the next request", async () => {
    const server = await listenRaw((socket) => {
      socket.on("data", () =>
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: keep-alive\r\n\r\nhello"),
      );
    });
    const client = clientWith({ connectTo: route({ "reg.test": server.port }) });
    await using([server, client], async () => {
      const request = headOf(registryHost("reg.test", { scheme: "http" }));
      for (let count = 0; count < 3; count += 1) {
        assert.equal(told(await client.session(undefined).exchange(request, deadline())), "200");
      }
    });
  });
});

/** Whether the server's sockets close within two seconds. */
async function allGone(server: Loopback, kept = 0): Promise<boolean> {
  for (let round = 0; round < 200 && server.sockets.size > kept; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return server.sockets.size === kept;
}
