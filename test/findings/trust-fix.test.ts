import assert from "node:assert/strict";
import { type DiagnosisContext, type Judgement, judgeFailed } from "../../src/findings/index.js";
import { adviseRegistry, nodeFilesFromMap, planHosts, type RuntimeName } from "../../src/node/index.js";
import type { ServedCertificate, TransportFault } from "../../src/registry/index.js";
import { createAuthority } from "../support/authority.js";
import { diagnosisContext, registryHost } from "../support/builders.js";

const domain = "reg.test:5000";
const reference = { written: `${domain}/team/app:v1`, domain, path: "team/app", tag: "v1" };

function node(name: RuntimeName, over: Partial<DiagnosisContext["profile"]> = {}): DiagnosisContext["profile"] {
  const { profile } = diagnosisContext();
  const hostsRoot =
    name === "containerd" ? "/etc/containerd/certs.d" : name === "docker" ? "/etc/docker" : "/etc/containers";
  return { ...profile, runtime: { name, major: 1, minor: 7, patch: 13 }, hostsRoot, ...over };
}

function judged(fault: TransportFault, profile: DiagnosisContext["profile"], host = registryHost(domain)): Judgement {
  const failure = { host, reason: { kind: "fault", fault } } as const;
  return judgeFailed(
    { kind: "failed", attempts: [{ kind: "failed", shown: failure, failures: [failure] }] },
    diagnosisContext({ reference, profile }),
  );
}

const plainHttp: TransportFault = { kind: "plain-http", message: "m" };
const untrusted = (chain?: readonly ServedCertificate[]): TransportFault => ({
  kind: "certificate",
  reason: "unknown-authority",
  message: "m",
  ...(chain?.[0] !== undefined && { served: chain[0], chain }),
});
const served = (subject: string, issuer: string): ServedCertificate => ({
  subject,
  issuer,
  fingerprint256: `AA:${subject.length}`,
  validFrom: "then",
  validTo: "later",
  names: [],
  isAuthority: true,
  selfIssued: subject === issuer,
  pem: "",
});

interface Case {
  readonly name: string;
  readonly fault: TransportFault;
  readonly profile: DiagnosisContext["profile"];
  readonly origin?: { readonly file: string; readonly line?: number };
  readonly want: string;
}

