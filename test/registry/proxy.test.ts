import assert from "node:assert/strict";
import { Redacted } from "../../src/core/index.js";
import type { HostProxy, ProxyRules } from "../../src/node/index.js";
import type { RegistryHost } from "../../src/node/types.js";
import type { Exchange } from "../../src/registry/index.js";
import { proxyOf } from "../../src/registry/proxy-choice.js";
import { type Authority, createAuthority, selfSigned } from "../support/authority.js";
import {
  type Answer,
  clientWith,
  headOf,
  impatientClock,
  listen,
  listenRaw,
  listenReply,
  registryHost,
  route,
  using,
} from "./loopback.js";
import { listenProxy, type ProxySpec } from "./loopback-proxy.js";
import { alice, bearerRegistry, deadline, json, summary } from "./token-pair.js";

const someProxy: HostProxy = { scheme: "http", address: "proxy.test:3128", credentials: "none" };

describe("whether an address is asked through the proxy", () => {
  const isProxied = (url: string, rules: Partial<ProxyRules>) =>
    proxyOf({ http: someProxy, noProxy: "", ...rules }, new URL(url)) !== undefined;

  // Source: golang.org/x/net/http/httpproxy proxy_test.go, UseProxyTests with its NO_PROXY.
  const list =
    "foobar.com, .barbaz.net, *.wildcard.io, 192.168.1.1, 192.168.1.2:81, 192.168.1.3:80, 10.0.0.0/30, 2001:db8::52:0:1, [2001:db8::52:0:2]:443, [2001:db8::52:0:3]:80, 2002:db8:a::45/64";
  const hosts: readonly (readonly [string, boolean])[] = [
    ["localhost", false],
    ["127.0.0.1", false],
    ["127.0.0.2", false],
    ["[::1]", false],
    ["[::ffff:127.0.0.1]", false],
    ["[::2]", true],
    ["192.168.1.1", false],
    ["192.168.1.2", true],
    ["192.168.1.3", false],
    ["192.168.1.4", true],
    ["10.0.0.2", false],
    ["10.0.0.4", true],
    ["[::ffff:10.0.0.2]", false],
    ["[2001:db8::52:0:1]", false],
    ["[2001:db8::52:0:2]", true],
    ["[2001:db8::52:0:3]", false],
    ["[2002:db8:a::123]", false],
    ["[fe80::424b:c8be:1643:a1b6]", true],
    ["barbaz.net", true],
    ["www.barbaz.net", false],
    ["foobar.com", false],
    ["www.foobar.com", false],
    ["foofoobar.com", true],
    ["baz.com", true],
    ["localhost.net", true],
    ["local.localhost", true],
    ["barbarbaz.net", true],
    ["wildcard.io", true],
    ["nested.wildcard.io", false],
    ["awildcard.io", true],
  ];
  for (const [host, want] of hosts) {
    it(`${host}: ${want ? "yes" : "no"}, and no where all are excepted`, () => {
      assert.equal(isProxied(`http://${host}/`, { noProxy: list }), want);
      assert.equal(isProxied(`http://${host}/`, { noProxy: "x.test, *" }), false);
    });
  }

  // The same file, proxyForURLTests, and what useProxy says of ports.
  const others: readonly {
    readonly name: string;
    readonly url: string;
    readonly rules: Partial<ProxyRules>;
    readonly want: boolean;
  }[] = [
    { name: "by name", url: "http://example.com/", rules: { noProxy: "example.com" }, want: false },
    {
      name: "not by a name with a leading dot",
      url: "http://example.com/",
      rules: { noProxy: ".example.com" },
      want: true,
    },
    { name: "not by an address with a zone", url: "http://[fe80::1]/", rules: { noProxy: "fe80::1%eth0" }, want: true },
    { name: "not by the end of a label", url: "http://example.com/", rules: { noProxy: "ample.com" }, want: true },
    { name: "by the name above it", url: "http://foo.example.com/", rules: { noProxy: "example.com" }, want: false },
    { name: "by a name in other letters", url: "http://www.示例.com", rules: { noProxy: ".示例.com" }, want: false },
    { name: "by its ASCII form", url: "http://www.示例.com", rules: { noProxy: "xn--fsq092h.com" }, want: false },
    { name: "in upper case", url: "http://reg.test/", rules: { noProxy: "REG.test" }, want: false },
    { name: "by a port that is the scheme's", url: "http://reg.test/", rules: { noProxy: "reg.test:80" }, want: false },
    { name: "not by another port", url: "http://reg.test:5000/", rules: { noProxy: "reg.test:80" }, want: true },
    { name: "not by an entry without a host", url: "http://example.com/", rules: { noProxy: ":1" }, want: true },
    { name: "not by a network for a name", url: "http://reg.test/", rules: { noProxy: "0.0.0.0/0" }, want: true },
    { name: "not by https where only http has a proxy", url: "https://reg.test/", rules: {}, want: false },
    { name: "by the https proxy", url: "https://reg.test/", rules: { https: someProxy }, want: true },
  ];
  for (const { name, url, rules, want } of others) {
    it(`${url} ${want ? "is" : "is not"}, ${name}`, () => assert.equal(isProxied(url, rules), want));
  }
});

