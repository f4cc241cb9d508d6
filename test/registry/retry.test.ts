import assert from "node:assert/strict";
import { asked, type Changes, manifest, plain, responseOf, told } from "./asked.js";
import type { Answer } from "./loopback.js";

describe("asking again", () => {
  const always =
    (status: number): Answer =>
    (_request, response) =>
      response.writeHead(status).end();
  const once = (status: number): Answer => {
    let count = 0;
    return (_request, response) => {
      count += 1;
      response.writeHead(count === 1 ? status : 200).end();
    };
  };
  const head = `HEAD ${manifest}`;
  const cases: { name: string; answer: Answer; changes?: Changes; want: string; lines: string[] }[] = [
    {
      name: "405 to a manifest HEAD becomes a GET",
      answer: (request, response) => response.writeHead(request.method === "HEAD" ? 405 : 200).end("{}"),
      want: "200",
      lines: [head, `GET ${manifest}`],
    },
    {
      name: "405 to a blob HEAD stands",
      answer: always(405),
      changes: { endpoint: "blobs/sha256:x" },
      want: "405",
      lines: ["HEAD /v2/team/app/blobs/sha256:x"],
    },
    { name: "405 to the GET stands", answer: always(405), want: "405", lines: [head, `GET ${manifest}`] },
    { name: "429 is asked for again at once", answer: once(429), want: "200", lines: [head, head] },
    {
      name: "429 for ever ends after six requests",
      answer: always(429),
      want: "429",
      lines: Array<string>(6).fill(head),
    },
    {
      name: "408 for ever ends after five where the runtime stops there",
      answer: always(408),
      changes: { retry: { maxRequests: 5, serverErrorsOnLastHost: true } },
      want: "408",
      lines: Array<string>(5).fill(head),
    },
    { name: "503 on the last host is repeated once", answer: always(503), want: "503", lines: [head, head] },
    { name: "500 that was a hiccup is forgotten", answer: once(500), want: "200", lines: [head, head] },
    {
      name: "504 on another host is not repeated",
      answer: always(504),
      changes: { isLastHost: false },
      want: "504",
      lines: [head],
    },
    {
      name: "500 is not repeated by runtimes that never do",
      answer: always(500),
      changes: { retry: { maxRequests: 6, serverErrorsOnLastHost: false } },
      want: "500",
      lines: [head],
    },
    { name: "502 is never repeated", answer: always(502), want: "502", lines: [head] },
    { name: "403 is no reason to authorize", answer: always(403), want: "403", lines: [head] },
  ];
  for (const { name, answer, changes, want, lines } of cases) {
    it(name, async () => {
      const { result, server } = await asked(answer, changes);
      assert.equal(told(result), want);
      assert.deepEqual(server.lines(), lines);
    });
  }
});

describe("redirects", () => {
  const to =
    (location: string, status = 307): Answer =>
    (_request, response) =>
      response.writeHead(status, { location }).end("moved");

  for (const status of [301, 302, 303, 307, 308]) {
    it(`${status} is followed with the same method`, async () => {
      const { result, server } = await asked((request, response) => {
        if (request.url === manifest) to("/elsewhere?sig=secret", status)(request, response);
        else response.end();
      });
      assert.equal(told(result), "200");
      assert.equal(responseOf(result).url, "http://reg.test/elsewhere");
      assert.deepEqual(server.lines(), [`HEAD ${manifest}`, "HEAD /elsewhere?sig=secret"]);
    });
  }

  it("ten requests are made, an eleventh is not", async () => {
    const { result, server } = await asked(to("/again"));
    assert.equal(told(result), "redirect-refused");
    assert.equal(server.seen.length, 10);
  });

  const refused = [
    { name: "to another scheme", location: "ftp://cdn.test/x", want: "redirect-refused" },
    { name: "to no URL at all", location: "http://[", want: "redirect-refused" },
  ];
  for (const { name, location, want } of refused) {
    it(`${name} are not followed`, async () => assert.equal(told((await asked(to(location))).result), want));
  }

  it("without a Location are the answer", async () => {
    assert.equal(told((await asked((_request, response) => response.writeHead(302).end())).result), "302");
  });

  it("leave the headers of the node's configuration behind", async () => {
    const headers = { "X-Api-Key": ["k"] };
    const { result, server } = await asked(
      (request, response) => {
        if (request.headers.host === "cdn.test") response.writeHead(401).end();
        else to("http://cdn.test/x")(request, response);
      },
      {},
      { ...plain, headers },
    );
    assert.deepEqual(
      server.seen.map((request) => request.headers["x-api-key"]),
      ["k", undefined],
    );
    assert.equal(told(result), "redirect-refused");
  });

  it("to a host that asks for a token get one for that host only", async () => {
    const { result, server } = await asked((request, response) => {
      if (request.url.startsWith("/token")) response.end(JSON.stringify({ token: "t" }));
      else if (request.headers.host === "reg.test") to("http://cdn.test/x")(request, response);
      else if (request.authorization === "Bearer t") response.end();
      else response.writeHead(401, { "www-authenticate": 'Bearer realm="http://cdn.test/token"' }).end();
    });
    assert.equal(told(result), "200");
    assert.deepEqual(
      server.lines().filter((line) => !line.includes("/token")),
      [`HEAD ${manifest}`, "HEAD /x", `HEAD ${manifest}`, "HEAD /x Bearer"],
    );
  });
});