const unknown = { trust: "unknown" } as const;
const cases: readonly Case[] = [
  {
    name: "plain HTTP on containerd",
    fault: plainHttp,
    profile: node("containerd"),
    want: 'Serve reg.test:5000 over TLS, or on every node put the lines `server = "http://reg.test:5000"` `[host."http://reg.test:5000"]` `capabilities = ["pull", "resolve"]` into /etc/containerd/certs.d/reg.test:5000/hosts.toml.',
  },
  {
    name: "plain HTTP on containerd whose config.toml names no folder",
    fault: plainHttp,
    profile: node("containerd", { registryStyle: "none" }),
    want: 'Serve reg.test:5000 over TLS, or on every node put the lines `server = "http://reg.test:5000"` `[host."http://reg.test:5000"]` `capabilities = ["pull", "resolve"]` into /etc/containerd/certs.d/reg.test:5000/hosts.toml, and add `[plugins."io.containerd.grpc.v1.cri".registry]` `config_path = "/etc/containerd/certs.d"` to /etc/containerd/config.toml, then run systemctl restart containerd.',
  },
  {
    name: "plain HTTP on containerd with mirrors in config.toml",
    fault: plainHttp,
    profile: node("containerd", { registryStyle: "config-file" }),
    want: 'Serve reg.test:5000 over TLS, or on every node add `[plugins."io.containerd.grpc.v1.cri".registry.mirrors."reg.test:5000"]` `endpoint = ["http://reg.test:5000"]` to /etc/containerd/config.toml, then run systemctl restart containerd.',
  },
  {
    name: "plain HTTP of a host that a hosts.toml names",
    fault: plainHttp,
    profile: node("containerd"),
    origin: { file: "/etc/containerd/certs.d/_default/hosts.toml", line: 3 },
    want: "Serve reg.test:5000 over TLS, or write http://reg.test:5000 instead of https:// in /etc/containerd/certs.d/_default/hosts.toml:3 on every node.",
  },
  {
    name: "plain HTTP on Docker",
    fault: plainHttp,
    profile: node("docker"),
    want: 'Serve reg.test:5000 over TLS, or on every node add `{"insecure-registries": ["reg.test:5000"]}` to /etc/docker/daemon.json, then run systemctl restart docker.',
  },
  {
    name: "plain HTTP on CRI-O",
    fault: plainHttp,
    profile: node("cri-o"),
    want: 'Serve reg.test:5000 over TLS, or on every node put the lines `[[registry]]` `location = "reg.test:5000"` `insecure = true` into /etc/containers/registries.conf.d/reg.test-5000.conf, then run systemctl reload crio.',
  },
  {
    name: "plain HTTP where nothing is known",
    fault: plainHttp,
    profile: node("containerd", unknown),
    want: 'Serve reg.test:5000 over TLS, or create /etc/containerd/certs.d/reg.test:5000/hosts.toml with [host."http://reg.test:5000"] on every node (Docker: "insecure-registries": ["reg.test:5000"] in /etc/docker/daemon.json).',
  },
  {
    name: "an unknown authority on containerd",
    fault: untrusted(),
    profile: node("containerd"),
    want: `Put the authority's certificate into /etc/containerd/certs.d/reg.test:5000/ca.crt on every node (where a hosts.toml stands beside it, name it there as ca).`,
  },
  {
    name: "an unknown authority of a host that a hosts.toml names",
    fault: untrusted(),
    profile: node("containerd"),
    origin: { file: "/etc/containerd/certs.d/reg.test:5000/hosts.toml", line: 1 },
    want: `Set ca = "<file>" with the authority's certificate for reg.test:5000 in /etc/containerd/certs.d/reg.test:5000/hosts.toml:1 on every node.`,
  },
  {
    name: "an unknown authority on containerd 1.x with configs in config.toml",
    fault: untrusted(),
    profile: node("containerd", { registryStyle: "config-file" }),
    want: `Put the authority's certificate into /etc/containerd/certs.d/reg.test:5000/ca.crt on every node, add \`[plugins."io.containerd.grpc.v1.cri".registry.configs."reg.test:5000".tls]\` \`ca_file = "/etc/containerd/certs.d/reg.test:5000/ca.crt"\` to /etc/containerd/config.toml, then run systemctl restart containerd.`,
  },
  {
    name: "an unknown authority on Docker",
    fault: untrusted(),
    profile: node("docker"),
    want: "Put the authority's certificate into /etc/docker/certs.d/reg.test:5000/ca.crt on every node.",
  },
  {
    name: "an unknown authority on CRI-O",
    fault: untrusted(),
    profile: node("cri-o"),
    want: "Put the authority's certificate into /etc/containers/certs.d/reg.test:5000/ca.crt on every node.",
  },
  {
    name: "an unknown authority where nothing is known",
    fault: untrusted(),
    profile: node("containerd", unknown),
    want: "Put the authority's certificate into /etc/containerd/certs.d/reg.test:5000/ca.crt on every node (containerd; Docker: /etc/docker/certs.d/reg.test:5000/ca.crt).",
  },
  {
    name: "an authority that was served, with its name and fingerprint",
    fault: untrusted([served("CN=reg.test", "CN=CA"), served("CN=CA", "CN=CA")]),
    profile: node("docker"),
    want: "Put the authority's certificate into /etc/docker/certs.d/reg.test:5000/ca.crt on every node. It serves CN=CA, SHA-256 AA:5; compare that with its operator before trusting it (pullguard trust reg.test:5000).",
  },
  {
    name: "an authority that was not served",
    fault: untrusted([served("CN=reg.test", "CN=CA")]),
    profile: node("docker"),
    want: "Put the authority's certificate into /etc/docker/certs.d/reg.test:5000/ca.crt on every node. The registry does not send it; ask its operator for the certificate of CN=CA.",
  },
  {
    name: "a certificate that signs for itself",
    fault: { ...untrusted([served("CN=reg.test", "CN=reg.test")]), reason: "self-signed" } as TransportFault,
    profile: node("docker"),
    want: "Put the registry's certificate into /etc/docker/certs.d/reg.test:5000/ca.crt on every node. It serves CN=reg.test, SHA-256 AA:11; compare that with its operator before trusting it (pullguard trust reg.test:5000).",
  },
  {
    name: "a client certificate on Docker",
    fault: { kind: "client-certificate-required", message: "m" },
    profile: node("docker"),
    want: "Put the client's certificate into /etc/docker/certs.d/reg.test:5000/client.cert and its key into /etc/docker/certs.d/reg.test:5000/client.key on the nodes.",
  },
];

