import assert from "node:assert/strict";
import type { HostsFileEntry } from "../../../src/node/containerd/host-entry.js";
import { all, entries, late1, newest, old, read, two } from "./readings.js";

describe("hosts.toml: what a host asks for", () => {
  const caps = ["pull", "resolve", "push"];
  const refused: readonly { name: string; body: string; versions?: readonly string[]; problem: RegExp }[] = [
    { name: "an unknown capability", body: 'capabilities = ["pul"]', problem: /unknown capability pul$/ },
    {
      name: "referrers before 2.2",
      body: 'capabilities = ["referrers"]',
      versions: [old, late1, two],
      problem: /referrers/,
    },
    { name: "capabilities that are no list", body: 'capabilities = "pull"', problem: /capabilities must be/ },
    { name: "capabilities that are no strings", body: "capabilities = [1]", problem: /capabilities must be/ },
    { name: "a CA that is a number", body: "ca = 1", problem: /ca must be/ },
    { name: "a CA that is a table", body: "ca = { x = 1 }", problem: /ca must be/ },
    { name: "a client that is a number", body: "client = 1", problem: /client must be/ },
    { name: "a client pair of three", body: 'client = [["x", "y", "z"]]', problem: /client must be/ },
    { name: "skip_verify in quotes", body: 'skip_verify = "true"', problem: /skip_verify must be/ },
    { name: "override_path in quotes", body: 'override_path = "true"', problem: /override_path must be/ },
    { name: "a header that is a number", body: "header = { A = 1 }", problem: /header "A" must be/ },
    { name: "headers that are no table", body: 'header = "A"', problem: /header must be/ },
    {
      name: "dial_timeout as a number, from 2.0.7",
      body: "dial_timeout = 5",
      versions: ["2.0.7", two],
      problem: /dial_timeout must be/,
    },
    {
      name: "dial_timeout without a unit, from 2.0.7",
      body: 'dial_timeout = "5"',
      versions: ["2.0.7", two],
      problem: /dial_timeout "5"/,
    },
  ];
  for (const { name, body, versions = all, problem } of refused) {
    it(`${name} makes the file void`, () => {
      for (const version of versions) {
        const reading = read(`[host.a]\n${body}\n`, version);
        assert.ok(reading.kind === "ignored", version);
        assert.match(reading.problem, problem);
      }
    });
  }

  const taken: readonly { name: string; body: string; versions?: readonly string[]; want: Partial<HostsFileEntry> }[] =
    [
      { name: "no capabilities are all", body: "", versions: [old, two], want: { capabilities: caps as never } },
      {
        name: "an empty list of capabilities is all",
        body: "capabilities = []",
        versions: [old, two],
        want: { capabilities: caps as never },
      },
      {
        name: "from 2.2 all includes referrers",
        body: "",
        versions: ["2.2.0", newest],
        want: { capabilities: [...caps, "referrers"] as never },
      },
      { name: "capabilities may be in capitals", body: 'capabilities = ["PULL"]', want: { capabilities: ["pull"] } },
      { name: "one CA", body: 'ca = "x.pem"', want: { caFiles: ["x.pem"] } },
      { name: "several CAs", body: 'ca = ["x", "/y"]', want: { caFiles: ["x", "/y"] } },
      { name: "an empty list of CAs is not the same as none", body: "ca = []", want: { caFiles: [] } },
      { name: "a client file with both parts", body: 'client = "x"', want: { clientFiles: [{ certificate: "x" }] } },
      {
        name: "client files and pairs mixed",
        body: 'client = ["x", ["y", "z"]]',
        want: { clientFiles: [{ certificate: "x" }, { certificate: "y", key: "z" }] },
      },
      {
        name: "headers keep their spelling",
        body: 'header = { X-a = "1", b = ["2", "3"] }',
        want: { headers: { "X-a": ["1"], b: ["2", "3"] } },
      },
      {
        name: "skip_verify = false is kept, as it still is a TLS setting",
        body: "skip_verify = false",
        want: { skipVerify: false },
      },
      {
        name: "dial_timeout is unknown before 2.0.7, whatever its type",
        body: "dial_timeout = 5",
        versions: [old, late1, "2.0.6"],
        want: {},
      },
      {
        name: "dial_timeout from 2.0.7",
        body: 'dial_timeout = "1m1.5s"',
        versions: ["2.0.7", newest],
        want: { dialTimeoutMs: 61_500 },
      },
      { name: "keys in capitals", body: 'CA = "x"\nSKIP_VERIFY = true', want: { caFiles: ["x"], skipVerify: true } },
      { name: "keys in mixed case, from 2.0", body: 'Ca = "x"', versions: [two, newest], want: { caFiles: ["x"] } },
    ];
  for (const { name, body, versions = all, want } of taken) {
    it(name, () => {
      for (const version of versions) {
        const [first] = entries(`[host.a]\n${body}\n`, version);
        const { name: host, line, url, capabilities, clientFiles, headers, ...optional } = first ?? assert.fail();
        const {
          capabilities: wantCapabilities,
          clientFiles: wantClients = [],
          headers: wantHeaders = {},
          ...rest
        } = want;
        assert.deepEqual([host, line, url], ["a", 1, { scheme: "https", host: "a", path: "/v2" }]);
        assert.deepEqual(
          { clientFiles, headers, optional },
          { clientFiles: wantClients, headers: wantHeaders, optional: rest },
          version,
        );
        if (wantCapabilities !== undefined) assert.deepEqual(capabilities, wantCapabilities, version);
      }
    });
  }

  it("keys in mixed case are unknown to 1.x", () => {
    assert.equal(entries('[host.a]\nCa = "x"\n', late1)[0]?.caFiles, undefined);
  });

  it("of one key in two spellings 1.x takes the lower case, 2.x the last", () => {
    const text = '[host.a]\nca = "lower"\nCA = "upper"\n';
    assert.deepEqual(
      [late1, two].map((version) => entries(text, version)[0]?.caFiles),
      [["lower"], ["upper"]],
    );
  });

  it("a user and password in a host never reach a message", () => {
    const reading = read('[host."https://robot:s3cret@a b"]\n', newest);
    assert.ok(reading.kind === "ignored");
    assert.doesNotMatch(reading.problem, /s3cret|robot/);
  });

  it("a broken document is not quoted, as it may hold an Authorization header", () => {
    const reading = read('[host.a.header]\nAuthorization = "Basic c2VjcmV0\n', newest);
    assert.deepEqual(reading.kind === "ignored" ? [reading.problem.includes("c2VjcmV0"), reading.line] : reading, [
      false,
      2,
    ]);
  });
});
