import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import dockerRegistryClient from "docker-registry-client";
import type { RegistryHost } from "../../src/node/index.js";
import type { Exchange, ObservedRequest } from "../../src/registry/index.js";
import { selfSigned } from "../support/authority.js";
import { deadline, manifest, plain, responseOf, told } from "./asked.js";
import {
  type Answer,
  clientWith,
  credential,
  headOf,
  impatientClock,
  type Loopback,
  listen,
  listenRaw,
  registryHost,
  route,
  using,
} from "./loopback.js";

describe("plain HTTP behind https", () => {
  const lax = { verify: false, extraCaPems: [], clientCertificates: [] };
  const answerOk: Answer = (_request, response) => response.end();

  let requests = 0;

  async function fallback(
    address: string,
    httpFallback: RegistryHost["httpFallback"],
    tlsServer: Loopback,
    httpServer: Loopback,
    impatient = false,
  ) {
    const client = clientWith({
      ...(impatient ? { clock: impatientClock(10_000) } : {}),
      observer: {
        onRequest: () => {
          requests += 1;
        },
      },
      connectTo: (_name, port) => ({
        address: "127.0.0.1",
        port: port === 443 || port === 5000 ? tlsServer.port : httpServer.port,
      }),
    });
    const results: Exchange[] = [];
    requests = 0;
    await using([tlsServer, httpServer, client], async () => {
      for (const _ of [1, 2]) {
        const host = registryHost(address, { tls: lax, httpFallback });
        results.push(await client.session(undefined).exchange(headOf(host), deadline()));
      }
    });
    return results.map(told);
  }

  const closed = async () => {
    const server = await listen(answerOk);
    await server.close();
    return server;
  };
  const mute = () => listenRaw((socket) => void socket.resume());
  const cases: {
    name: string;
    address: string;
    fallback: RegistryHost["httpFallback"];
    first: () => Promise<Loopback>;
    want: string;
  }[] = [
    {
      name: "is a fault where it is not allowed",
      address: "reg.test:5000",
      fallback: "never",
      first: () => listen(answerOk),
      want: "plain-http",
    },
    {
      name: "is spoken where it is allowed",
      address: "reg.test:5000",
      fallback: "plain-http",
      first: () => listen(answerOk),
      want: "200",
    },
    {
      name: "is tried after a silent handshake",
      address: "reg.test",
      fallback: "plain-http",
      first: mute,
      want: "200",
    },
    {
      name: "is not tried after a refusal",
      address: "reg.test",
      fallback: "plain-http",
      first: closed,
      want: "refused",
    },
    {
      name: "is tried on port 80 after a refusal where no port is written",
      address: "reg.test",
      fallback: "plain-http-or-unreachable",
      first: closed,
      want: "200",
    },
    {
      name: "is not tried after a refusal where a port is written",
      address: "reg.test:5000",
      fallback: "plain-http-or-unreachable",
      first: closed,
      want: "refused",
    },
  ];
  for (const { name, address, fallback: rule, first, want } of cases) {
    it(name, async () => {
      const told = await fallback(address, rule, await first(), await listen(answerOk), first === mute);
      assert.deepEqual(told, [want, want]);
      // Only what fell back asks twice, and remembers it for the second exchange.
      assert.equal(requests, want === "200" ? 3 : 2);
    });
  }

  it("once spoken is spoken for the rest, tokens included", async () => {
    const registry = await listen((request, response) => {
      if (request.url === "/token") response.end(JSON.stringify({ access_token: "t" }));
      else if (request.authorization === "Bearer t") response.end();
      else response.writeHead(401, { "www-authenticate": 'Bearer realm="https://reg.test:5000/token"' }).end();
    });
    const client = clientWith({ connectTo: () => ({ address: "127.0.0.1", port: registry.port }) });
    await using([registry, client], async () => {
      const host = registryHost("reg.test:5000", { tls: lax, httpFallback: "plain-http" });
      const result = await client.session(credential("alice", "pw")).exchange(headOf(host), deadline());
      assert.equal(told(result), "200");
      assert.equal(responseOf(result).url, `http://reg.test:5000${manifest}`);
      assert.deepEqual(registry.lines(), [`HEAD ${manifest}`, "POST /token", `HEAD ${manifest} Bearer`]);
    });
  });

  it("is not spoken to a server that has TLS", async () => {
    const tlsServer = await listen(answerOk, await selfSigned({ names: ["reg.test"] }));
    assert.deepEqual(await fallback("reg.test", "plain-http-or-unreachable", tlsServer, await closed()), [
      "200",
      "200",
    ]);
  });
});

