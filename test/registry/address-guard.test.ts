import assert from "node:assert/strict";
import type { LookupFunction } from "node:net";
import {
  type AddressRules,
  createAddressGuard,
  type Exchange,
  linkLocalRanges,
  loopbackRanges,
  metadataHosts,
  parseAddressRange,
} from "../../src/registry/index.js";
import { clientWith, headOf, type Loopback, listen, registryHost, using } from "./loopback.js";
import { deadline } from "./token-pair.js";

const strict: AddressRules = {
  forbidden: [...linkLocalRanges, ...loopbackRanges],
  allowed: [],
  forbiddenHosts: metadataHosts,
  allowedHosts: [],
};
const lenient: AddressRules = { ...strict, forbidden: linkLocalRanges };

function ranges(...texts: readonly string[]) {
  return texts.map((text) => {
    const range = parseAddressRange(text);
    assert.ok(range, text);
    return range;
  });
}

/** Answers each name with what the list for it says next, the last one for ever; counts the questions. */
function scriptedDns(names: Readonly<Record<string, readonly (readonly string[])[]>>) {
  let asked = 0;
  const lookup: LookupFunction = (hostname, options, callback) => {
    const answers = names[hostname] ?? [];
    const found = answers[Math.min(asked, answers.length - 1)] ?? [];
    asked += 1;
    const [first] = found;
    if (first === undefined) return callback(Object.assign(new Error("no"), { code: "ENOTFOUND" }), "", 0);
    const family = (address: string) => (address.includes(":") ? 6 : 4);
    if (options.all === true)
      callback(
        null,
        found.map((address) => ({ address, family: family(address) })),
      );
    else callback(null, first, family(first));
  };
  return { lookup, asked: () => asked };
}

function summary(exchange: Exchange): string {
  if (exchange.kind === "response") return String(exchange.status);
  if (exchange.kind === "fault") return exchange.fault.kind;
  return exchange.refusal.kind === "token-fault" ? `token: ${exchange.refusal.fault.kind}` : exchange.refusal.kind;
}

const never: LookupFunction = () => assert.fail("no name should be looked up");

describe("the guard over addresses, with the webhook's rules, refuses", () => {
  const guard = createAddressGuard(() => strict, never);
  const refused = [
    "169.254.169.254",
    "169.254.0.1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "100.100.100.200",
    "168.63.129.16",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "::a9fe:a9fe",
    "::ffff:0:a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::a9fe:a9fe",
    "64:ff9b:1:a9fe:a9:fe00::",
    "2001:0:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:5601:5601",
    "2001:db8::5efe:169.254.169.254",
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "metadata.google.internal",
    "Metadata.Google.Internal.",
  ];
  for (const hostname of refused) {
    it(hostname, () => assert.notEqual(guard.refusalOf({ hostname, port: 443 }), undefined));
  }
  // What the URL parser makes of the forms that inet_aton knows.
  for (const form of ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "127.1", "0x7f.1"]) {
    it(`the number form ${form}`, () => {
      const { hostname } = new URL(`http://${form}/v2/`);
      assert.notEqual(guard.refusalOf({ hostname, port: 80 }), undefined);
    });
  }
});

describe("the guard over addresses lets through", () => {
  const guard = createAddressGuard(() => strict, never);
  for (const hostname of [
    "10.0.0.1",
    "192.168.1.10",
    "100.100.100.201",
    "fd00:ec2::253",
    "2001:db8::1",
    "64:ff9b::8.8.8.8",
    "2606:4700::1111",
    "registry.example.com",
    "metadata.example.com",
  ]) {
    it(hostname, () => assert.equal(guard.refusalOf({ hostname, port: 443 }), undefined));
  }
});

describe("the guard's ranges", () => {
  interface Case {
    readonly name: string;
    readonly rules: Partial<AddressRules>;
    readonly host: string;
    readonly port?: number;
    readonly want: boolean;
  }
  const cases: readonly Case[] = [
    {
      name: "an allowed range as long as the forbidden one opens it",
      rules: { allowed: ranges("169.254.0.0/16") },
      host: "169.254.1.1",
      want: true,
    },
    {
      name: "a shorter allowed range does not",
      rules: { allowed: ranges("0.0.0.0/0") },
      host: "169.254.169.254",
      want: false,
    },
    { name: "a longer one opens only itself", rules: { allowed: ranges("127.0.0.1") }, host: "127.0.0.2", want: false },
    {
      name: "an allowed NAT64 network does not open what is behind it",
      rules: { allowed: ranges("64:ff9b::/96") },
      host: "64:ff9b::a9fe:a9fe",
      want: false,
    },
    {
      name: "an allowed host may be anywhere",
      rules: { allowedHosts: ["localhost:5000", "127.0.0.1:5000"] },
      host: "127.0.0.1",
      port: 5000,
      want: true,
    },
    {
      name: "but on its port only",
      rules: { allowedHosts: ["127.0.0.1:5000"] },
      host: "127.0.0.1",
      port: 5001,
      want: false,
    },
    {
      name: "an allowed host in brackets",
      rules: { allowedHosts: ["[::1]:5000"] },
      host: "::1",
      port: 5000,
      want: true,
    },
    { name: "a forbidden suffix", rules: { forbiddenHosts: ["*.internal"] }, host: "a.b.internal", want: false },
    {
      name: "a forbidden suffix is no other name's end",
      rules: { forbiddenHosts: ["*.internal"] },
      host: "notinternal",
      want: true,
    },
  ];
  for (const { name, rules, host, port = 443, want } of cases) {
    it(name, () => {
      const guard = createAddressGuard(() => ({ ...strict, ...rules }), never);
      assert.equal(guard.refusalOf({ hostname: host, port }) === undefined, want);
    });
  }
  for (const text of [
    "10.0.0.1/8",
    "10.0.0.0/33",
    "fe80::/129",
    "10.0.0",
    "host",
    "",
    "10.0.0.0/",
    "fe80::1%eth0/10",
  ]) {
    it(`${JSON.stringify(text)} is none`, () => assert.equal(parseAddressRange(text), undefined));
  }
});

