import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { rootCertificates } from "node:tls";
import { gatherProfile, nodeFilesFromMap, parseRuntime } from "../../../src/node/index.js";
import { withholdSecrets } from "../../../src/node/snapshot/withhold.js";
import { createAuthority } from "../../support/authority.js";
import { comparable, type FileMap, gather, planFor, rebuild, wellKnown } from "./nodes.js";

const secret = "hunter2-is-no-secret";
const encoded = Buffer.from(`robot:${secret}`).toString("base64");

/** Everything on a node that must not leave it, in the places where it is found. */
function fullNode(ca: string, key: string): FileMap {
  return {
    "/etc/containerd/config.toml": [
      `version = 2 # registry password: ${secret}`,
      '[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/etc/containerd/certs.d"',
      '[plugins."io.containerd.grpc.v1.cri".registry.configs."reg.test".auth]',
      `username = "robot"\npassword = "${secret}"\nauth = "${encoded}"`,
      `[plugins."io.containerd.grpc.v1.cri".registry.headers]\nX-Api-Key = ["${secret}"]`,
      `[plugins."some.snapshotter"]\nlicense = "${secret}"\ndepth = 3`,
    ].join("\n"),
    "/etc/containerd/certs.d/reg.test/hosts.toml": [
      `server = "https://robot:${secret}@reg.test"`,
      `[host."https://robot:${secret}@mirror.test?token=${secret}"]`,
      `[host."https://robot:${secret}@mirror.test?token=${secret}".header]`,
      `Authorization = "Basic ${encoded}"\nX-Escaped = "\\u0068unter2-is-no-secret"`,
    ].join("\n"),
    "/etc/containerd/certs.d/reg.test/client.key": key,
    "/etc/containerd/certs.d/reg.test/client.cert": ca,
    "/etc/containerd/certs.d/broken.test/hosts.toml": `[host."${secret}"\nAuthorization = "${encoded}"`,
    "/etc/docker/daemon.json": JSON.stringify({
      "registry-mirrors": [`https://robot:${secret}@mirror.test`],
      "log-opts": { "splunk-token": secret },
      proxies: { "https-proxy": `http://robot:${secret}@proxy.test:3128` },
    }),
    "/etc/systemd/system/containerd.service.d/proxy.conf": [
      `[Service]\nEnvironment="HTTPS_PROXY=http://robot:${secret}@proxy.test:3128" "API_KEY=${secret}"`,
      `# ${secret}\nEnvironment=NO_PROXY=10.0.0.0/8`,
    ].join("\n"),
    "/var/lib/kubelet/config.json": JSON.stringify({ auths: { "https://robot@reg.test/v1/": { auth: encoded } } }),
    "/etc/kubernetes/credential-provider-config.yaml": [
      "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig",
      `providers:\n- name: ecr\n  matchImages: ["*.ecr.test"]\n  env: [{ name: KEY, value: ${secret} }]`,
    ].join("\n"),
    "/etc/ssl/certs/ca-certificates.crt": `${rootCertificates[0]}\n${rootCertificates[1]}\n${ca}`,
  };
}

