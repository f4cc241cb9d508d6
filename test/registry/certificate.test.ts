import assert from "node:assert/strict";
import { createServer as createTls } from "node:tls";
import { Redacted } from "../../src/core/index.js";
import { type HostTls, type RegistryHost, systemRoots } from "../../src/node/index.js";
import { type Exchange, servedAuthority, type TransportFault } from "../../src/registry/index.js";
import { type Authority, createAuthority, type IssuedCertificate, selfSigned } from "../support/authority.js";
import { clientWith, headOf, type Loopback, listen, listenRaw, registryHost, route, using } from "./loopback.js";

const ok = (_request: unknown, response: { end(): void }) => response.end();
const deadline = () => AbortSignal.timeout(8_000);

function faultOf(result: Exchange): TransportFault {
  assert.equal(result.kind, "fault", JSON.stringify(result));
  return (result as Extract<Exchange, { kind: "fault" }>).fault;
}

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

describe("certificates as a node judges them", () => {
  let authority: Authority;
  const tls = (changes: Partial<HostTls> = {}): HostTls => ({
    verify: true,
    extraCaPems: [authority.certificatePem],
    clientCertificates: [],
    ...changes,
  });
  const dayMs = 86_400_000;
  const names = ["reg.test"];
  let foreign: Authority;

  before(async () => {
    authority = await createAuthority("Test Root");
    foreign = await createAuthority("Other Root");
  });

  const cases: { name: string; serve: () => Promise<IssuedCertificate>; trust?: () => HostTls; want: string }[] = [
    { name: "one that the host's CA signed is accepted", serve: () => authority.issue({ names }), want: "200" },
    {
      name: "one below an intermediate that the server sends is accepted",
      serve: async () => (await authority.intermediate()).issue({ names }),
      want: "200",
    },
    {
      name: "one whose intermediate is missing is of an unknown authority",
      serve: async () => {
        const issued = await (await authority.intermediate()).issue({ names });
        return { ...issued, chainPem: issued.certificatePem };
      },
      want: "certificate unknown-authority",
    },
    {
      name: "one of another authority is of an unknown authority",
      serve: () => foreign.issue({ names }),
      want: "certificate unknown-authority",
    },
    {
      name: "one that signs for itself is self-signed",
      serve: () => selfSigned({ names }),
      want: "certificate self-signed",
    },
    {
      name: "one that has expired is expired",
      serve: () =>
        authority.issue({ names, notBefore: new Date(Date.now() - 2 * dayMs), notAfter: new Date(Date.now() - dayMs) }),
      want: "certificate expired",
    },
    {
      name: "one that begins tomorrow is not yet valid",
      serve: () =>
        authority.issue({ names, notBefore: new Date(Date.now() + dayMs), notAfter: new Date(Date.now() + 2 * dayMs) }),
      want: "certificate not-yet-valid",
    },
    {
      name: "one for another host has the wrong name",
      serve: () => authority.issue({ names: ["other.test"] }),
      want: "certificate wrong-name",
    },
    {
      name: "the name is looked at before the signer",
      serve: () => foreign.issue({ names: ["other.test"] }),
      want: "certificate wrong-name",
    },
    {
      name: "the dates are looked at before the signer",
      serve: () =>
        foreign.issue({ names, notBefore: new Date(Date.now() - 2 * dayMs), notAfter: new Date(Date.now() - dayMs) }),
      want: "certificate expired",
    },
    {
      name: "a common name alone does not count",
      serve: () => authority.issue({ names: [], commonName: "reg.test" }),
      want: "certificate no-subject-alternative-name",
    },
    {
      name: "without verification anything is accepted",
      serve: () => selfSigned({ names: ["other.test"] }),
      trust: () => tls({ verify: false }),
      want: "200",
    },
  ];
  for (const { name, serve, trust, want } of cases) {
    it(name, async () => {
      await using([await listen(ok, await serve())], async (server) => {
        const result = await ask(server, registryHost("reg.test", { tls: (trust ?? tls)() }));
        assert.equal(told(result), want);
      });
    });
  }

  it("an intermediate or the leaf itself is anchor enough, as in Go", async () => {
    const below = await foreign.intermediate();
    const leaf = await below.issue({ names });
    const own = await selfSigned({ names });
    for (const [served, anchor] of [
      [leaf, below.certificatePem],
      [leaf, leaf.certificatePem],
      [own, own.certificatePem],
    ] as const) {
      await using([await listen(ok, { ...served, chainPem: served.certificatePem })], async (server) => {
        const result = await ask(server, registryHost("reg.test", { tls: tls({ extraCaPems: ["noise", anchor] }) }));
        assert.equal(told(result), "200");
      });
    }
  });

  it("the host's CA adds to the roots that come with Node", async () => {
    const server = await listen(ok, await authority.issue({ names }));
    const client = clientWith({ systemCaPems: undefined, connectTo: route({ "reg.test": server.port }) });
    await using([server, client], async () => {
      const session = client.session(undefined);
      assert.equal(told(await session.exchange(headOf(registryHost("reg.test", { tls: tls() })), deadline())), "200");
      const bare = registryHost("reg.test");
      assert.equal(told(await session.exchange(headOf(bare), deadline())), "certificate unknown-authority");
    });
  });

  it("the roots of the host's node take the place of the client's, and the host's CA adds to them", async () => {
    const server = await listen(ok, await authority.issue({ names }));
    const client = clientWith({
      systemCaPems: [foreign.certificatePem],
      connectTo: route({ "reg.test": server.port }),
    });
    await using([server, client], async () => {
      const session = client.session(undefined);
      const judged = async (changes: Partial<HostTls>) =>
        told(await session.exchange(headOf(registryHost("reg.test", { tls: tls(changes) })), deadline()));
      const own = systemRoots([authority.certificatePem, "noise"]);
      assert.equal(await judged({ extraCaPems: [], systemRoots: own }), "200");
      assert.equal(await judged({ extraCaPems: [], systemRoots: systemRoots([]) }), "certificate unknown-authority");
      assert.equal(await judged({ systemRoots: systemRoots([]) }), "200");
      assert.equal(await judged({ extraCaPems: [] }), "certificate unknown-authority");
    });
  });

  it("the chain is told as it was served, and which authority it shows", async () => {
    const below = await foreign.intermediate("Middle");
    const leaf = await below.issue({ names });
    const own = await selfSigned({ names });
    const chains = [
      { chainPem: leaf.chainPem, want: "reg.test, Middle: intermediate Middle" },
      { chainPem: leaf.certificatePem, want: "reg.test: not-sent Middle" },
      { chainPem: leaf.chainPem + foreign.certificatePem, want: "reg.test, Middle, Other Root: root Other Root" },
      {
        chainPem: leaf.certificatePem + foreign.certificatePem + below.certificatePem,
        want: "reg.test, Other Root, Middle: root Other Root",
      },
    ];
    for (const { certificate, chainPem, want } of [
      ...chains.map((chain) => ({ ...chain, certificate: leaf })),
      { certificate: own, chainPem: own.chainPem, want: "reg.test: self-signed reg.test" },
    ]) {
      await using([await listen(ok, { ...certificate, chainPem })], async (server) => {
        const fault = faultOf(await ask(server, registryHost("reg.test", { tls: tls() })));
        assert.ok(fault.kind === "certificate");
        const { chain = [] } = fault;
        const authority = servedAuthority(chain);
        const top =
          authority === undefined || authority.kind === "not-sent" ? authority?.issuer : authority.certificate.subject;
        const text = `${chain.map(({ subject }) => subject).join(", ")}: ${authority?.kind} ${top}`;
        assert.equal(text.replaceAll("CN=", ""), want);
        assert.equal(chain[0]?.pem, certificate.certificatePem);
      });
    }
  });

  it("what was served is described, so that a person can compare it", async () => {
    const issued = await foreign.issue({ names: ["reg.test", "127.0.0.1"] });
    await using([await listen(ok, issued)], async (server) => {
      const fault = faultOf(await ask(server, registryHost("reg.test", { tls: tls() })));
      assert.ok(fault.kind === "certificate" && fault.served !== undefined);
      assert.equal(fault.served.subject, "CN=reg.test");
      assert.equal(fault.served.issuer, "CN=Other Root");
      assert.deepEqual(fault.served.names, ["reg.test", "127.0.0.1"]);
      assert.match(fault.served.fingerprint256, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    });
  });

  it("a client certificate is offered where the node has one", async () => {
    const issued = await authority.issue({ names });
    const ours = await authority.issue({ names: ["node.test"] });
    let seen = "";
    const server = createTls(
      {
        cert: issued.chainPem,
        key: issued.keyPem,
        ca: authority.certificatePem,
        requestCert: true,
        rejectUnauthorized: false,
      },
      (socket) => {
        seen = socket.getPeerX509Certificate()?.subject ?? "";
        socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
      },
    );
    const raw = await listenRaw((socket) => server.emit("connection", socket));
    const pair = { certificatePem: ours.certificatePem, keyPem: new Redacted(ours.keyPem) };
    await using([raw], async () => {
      const result = await ask(raw, registryHost("reg.test", { tls: tls({ clientCertificates: [pair] }) }));
      assert.equal(told(result), "200");
      assert.equal(seen, "CN=node.test");
    });
  });

  it("an unusable client key is a fault that does not show it", async () => {
    const pair = { certificatePem: "no certificate", keyPem: new Redacted("no key") };
    await using([await listen(ok)], async (server) => {
      const fault = faultOf(await ask(server, registryHost("reg.test", { tls: tls({ clientCertificates: [pair] }) })));
      assert.equal(fault.kind, "tls-handshake");
      assert.doesNotMatch(fault.message, /no key/);
    });
  });
});