describe("a guarded client", () => {
  /** A registry that answers every request and closes, so that each request needs a connection. */
  const open = () =>
    listen((_request, response) => response.writeHead(200, { connection: "close", "content-length": "0" }).end());

  async function ask(rules: AddressRules, host: string, dns: ReturnType<typeof scriptedDns>, times = 1) {
    const client = clientWith({ guard: createAddressGuard(() => rules, dns.lookup) });
    const answers: Exchange[] = [];
    try {
      const session = client.session(undefined);
      for (let count = 0; count < times; count += 1)
        answers.push(await session.exchange(headOf(registryHost(host, { scheme: "http" })), deadline()));
    } finally {
      await client.close();
    }
    return answers;
  }

  it("does not connect to a forbidden address, and does where it is allowed", async () => {
    await using([await open()], async (server) => {
      const dns = scriptedDns({});
      const [refused] = await ask(strict, `127.0.0.1:${server.port}`, dns);
      assert.equal(refused && summary(refused), "address-forbidden");
      assert.equal(server.connections(), 0);
      const allowed = { ...strict, allowedHosts: [`127.0.0.1:${server.port}`] };
      const [answer] = await ask(allowed, `127.0.0.1:${server.port}`, dns);
      assert.equal(answer && summary(answer), "200");
    });
  });

  it("does not connect where a name leads to one, and does not tell which", async () => {
    await using([await open()], async (server) => {
      const dns = scriptedDns({ "reg.test": [["127.0.0.1"]] });
      const [refused] = await ask(strict, `reg.test:${server.port}`, dns);
      assert.ok(refused?.kind === "fault");
      assert.equal(refused.fault.message, `reg.test:${server.port}: its name leads to a loopback address`);
      assert.equal(server.connections(), 0);
    });
  });

  it("dials only the allowed ones of several addresses", async () => {
    await using([await open()], async (server) => {
      const dns = scriptedDns({ "reg.test": [["fe80::1", "169.254.169.254", "127.0.0.1"]] });
      const [answer] = await ask(lenient, `reg.test:${server.port}`, dns);
      assert.equal(answer && summary(answer), "200");
    });
  });

  it("judges the very answer that it dials: a name that moves between two questions gains nothing", async () => {
    await using([await open()], async (server) => {
      const dns = scriptedDns({ "rebind.test": [["127.0.0.1"], ["169.254.169.254"]] });
      const answers = await ask(lenient, `rebind.test:${server.port}`, dns, 2);
      assert.deepEqual(answers.map(summary), ["200", "address-forbidden"]);
      assert.equal(dns.asked(), 2);
      assert.equal(server.connections(), 1);
    });
  });

  it("believes a changed configuration at the next connection", async () => {
    await using([await open()], async (server) => {
      let rules = strict;
      const client = clientWith({ guard: createAddressGuard(() => rules, never) });
      await using([client], async () => {
        const exchange = () =>
          client
            .session(undefined)
            .exchange(headOf(registryHost(`127.0.0.1:${server.port}`, { scheme: "http" })), deadline());
        assert.equal(summary(await exchange()), "address-forbidden");
        rules = lenient;
        assert.equal(summary(await exchange()), "200");
      });
    });
  });

  const elsewhere = [
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/",
    "http://2852039166/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://leads-there.test/",
  ];
  const dnsOfElsewhere = { "leads-there.test": [["::ffff:169.254.169.254"]] };

  for (const location of elsewhere) {
    it(`does not follow a redirect to ${location}`, async () => {
      await using(
        [await listen((_request, response) => response.writeHead(307, { location }).end())],
        async (server) => {
          const [answer] = await ask(lenient, `127.0.0.1:${server.port}`, scriptedDns(dnsOfElsewhere));
          assert.equal(answer && summary(answer), "address-forbidden");
        },
      );
    });
    it(`does not fetch a token from ${location}`, async () => {
      const challenge = `Bearer realm="${location}",service="x"`;
      const answer = (_request: unknown, response: Parameters<Parameters<typeof listen>[0]>[1]) =>
        response.writeHead(401, { "www-authenticate": challenge }).end();
      await using([await listen(answer)], async (server: Loopback) => {
        const [refused] = await ask(lenient, `127.0.0.1:${server.port}`, scriptedDns(dnsOfElsewhere));
        assert.equal(refused && summary(refused), "token: address-forbidden");
      });
    });
  }

  it("follows to a forbidden address where it is allowed, judged by the name and not by where a test moves it", async () => {
    const target = await open();
    await using(
      [
        target,
        await listen((_request, response) => response.writeHead(307, { location: "http://169.254.169.254/x" }).end()),
      ],
      async (_target, server) => {
        for (const [allowed, want] of [
          [[], "address-forbidden"],
          [ranges("169.254.169.254"), "200"],
        ] as const) {
          const client = clientWith({
            guard: createAddressGuard(() => ({ ...lenient, allowed }), never),
            connectTo: (hostname) =>
              hostname === "169.254.169.254" ? { address: "127.0.0.1", port: target.port } : undefined,
          });
          await using([client], async () => {
            const host = registryHost(`127.0.0.1:${server.port}`, { scheme: "http" });
            const answer = await client.session(undefined).exchange(headOf(host), deadline());
            assert.equal(summary(answer), want);
          });
        }
      },
    );
  });
});