describe("what an agent publishes", () => {
  let ca = "";
  let key = "";
  before(async () => {
    const authority = await createAuthority("Node Authority");
    ca = authority.certificatePem;
    key = (await authority.issue({ names: ["x"], commonName: "x" })).keyPem;
  });

  it("holds no secret of the node", () => {
    const files = fullNode(ca, key);
    const text = JSON.stringify(gather(files));
    for (const leak of [secret, encoded, "hunter2", key.split("\n")[1] ?? "", "PRIVATE KEY"]) {
      assert.ok(!text.includes(leak), leak);
    }
  });

  it("holds no part of a password with a slash in it, which makes no address", () => {
    const url = "http://robot:hunter2/hun@ter2@proxy.test:3128";
    const files = {
      "/etc/containerd/certs.d/reg.test/hosts.toml": `server = "${url}"\n[host."${url}"]\n`,
      "/etc/containers/registries.conf": `[[registry]]\nlocation = "robot:hunter2/hun@ter2@reg.test"\n`,
      "/etc/docker/daemon.json": JSON.stringify({ "registry-mirrors": [url], proxies: { "https-proxy": url } }),
      "/etc/systemd/system/docker.service": `[Service]\nEnvironment="HTTPS_PROXY=${url}"\nExecStart=/x --registry-mirror=${url}\n`,
      "/etc/default/docker": `HTTPS_PROXY=${url}\nNO_PROXY=.test,${url}\n`,
    };
    for (const [path, text] of Object.entries(files)) {
      const shown = JSON.stringify(withholdSecrets(path, text));
      assert.ok(!/hun|ter2|robot/.test(shown), shown);
    }
    const kept =
      '{"default":[{"type":"reject"}],"transports":{"docker":{"reg.test/app@sha256:00ff":[{"type":"reject"}]}}}';
    assert.equal(withholdSecrets("/etc/containers/policy.json", kept).content, kept);
  });

  it("says which registries the node has credentials for, and that is all that is known of them", () => {
    const spec = gather(fullNode(ca, key));
    assert.deepEqual(spec.credentials, {
      hosts: ["reg.test"],
      providers: [{ name: "ecr", matchImages: ["*.ecr.test"] }],
    });
    const { credentials } = rebuild(spec);
    assert.equal(credentials.kind, "known");
    if (credentials.kind !== "known") return;
    assert.deepEqual(credentials.lookup("reg.test/team/app"), []);
    assert.equal(credentials.withheldFor?.("reg.test/team/app"), true);
    assert.equal(credentials.withheldFor?.("other.test/app"), false);
    assert.deepEqual(credentials.providersFor?.("1.ecr.test/app"), ["ecr"]);
  });

  it("says nothing of a trust store whose bundle was not shown, whatever lies beside it", () => {
    assert.equal(gather({ "/etc/ssl/certs/own.pem": ca }).systemTrust, undefined);
    assert.deepEqual(gather({ "/etc/ssl/cert.pem": ca }).systemTrust?.fingerprints, []);
  });

  it("does not know a node's credentials where the kubelet has a home that is not shown", () => {
    const unit = "/etc/systemd/system/kubelet.service.d/10-home.conf";
    assert.equal(gather({ [unit]: "[Service]\nEnvironment=HOME=/root" }).credentials?.incomplete, true);
    assert.equal(
      gather({ [unit]: "[Service]\nEnvironment=HOME=/root", "/root/": "" }).credentials?.incomplete,
      undefined,
    );
    assert.equal(gather({ [unit]: "[Service]\nUser=root" }).credentials?.incomplete, undefined);
  });

  it("does not know a node's credentials where a file of them cannot be read", () => {
    const spec = gather({ "/var/lib/kubelet/config.json": { unreadable: "permission denied" } });
    assert.equal(spec.credentials?.incomplete, true);
    assert.equal(rebuild(spec).credentials.kind, "unknown");
  });

  it("names well-known authorities by fingerprint and shows the others", () => {
    const spec = gather(fullNode(ca, key));
    assert.equal(spec.systemTrust?.fingerprints?.length, 2);
    assert.equal(spec.systemTrust?.certificates?.trim(), ca.trim());
    const [host] = plansOf(rebuild(spec));
    const digests = (host?.tls.systemRoots?.pems ?? []).map((pem) =>
      createHash("sha256").update(pem.trim()).digest("hex"),
    );
    const wanted = [rootCertificates[0], rootCertificates[1], ca].map((pem = "") =>
      createHash("sha256").update(pem.trim()).digest("hex"),
    );
    assert.deepEqual(digests.sort(), wanted.sort());
    assert.equal(rebuild(spec).systemRoots, undefined);
    const unheardOf = { ...spec, systemTrust: { fingerprints: ["00".repeat(32)] } };
    assert.equal(rebuild(unheardOf).systemRoots, "unknown");
  });

  const plansOf = (profile: ReturnType<typeof rebuild>) => {
    const plan = planFor(profile, "other.test");
    return plan.kind === "hosts" ? plan.hosts : [];
  };

  it("is bounded, however large the files are", () => {
    const huge = `server = "https://reg.test" # ${"x".repeat(300_000)}\n`;
    const folders = Array.from({ length: 20 }, (_, at) => [
      `/etc/containerd/certs.d/r${at}.test/ca.crt`,
      ca.repeat(100),
    ]);
    const files = { "/etc/containerd/certs.d/huge.test/hosts.toml": huge, ...Object.fromEntries(folders) };
    const spec = gather(files);
    assert.ok(JSON.stringify(spec).length < 1_000_000);
    const plan = planFor(rebuild(spec), "huge.test");
    assert.equal(plan.kind === "hosts" && plan.partial, true);
    const plans = folders.map((_, at) => planFor(rebuild(spec), `r${at}.test`));
    assert.ok(plans.some((each) => each.kind === "hosts" && each.partial === true));
  });
});

describe("a node whose configuration lies elsewhere", () => {
  const spec = (files: FileMap, runtimeText = "containerd://1.7.34") =>
    gatherProfile({
      ...{ tree: nodeFilesFromMap(files), runtimeText, wellKnown },
      runtime: parseRuntime(runtimeText),
    });
  const table: readonly { readonly name: string; readonly given: ReturnType<typeof spec>; readonly want: boolean }[] = [
    { name: "nothing of containerd", given: spec({ "/etc/hosts": "" }), want: false },
    { name: "its config.toml", given: spec({ "/etc/containerd/config.toml": "" }), want: true },
    { name: "its certs.d alone", given: spec({ "/etc/containerd/certs.d/": "" }), want: true },
    { name: "one of K3s", given: spec({ "/etc/containerd/certs.d/": "" }, "containerd://1.7.21-k3s2"), want: false },
    {
      name: "one of Talos",
      given: spec({ "/etc/containerd/config.toml": "", "/etc/cri/containerd.toml": "" }),
      want: false,
    },
  ];
  for (const { name, given, want } of table) {
    it(`${want ? "is known" : "is not taken for one without any"}: ${name}`, () => {
      assert.equal(given.files !== undefined, want);
      assert.equal(rebuild(given).trust, want ? "known" : "unknown");
    });
  }

  it("has credentials of which nothing is known where the kubelet's folder is not shown", () => {
    assert.equal(spec({ "/etc/hosts": "" }).credentials?.incomplete, true);
    assert.equal(spec({ "/var/lib/kubelet/": "" }).credentials?.incomplete, undefined);
  });
});