describe("the fix for", () => {
  for (const { name, fault, profile, origin, want } of cases) {
    it(name, () => {
      const host = registryHost(domain, origin === undefined ? {} : { origin });
      assert.equal(judged(fault, profile, host).fix, want);
    });
  }

  it("an unknown authority shows the issue of the node's files that explains it", () => {
    const failure = { host: registryHost(domain), reason: { kind: "fault", fault: untrusted() } } as const;
    const judgement = judgeFailed(
      { kind: "failed", attempts: [{ kind: "failed", shown: failure, failures: [failure] }] },
      diagnosisContext({
        reference,
        issues: [{ code: "HostsFileIgnored", message: "ignored: line 3", origin: { file: "/x/hosts.toml" } }],
      }),
    );
    assert.match(judgement.message, /\/x\/hosts\.toml: ignored: line 3/);
  });
});

describe("the advised files of containerd", () => {
  let pem = "";
  before(async () => {
    pem = (await createAuthority("Advised Authority")).certificatePem;
  });
  for (const [major, minor, patch] of [
    [1, 6, 20],
    [1, 7, 13],
    [1, 7, 34],
    [2, 1, 8],
    [2, 3, 4],
  ] as const) {
    const version = { name: "containerd", major, minor, patch } as const;
    const advised = { runtime: version, hostsRoot: "/etc/containerd/certs.d" };
    const filesOf = (acceptance: "authority" | "plain-http") =>
      nodeFilesFromMap(
        Object.fromEntries(
          adviseRegistry(advised, domain, domain, acceptance).files.map(({ path, kind, lines }) => [
            path,
            kind === "certificate" ? pem : `${lines.join("\n")}\n`,
          ]),
        ),
      );

    it(`make ${major}.${minor}.${patch} speak plain HTTP with the registry, and nothing else`, () => {
      const plan = planHosts(filesOf("plain-http"), ["/etc/containerd/certs.d"], domain, version);
      assert.ok(plan.kind === "hosts");
      assert.deepEqual(
        plan.hosts.map(({ scheme, address, httpFallback }) => [scheme, address, httpFallback]),
        [
          ["http", domain, "never"],
          ["http", domain, "never"],
        ],
      );
      assert.deepEqual(plan.issues, []);
    });

    it(`make ${major}.${minor}.${patch} read the CA for every host`, () => {
      const plan = planHosts(filesOf("authority"), ["/etc/containerd/certs.d"], domain, version);
      assert.ok(plan.kind === "hosts");
      assert.deepEqual(
        plan.hosts.map(({ scheme, address, tls }) => [scheme, address, tls.extraCaPems]),
        [
          ["https", domain, [pem]],
          ["https", domain, [pem]],
        ],
      );
      assert.deepEqual(plan.issues, []);
    });
  }
});