describe("observation", () => {
  it("every request is counted, under the registry it was for", async () => {
    const seen: ObservedRequest[] = [];
    const server = await listen((request, response) => {
      if (request.url.startsWith("/token")) response.end(JSON.stringify({ token: "t" }));
      else if (request.authorization === undefined) {
        response.writeHead(401, { "www-authenticate": 'Bearer realm="http://auth.test/token"' }).end();
      } else response.socket?.destroy();
    });
    const connectTo = route({ "reg.test": server.port, "auth.test": server.port });
    const client = clientWith({ connectTo, observer: { onRequest: (request) => seen.push(request) } });
    await using([server, client], async () => {
      assert.equal(told(await client.session(undefined).exchange(headOf(plain), deadline())), "reset");
      assert.deepEqual(
        seen.map(({ registry, method, status, fault }) => [registry, method, status ?? fault]),
        [
          ["reg.test", "HEAD", 401],
          ["reg.test", "GET", 200],
          ["reg.test", "HEAD", "reset"],
        ],
      );
      assert.ok(seen.every(({ durationMs }) => durationMs >= 0));
    });
  });
});

describe("a second opinion", () => {
  it("docker-registry-client finds the same manifest behind the same token server", async () => {
    const text = JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: `sha256:${"a".repeat(64)}`, size: 2 },
      layers: [
        { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: `sha256:${"b".repeat(64)}`, size: 3 },
      ],
    });
    const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
    const registry = await listen((request, response) => {
      const realm = `http://${request.headers.host}/token`;
      if (request.url.startsWith("/token")) response.end(JSON.stringify({ token: "t" }));
      else if (request.authorization !== "Bearer t") {
        const challenge = `Bearer realm="${realm}",service="reg",scope="repository:team/app:pull"`;
        response.writeHead(401, { "www-authenticate": challenge, "docker-distribution-api-version": "registry/2.0" });
        response.end(JSON.stringify({ errors: [{ code: "UNAUTHORIZED", message: "authentication required" }] }));
      } else {
        const type = "application/vnd.oci.image.manifest.v1+json";
        const headers = { "content-type": type, "docker-content-digest": digest, "content-length": text.length };
        response.writeHead(200, headers).end(request.method === "HEAD" ? undefined : text);
      }
    });
    const client = clientWith();
    await using([registry, client], async () => {
      const address = `127.0.0.1:${registry.port}`;
      const theirs = dockerRegistryClient.createClientV2({ name: `${address}/team/app`, scheme: "http" });
      const found = await new Promise<{ header: unknown; text: string }>((resolve, reject) => {
        theirs.getManifest({ ref: "v1", maxSchemaVersion: 2 }, (error, _manifest, response, body) => {
          if (error) reject(error);
          else resolve({ header: response.headers["docker-content-digest"], text: body });
        });
      });
      theirs.close();
      const host = registryHost(address, { scheme: "http" });
      const head = responseOf(await client.session(undefined).exchange(headOf(host), deadline()));
      assert.equal(head.status, 200);
      assert.equal(head.digestHeader, found.header);
      assert.equal(head.digestHeader, dockerRegistryClient.digestFromManifestStr(found.text));
      assert.equal(head.contentLength, Buffer.byteLength(found.text));
    });
  });
});