const ok: Answer = (_request, response) => response.end();

function proxied(noProxy = "", over: Partial<HostProxy> = {}): Pick<RegistryHost, "proxy"> {
  const proxy = { ...someProxy, ...over };
  return { proxy: { https: proxy, http: proxy, noProxy } };
}

const given = (username: string, password: string) => ({ username, password: new Redacted(password) });
const basic = (pair: string) => `Basic ${Buffer.from(pair).toString("base64")}`;
const told = (result: Exchange): string => (result.kind === "fault" ? result.fault.message : result.kind);

describe("a registry behind the node's proxy", () => {
  let authority: Authority;
  before(async () => {
    authority = await createAuthority("Test Authority");
  });
  const trusting = (): Pick<RegistryHost, "tls"> => ({
    tls: { verify: true, extraCaPems: [authority.certificatePem], clientCertificates: [] },
  });

  interface World {
    readonly proxy?: Omit<ProxySpec, "ports">;
    /** TLS of the registry; absent: as the authority issues it; null: plain HTTP. */
    readonly certificate?: Awaited<ReturnType<typeof selfSigned>> | null;
    readonly answer?: Answer;
  }

  async function withWorld(
    world: World,
    use: (
      ask: (host: RegistryHost) => Promise<Exchange>,
      lines: readonly string[],
      asked: () => string[],
    ) => Promise<void>,
  ): Promise<void> {
    const certificate =
      world.certificate === undefined ? await authority.issue({ names: ["reg.test"] }) : world.certificate;
    const registry = await listen(world.answer ?? ok, certificate ?? undefined);
    const proxy = await listenProxy({ ...world.proxy, ports: { "reg.test": registry.port } });
    // The registry's own name leads nowhere but through the proxy.
    const client = clientWith({ connectTo: route({ "proxy.test": proxy.port, "reg.test": 1 }) });
    const ask = (host: RegistryHost) => client.session(undefined).exchange(headOf(host), deadline());
    await using([registry, proxy, client], async () => await use(ask, proxy.lines, registry.lines));
  }

  it("is asked through a tunnel, its own certificate judged, and the tunnel is kept", async () => {
    await withWorld({}, async (ask, lines, asked) => {
      const host = registryHost("reg.test", { ...proxied(), ...trusting() });
      assert.equal(summary(await ask(host)), "200");
      assert.equal(summary(await ask(host)), "200");
      assert.deepEqual(lines, ["CONNECT reg.test:443"]);
      assert.equal(asked().length, 2);
    });
  });

  it("is not trusted more than without a proxy", async () => {
    await withWorld({}, async (ask) => {
      const result = await ask(registryHost("reg.test:5000", proxied()));
      assert.equal(summary(result), "certificate");
    });
  });

  it("is found to speak plain HTTP through the tunnel as well", async () => {
    await withWorld({ certificate: null }, async (ask, lines) => {
      assert.equal(summary(await ask(registryHost("reg.test", { ...proxied(), ...trusting() }))), "plain-http");
      assert.deepEqual(lines, ["CONNECT reg.test:443", "CONNECT reg.test:443"]);
    });
  });

  it("is asked by its full address over plain HTTP", async () => {
    await withWorld({ certificate: null }, async (ask, lines, asked) => {
      assert.equal(summary(await ask(registryHost("reg.test:5000", { ...proxied(), scheme: "http" }))), "200");
      assert.deepEqual(lines, ["HEAD http://reg.test:5000/v2/team/app/manifests/v1"]);
      assert.deepEqual(asked(), ["HEAD /v2/team/app/manifests/v1"]);
    });
  });

  for (const scheme of ["https", "http"] as const) {
    const world = scheme === "http" ? { certificate: null } : {};
    const host = (over: Partial<HostProxy>) =>
      registryHost("reg.test", { ...proxied("", over), ...trusting(), scheme });
    it(`gets the proxy's own credentials to nobody but the proxy (${scheme})`, async () => {
      const seen: (string | undefined)[] = [];
      const answer: Answer = ({ headers }, response) => {
        seen.push(headers["proxy-authorization"]);
        response.end();
      };
      await withWorld({ ...world, answer, proxy: { authorization: basic("u:p@ss") } }, async (ask, lines) => {
        assert.equal(summary(await ask(host({ credentials: given("u", "p@ss") }))), "200");
        assert.match(lines[0] ?? "", / Basic$/);
        assert.deepEqual(seen, [undefined]);
      });
    });

    const refusals = [
      { name: "that wants credentials the node lacks", credentials: "none", match: /the node has none/ },
      { name: "that wants credentials which were not shown", credentials: "withheld", match: /not shown/ },
      { name: "that wants others", credentials: given("u", "wr0ng"), match: /does not accept/ },
    ] as const;
    for (const { name, credentials, match } of refusals) {
      it(`is not judged by a proxy ${name} (${scheme})`, async () => {
        await withWorld({ ...world, proxy: { authorization: basic("u:p@ss") } }, async (ask) => {
          const result = await ask(host({ credentials }));
          assert.equal(summary(result), "proxy-authentication");
          assert.match(told(result), match);
          assert.doesNotMatch(told(result), /wr0ng|p@ss|dTp/);
        });
      });
    }

    for (const status of [403, 502, 503]) {
      it(`is not judged by a proxy that answers ${status} itself (${scheme})`, async () => {
        await withWorld({ ...world, proxy: { status } }, async (ask) => {
          const result = await ask(host({}));
          assert.equal(summary(result), "proxy-refused");
          assert.match(told(result), new RegExp(`answers ${status}`));
        });
      });
    }

    it(`is not judged by a proxy that refuses connections (${scheme})`, async () => {
      const client = clientWith({ connectTo: route({ "proxy.test": 1 }) });
      await using([client], async () => {
        const result = await client.session(undefined).exchange(headOf(host({})), deadline());
        assert.equal(summary(result), "proxy-unreachable");
        assert.match(told(result), /^proxy: proxy\.test:3128: connection refused/);
      });
    });

    it(`is reached through a proxy behind TLS, whose certificate is judged (${scheme})`, async () => {
      const certificate = await authority.issue({ names: ["proxy.test"] });
      await withWorld({ ...world, proxy: { certificate } }, async (ask) => {
        assert.equal(summary(await ask(host({ scheme: "https" }))), "200");
      });
      const other = await selfSigned({ names: ["proxy.test"] });
      await withWorld({ ...world, proxy: { certificate: other } }, async (ask) => {
        const result = await ask(host({ scheme: "https" }));
        assert.equal(summary(result), "proxy-unreachable");
        assert.match(told(result), /signs for itself/);
      });
    });
  }

  it("answers 403 itself where that is a registry's answer", async () => {
    const denied = json({ errors: [{ code: "DENIED", message: "no" }] }, 403);
    await withWorld({ certificate: null, answer: denied }, async (ask) => {
      assert.equal(summary(await ask(registryHost("reg.test", { ...proxied(), scheme: "http" }))), "403");
    });
  });

  it("is dialled directly where NO_PROXY lists it, whatever another host of the same name is", async () => {
    await using([await listen(ok), await listenProxy({ ports: {} })], async (registry, proxy) => {
      const client = clientWith({ connectTo: route({ "reg.test": registry.port, "proxy.test": proxy.port }) });
      await using([client], async () => {
        const ask = (noProxy: string) =>
          client
            .session(undefined)
            .exchange(headOf(registryHost("reg.test", { ...proxied(noProxy), scheme: "http" })), deadline());
        assert.equal(summary(await ask("reg.test")), "200");
        // A kept direct connection serves nobody who has to go through the proxy.
        assert.equal(summary(await ask("")), "proxy-refused");
      });
    });
  });

  it("has its token server judged by the same rules", async () => {
    const auth = await listen(json({ access_token: "good" }));
    const registry = await listen(bearerRegistry());
    const proxy = await listenProxy({ ports: { "auth.test": auth.port } });
    const ports = { "reg.test": registry.port, "proxy.test": proxy.port };
    await using([auth, registry, proxy, clientWith({ connectTo: route(ports) })], async (_a, _r, _p, client) => {
      const host = registryHost("reg.test", { ...proxied("reg.test"), scheme: "http" });
      assert.equal(summary(await client.session(alice).exchange(headOf(host), deadline())), "200");
      assert.deepEqual(proxy.lines, ["POST http://auth.test/token"]);
    });
  });

  const oddities: readonly (readonly [string, () => ReturnType<typeof listenRaw>])[] = [
    ["hangs up", () => listenRaw((socket) => socket.destroy())],
    ["answers no HTTP", () => listenReply("SSH-2.0-x\r\n\r\n")],
    ["says more than that the tunnel is open", () => listenReply("HTTP/1.1 200 OK\r\n\r\nhello")],
    ["never ends its answer", () => listenReply(`HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(5000)}`)],
  ];
  for (const [name, serve] of oddities) {
    it(`is not judged by a proxy that ${name}`, async () => {
      await using([await serve()], async (server) => {
        const client = clientWith({ connectTo: route({ "proxy.test": server.port }) });
        await using([client], async () => {
          const result = await client
            .session(undefined)
            .exchange(headOf(registryHost("reg.test", proxied())), deadline());
          assert.equal(summary(result), "proxy-unreachable");
        });
      });
    });
  }

  it("does not wait for a silent proxy for more than a minute, nor beyond the deadline", async () => {
    await using([await listenRaw(() => {})], async (server) => {
      const connectTo = route({ "proxy.test": server.port });
      const host = registryHost("reg.test", proxied());
      const impatient = clientWith({ connectTo, clock: impatientClock(60_000) });
      const client = clientWith({ connectTo });
      await using([impatient, client], async () => {
        assert.equal(
          summary(await impatient.session(undefined).exchange(headOf(host), deadline())),
          "proxy-unreachable",
        );
        const brief = new AbortController();
        const asking = client.session(undefined).exchange(headOf(host), brief.signal);
        setTimeout(() => brief.abort(new Error("over")), 20);
        assert.equal(summary(await asking), "aborted");
      });
    });
  });

  it("is not asked through a SOCKS proxy, which is said", async () => {
    await using([clientWith()], async (client) => {
      const host = registryHost("reg.test", proxied("", { scheme: "socks5" }));
      const result = await client.session(undefined).exchange(headOf(host), deadline());
      assert.equal(summary(result), "proxy-unreachable");
      assert.match(told(result), /SOCKS/);
    });
  });
});
