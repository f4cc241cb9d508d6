import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { RegistryHost } from "../../src/node/index.js";
import { asked, type Changes, manifest, plain, responseOf, told } from "./asked.js";
import type { Answer } from "./loopback.js";

describe("the request", () => {
  const cases: { name: string; host?: Partial<RegistryHost>; changes?: Changes; want: string }[] = [
    { name: "goes to repository and endpoint under /v2", want: "HEAD /v2/team/app/manifests/v1" },
    {
      name: "goes under the path that the node's configuration names",
      host: { path: "/proxy/v2" },
      want: "HEAD /proxy/v2/team/app/manifests/v1",
    },
    { name: "goes under no path where there is none", host: { path: "" }, want: "HEAD /team/app/manifests/v1" },
    {
      name: "tells a mirror whose content is meant",
      host: { mirrorOf: "docker.io" },
      want: "HEAD /v2/team/app/manifests/v1?ns=docker.io",
    },
    {
      name: "keeps its own query before that",
      host: { mirrorOf: "reg.test:5000" },
      changes: { method: "GET", endpoint: "tags/list?n=100" },
      want: "GET /v2/team/app/tags/list?n=100&ns=reg.test%3A5000",
    },
    {
      name: "names a digest as it is written",
      changes: { endpoint: `blobs/sha256:${"a".repeat(64)}` },
      want: `HEAD /v2/team/app/blobs/sha256:${"a".repeat(64)}`,
    },
  ];
  for (const { name, host, changes, want } of cases) {
    it(name, async () => {
      const { server } = await asked((_request, response) => response.end(), changes, { ...plain, ...host });
      assert.deepEqual(server.lines(), [want]);
    });
  }

  it("carries Accept, User-Agent, the host as written, and the headers of the node's configuration", async () => {
    const headers = { "X-Team": ["a", "b"], Connection: ["close"], Host: ["other.test"] };
    const { server } = await asked(
      (_request, response) => response.end(),
      {},
      { ...plain, address: "reg.test:80", headers },
    );
    const seen = server.seen[0]?.headers;
    assert.equal(seen?.accept, "application/vnd.oci.image.manifest.v1+json, */*");
    assert.equal(seen?.["user-agent"], "pullguard/test");
    assert.equal(seen?.host, "reg.test:80");
    assert.equal(seen?.["x-team"], "a, b");
    assert.equal(seen?.connection, "keep-alive");
  });

  it("carries an Authorization that the node's configuration sets", async () => {
    const headers = { Authorization: ["Basic eDp5"] };
    const { server, result } = await asked((_request, response) => response.end(), {}, { ...plain, headers });
    assert.equal(server.seen[0]?.authorization, "Basic eDp5");
    assert.equal(responseOf(result).authorization, "basic");
  });
});

describe("the answer", () => {
  it("tells what its headers say", async () => {
    const { result } = await asked((_request, response) =>
      response
        .writeHead(200, {
          "content-type": "application/vnd.oci.image.index.v1+json ;charset=utf-8",
          "content-length": "1234",
          "docker-content-digest": "sha256:abc",
          "retry-after": "17",
          "ratelimit-remaining": "76;w=21600",
        })
        .end(),
    );
    assert.deepEqual(result, {
      kind: "response",
      url: `http://reg.test${manifest}`,
      method: "HEAD",
      status: 200,
      mediaType: "application/vnd.oci.image.index.v1+json ",
      contentLength: 1234,
      digestHeader: "sha256:abc",
      retryAfterSeconds: 17,
      rateLimit: { remaining: 76, windowSeconds: 21_600 },
      errors: [],
      authorization: "none",
      challenges: [],
    });
  });

  const body = "0123456789";
  const bodies: { name: string; answer: Answer; maxBodyBytes: number; want: string | undefined; length?: number }[] = [
    {
      name: "brings the whole body",
      answer: (_q, r) => r.writeHead(200, { "content-length": 10 }).end(body),
      maxBodyBytes: 10,
      want: body,
      length: 10,
    },
    { name: "brings no more of it than asked for", answer: (_q, r) => r.end(body), maxBodyBytes: 4, want: "0123" },
    {
      name: "brings none where none was asked for",
      answer: (_q, r) => r.writeHead(200, { "content-length": 10 }).end(body),
      maxBodyBytes: 0,
      want: undefined,
      length: 10,
    },
    {
      name: "unpacks gzip that nobody asked for",
      answer: (_q, r) => r.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(body)),
      maxBodyBytes: 100,
      want: body,
    },
  ];
  for (const { name, answer, maxBodyBytes, want, length } of bodies) {
    it(name, async () => {
      const { result } = await asked(answer, { method: "GET", maxBodyBytes });
      const response = responseOf(result);
      assert.equal(response.body === undefined ? undefined : Buffer.from(response.body).toString(), want);
      if (length !== undefined) assert.equal(response.contentLength, length);
    });
  }

  const broken: { name: string; answer: Answer; want: string }[] = [
    {
      name: "with broken gzip is malformed",
      answer: (_q, r) => r.writeHead(200, { "content-encoding": "gzip" }).end("no gzip"),
      want: "malformed-response",
    },
    {
      name: "whose gzip unpacks to far more is too large",
      answer: (_q, r) => r.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(5_000_000))),
      want: "response-too-large",
    },
    {
      name: "that ends before its length is a reset",
      answer: (_q, r) => {
        r.writeHead(200, { "content-length": 100 }).write("abc");
        setImmediate(() => r.socket?.destroy());
      },
      want: "reset",
    },
    {
      name: "without end is cut",
      answer: (_q, r) => {
        const pour = () => {
          if (!r.destroyed) r.write("x".repeat(65_536), () => setImmediate(pour));
        };
        pour();
      },
      want: "200",
    },
  ];
  for (const { name, answer, want } of broken) {
    it(name, async () => {
      const { result } = await asked(answer, { method: "GET", maxBodyBytes: 100_000 });
      assert.equal(told(result), want);
    });
  }

  it("brings the registry's errors, shortened, and its status even if their text stays away", async () => {
    const errors = [{ code: "DENIED", message: `no\u0007${"x".repeat(500)}`, detail: 1 }, { code: 7 }];
    const full = await asked((_q, r) => r.writeHead(403).end(JSON.stringify({ errors })), { method: "GET" });
    const [first, second] = responseOf(full.result).errors;
    assert.equal(first?.code, "DENIED");
    assert.match(first?.message ?? "", /^no x{196}…$/);
    assert.deepEqual(second, { code: "7", message: "" });
    const torn = await asked(
      (_q, r) => {
        r.writeHead(404, { "content-length": 100 }).write("{");
        setImmediate(() => r.socket?.destroy());
      },
      { method: "GET" },
    );
    assert.deepEqual([responseOf(torn.result).status, responseOf(torn.result).errors], [404, []]);
  });

  it("keeps an error page as the body where one was asked for", async () => {
    const { result } = await asked((_q, r) => r.writeHead(500).end("oops"), {
      method: "GET",
      maxBodyBytes: 3,
      isLastHost: false,
    });
    assert.equal(Buffer.from(responseOf(result).body ?? []).toString(), "oop");
  });
});