describe("a profile that a person wrote", () => {
  it("knows nothing of the system's authorities unless it says so", () => {
    assert.equal(rebuild({ files: [] }).systemRoots, "unknown");
    assert.equal(rebuild({ files: [], systemTrust: { certificates: "" } }).systemRoots, "unknown");
    const known = rebuild({ files: [], systemTrust: { publicRoots: true } });
    assert.deepEqual([known.systemRoots, known.trust], [undefined, "known"]);
  });

  it("knows nothing of trust and credentials where it names no file and no credential", () => {
    const profile = rebuild({ runtime: "containerd://1.7.13" });
    assert.deepEqual([profile.trust, profile.credentials.kind], ["unknown", "unknown"]);
    assert.equal(rebuild({ credentials: {} }).credentials.kind, "known");
  });

  it("is doubted once nobody confirms it", () => {
    const profile = rebuild({ files: [], credentials: {} }, () => "3 h ago");
    assert.deepEqual([profile.trust, profile.credentials.kind], ["unknown", "unknown"]);
    assert.equal(profile.lastConfirmed?.(), "3 h ago");
  });
});

describe("a file of a node", () => {
  const table: readonly { readonly path: string; readonly given: string; readonly want: string | undefined }[] = [
    {
      path: "/etc/containers/registries.conf",
      given: '[[registry]]\nlocation = "a.test" # x',
      want: '[[registry]]\nlocation = "a.test" #',
    },
    {
      path: "/etc/containers/policy.json",
      given: '{"default":[{"type":"reject"}]}',
      want: '{"default":[{"type":"reject"}]}',
    },
    {
      path: "/etc/docker/daemon.json",
      given: '{"insecure-registries":["10.0.0.0/8"],\n"label":"x y"}',
      want: '{"insecure-registries":["10.0.0.0/8"],\n"label":""}',
    },
    {
      path: "/etc/docker/daemon.json",
      given: "{ not json",
      want: "= this file cannot be parsed; its text stays on the node\n",
    },
    { path: "/etc/containerd/config.toml", given: "[a]\npassword = 12345\n", want: undefined },
    { path: "/etc/containerd/config.toml", given: 'a = """\nx y\n"""\nb = 1', want: 'a = ""\n\n\nb = 1' },
    {
      path: "/etc/containerd/config.toml",
      given: 'imports = ["/etc/containerd/conf.d/*.toml"]',
      want: 'imports = ["/etc/containerd/conf.d/*.toml"]',
    },
    {
      path: "/etc/crio/crio.conf.d/1.conf",
      given: 'global_auth_file = "/var/lib/kubelet/config.json"',
      want: 'global_auth_file = "/var/lib/kubelet/config.json"',
    },
    {
      path: "/etc/default/docker",
      given:
        'export HTTP_PROXY="http://u:p@x.test"\nDOCKER_OPTS="--insecure-registry=a.test -H tcp://x --label p=q"\nTOKEN=x',
      want: 'export HTTP_PROXY=http://withheld.pullguard.dev@x.test\nDOCKER_OPTS="--insecure-registry=a.test"\n',
    },
    {
      path: "/etc/systemd/system/docker.service",
      given: "[Service]\nExecStart=/usr/bin/dockerd -H fd:// \\\n --registry-mirror https://m.test\nUser=x",
      want: "[Service]\nExecStart=/usr/bin/dockerd --registry-mirror=https://m.test\n\n",
    },
    { path: "/etc/containerd/certs.d/a/notes.txt", given: "password", want: undefined },
    { path: "/etc/x/ca.pem", given: "no certificate", want: "" },
  ];
  for (const { path, given, want } of table) {
    it(`${path} is published as ${JSON.stringify(want)}`, () => {
      const { content, unreadable } = withholdSecrets(path, given);
      assert.equal(content, want, unreadable);
    });
  }

  it("that is published twice is the same", () => {
    const path = "/etc/containerd/certs.d/reg.test/hosts.toml";
    const given = '[host."https://u:p@m.test"]\nheader = { a = "b" }\n';
    const once = withholdSecrets(path, given).content ?? "";
    assert.equal(withholdSecrets(path, once).content, once);
    assert.notDeepEqual(comparable(planFor(rebuild({ files: [{ path, content: once }] }), "reg.test")), undefined);
  });
});
