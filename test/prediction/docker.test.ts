import assert from "node:assert/strict";
import { parseRuntime } from "../../src/node/index.js";
import { refusedType } from "../../src/prediction/content/docker.js";
import { dockerDialect } from "../../src/prediction/dialects/docker/index.js";
import { dockerTraits } from "../../src/prediction/dialects/docker/traits.js";
import { createEngine } from "../support/engine.js";
import { type Behaviour, type Lab, type RegistrySpec, startLab } from "../support/lab/index.js";

function trusted(
  host: string,
  behaviours: readonly Behaviour[] = [],
  auth: RegistrySpec["auth"] = "none",
): RegistrySpec {
  return { host, port: 443, transport: { kind: "trusted" }, behaviours, auth };
}

function http(host: string, port: number, behaviours: readonly Behaviour[] = []): RegistrySpec {
  return { host, port, transport: { kind: "http" }, behaviours };
}

const challenge = (...lines: readonly string[]): Behaviour => ({ kind: "challenges", lines });
const basicLine = 'Basic realm="lab"';
const bearerLine = 'Bearer realm="{realm}",service="lab"';

const registries: readonly RegistrySpec[] = [
  trusted("ok.test"),
  trusted("head400.test", [{ kind: "method-status", method: "HEAD", status: 400 }]),
  trusted("untyped.test", [{ kind: "content-type", value: "application/octet-stream" }]),
  trusted("twice.test", [{ kind: "status-at-first", status: 429, times: 2 }]),
  trusted("basic.test", [], "basic"),
  trusted("both.test", [{ kind: "anonymous-tokens" }, challenge(basicLine, bearerLine)], "bearer"),
  trusted("reversed.test", [{ kind: "anonymous-tokens" }, challenge(bearerLine, basicLine)], "bearer"),
  trusted("public.test", [{ kind: "anonymous-tokens" }], "bearer"),
  trusted("weird.test", [], "weird"),
  http("plain.test", 5000),
  http("port80.test", 80),
  // Behind TLS it wants a password, without TLS it does not.
  trusted("twofold.test", [], "basic"),
  http("twofold.test", 80),
  // Nothing behind TLS, and no registry without.
  http("page.test", 80, [{ kind: "status", status: 404 }]),
  trusted("mirror.test"),
  trusted("emptymirror.test", [{ kind: "status", status: 404 }]),
  trusted("registry-1.docker.io"),
];

const insecure = { "insecure-registries": ["plain.test:5000", "port80.test", "twofold.test", "page.test"] };

interface Question {
  readonly name: string;
  readonly image: string;
  readonly runtime?: string;
  readonly platform?: string;
  readonly daemon?: object;
  /** The cause, or the verdict where there is none. */
  readonly want: string;
  readonly verdict?: "unknown";
}

const questions: readonly Question[] = [
  { name: "a manifest is asked for by GET where HEAD is refused", image: "head400.test/team/app:v1", want: "pullable" },
  { name: "a HEAD and a GET are all that is tried", image: "twice.test/team/app:v1", want: "RegistryRateLimited" },
  {
    name: "a manifest without a type that dockerd knows is none",
    image: "untyped.test/team/app:v1",
    want: "ManifestTypeUnsupported",
  },
  { name: "a password that nobody gives", image: "basic.test/team/app:v1", want: "PullSecretMissing" },
  { name: "tokens for everybody", image: "public.test/team/app:v1", want: "pullable" },
  {
    name: "a token is not enough where a password is asked for as well",
    image: "both.test/team/app:v1",
    want: "PullSecretMissing",
  },
  { name: "in whatever order they are asked for", image: "reversed.test/team/app:v1", want: "PullSecretMissing" },
  { name: "a scheme that nobody knows", image: "weird.test/team/app:v1", want: "AuthenticationUnsupported" },
  { name: "an insecure registry without TLS", image: "plain.test:5000/team/app:v1", want: "pullable" },
  { name: "an insecure registry without port on 80", image: "port80.test/team/app:v1", want: "pullable" },
  { name: "a missing tag there is no doubt", image: "plain.test:5000/team/app:nope", want: "TagNotFound" },
  { name: "one that is not listed", image: "plain.test:5000/team/app:v1", daemon: {}, want: "PlainHttpRegistry" },
  { name: "20.10 asks without TLS after a password was missing", image: "twofold.test/team/app:v1", want: "pullable" },
  { name: "but not for a digest", image: "twofold.test/team/app@{team/app:v1}", want: "PullSecretMissing" },
  {
    name: "a page where the registry's TLS is down proves nothing",
    image: "page.test/team/app:v1",
    want: "RepositoryNotFound",
    verdict: "unknown",
  },
  { name: "23 does not", image: "twofold.test/team/app:v1", runtime: "docker://23.0.6", want: "PullSecretMissing" },
  {
    name: "a mirror of Docker Hub",
    image: "solo",
    daemon: { "registry-mirrors": ["https://mirror.test"] },
    want: "pullable",
  },
  {
    name: "Docker Hub after an empty mirror",
    image: "solo",
    daemon: { "registry-mirrors": ["https://emptymirror.test"] },
    want: "pullable",
  },
  {
    name: "a mirror's artifact ends the pull",
    image: "team/app:artifact",
    daemon: { "registry-mirrors": ["https://mirror.test"] },
    want: "ManifestTypeUnsupported",
  },
  { name: "schema 1 without layers", image: "ok.test/odd:schema1", want: "ManifestSchema1" },
  { name: "an artifact", image: "ok.test/team/app:artifact", want: "ManifestTypeUnsupported" },
  { name: "a page for a manifest", image: "ok.test/team/app:notjson", want: "ManifestUnreadable" },
  { name: "another architecture without a list", image: "ok.test/team/app:arm64only", want: "pullable" },
  { name: "an image for Windows without a list", image: "ok.test/odd:windows-single", want: "PlatformNotFound" },
  { name: "sizes that do not fit", image: "ok.test/team/app:wrongsize", want: "pullable" },
  { name: "a Docker manifest under OCI's type", image: "ok.test/odd:docker-as-oci", want: "ManifestUnreadable" },
  { name: "20.10 looks into no nested list", image: "ok.test/odd:nested", want: "PlatformNotFound" },
  { name: "a list for 32-bit on 20.10", image: "ok.test/odd:only386", want: "PlatformNotFound" },
  { name: "a list for 32-bit on 23", image: "ok.test/odd:only386", runtime: "docker://23.0.6", want: "pullable" },
  { name: "an entry without platform on 20.10", image: "ok.test/odd:noplatform", want: "PlatformNotFound" },
  {
    name: "an entry without platform on 23",
    image: "ok.test/odd:noplatform",
    runtime: "docker://23.0.6",
    want: "pullable",
  },
  { name: "an entry for a newer CPU on 20.10", image: "ok.test/odd:amd64v2", want: "PlatformNotFound" },
  {
    name: "an entry for a newer CPU on 23",
    image: "ok.test/odd:amd64v2",
    runtime: "docker://23.0.6",
    want: "pullable",
  },
  { name: "a list whose child is missing", image: "ok.test/idx:dangling", want: "ManifestMissing" },
  {
    name: "any arm where no variant fits, on 20.10",
    image: "ok.test/idx:armonly",
    platform: "linux/arm/v6",
    want: "pullable",
  },
  {
    name: "only what runs, on 23",
    image: "ok.test/idx:armonly",
    platform: "linux/arm/v6",
    runtime: "docker://23.0.6",
    want: "PlatformNotFound",
  },
  { name: "a list for a platform that nobody named", image: "ok.test/idx:multi", platform: "", want: "pullable" },
  {
    name: "an upper-case first component is a registry from 25 on",
    image: "OK/team/app:v1",
    runtime: "docker://25.0.6",
    want: "ImageNameDependsOnNode",
  },
  { name: "and no name before", image: "OK/team/app:v1", want: "InvalidImageName" },
  {
    name: "with the containerd image store a trust problem is in doubt",
    image: "plain.test:5000/team/app:v1",
    daemon: { features: { "containerd-snapshotter": true } },
    runtime: "docker://28.2.2",
    want: "PlainHttpRegistry",
    verdict: "unknown",
  },
];

describe("dockerd's dialect", () => {
  let lab: Lab;

  before(async () => {
    lab = await startLab({ ports: "ephemeral", registries });
  });
  after(() => lab.stop());

  for (const {
    name,
    image,
    runtime = "docker://20.10.24",
    platform = "linux/amd64",
    daemon = insecure,
    want,
    verdict,
  } of questions) {
    it(name, async () => {
      const trust = registries
        .filter(({ transport, host }) => transport.kind === "trusted" && host !== "registry-1.docker.io")
        .map(({ host }) => [`/etc/docker/certs.d/${host}/ca.crt`, lab.caPem] as const);
      const engine = createEngine({
        lab,
        nodeFiles: {
          ...Object.fromEntries(trust),
          "/etc/docker/daemon.json": JSON.stringify(daemon),
          // The laboratory's authority stands for one that everybody trusts.
          "/etc/ssl/certs/ca-certificates.crt": lab.caPem,
        },
        runtime,
        ...(platform === "" ? {} : { platform }),
        systemCaPems: [lab.caPem],
      });
      try {
        const finding = await engine.checkImage(lab.expand(image));
        assert.equal(finding.cause ?? finding.verdict, want, JSON.stringify(finding));
        if (verdict !== undefined) assert.equal(finding.verdict, verdict);
      } finally {
        await engine.close();
      }
    });
  }

  it("asks a registry for /v2/ first, and sends a password nowhere but below it", async () => {
    lab.reset();
    const engine = createEngine({ lab, nodeFiles: {}, runtime: "docker://20.10.24", systemCaPems: [lab.caPem] });
    await engine.checkImage("public.test/team/app:v1");
    await engine.close();
    const [first, second, third] = lab.requestsOf("public.test");
    assert.deepEqual([first?.method, first?.path, first?.authorization], ["GET", "/v2/", "none"]);
    assert.match(second?.path ?? "", /^\/token\?service=.*&scope=repository%3Ateam%2Fapp%3Apull$/);
    assert.deepEqual([third?.method, third?.authorization], ["HEAD", "bearer"]);
  });
});

describe("dockerd's versions", () => {
  it("have names of their own where they pull in another way, and none where not", () => {
    const id = (text: string): string => dockerDialect(parseRuntime(`docker://${text}`)).id;
    assert.equal(id("20.10.24"), id("20.10.7"));
    assert.equal(id("26.1.5"), id("27.5.1"));
    assert.equal(new Set(["20.10.24", "23.0.6", "25.0.6", "26.1.5", "28.0.0", "28.2.2"].map(id)).size, 6);
  });

  it("know zstd from 23 on", () => {
    const formats = (version: string) => {
      const packing = dockerDialect(parseRuntime(`docker://${version}`)).content.packingOf("");
      return packing?.kind === "sniffed" ? packing.formats : [];
    };
    assert.deepEqual(formats("20.10.24"), ["gzip", "bzip2", "xz"]);
    assert.deepEqual(formats("23.0.6"), ["gzip", "bzip2", "xz", "zstd"]);
  });

  const v20 = dockerTraits({ major: 20, minor: 10, patch: 24 });
  const v28 = dockerTraits({ major: 28, minor: 2, patch: 2 });
  const types: readonly (readonly [string, string, typeof v20, boolean])[] = [
    ["an OCI layer with zstd", "application/vnd.oci.image.layer.v1.tar+zstd", v20, false],
    ["a Docker layer in capitals", "APPLICATION/vnd.docker.image.rootfs.diff.tar.gzip", v20, false],
    ["no type", "", v20, false],
    ["a chart's config", "application/vnd.cncf.helm.config.v1+json", v20, true],
    ["a type that only begins alike", "application/vnd.oci.images.v1", v20, true],
    ["a model before 28.2", "application/vnd.docker.ai.model.config.v0.1+json", v20, false],
    ["a model from 28.2 on", "application/vnd.docker.ai.model.config.v0.1+json", v28, true],
  ];
  for (const [name, type, traits, refused] of types) {
    it(`${refused ? "refuse" : "take"} ${name}`, () =>
      assert.equal(refusedType([type], traits), refused ? type : undefined));
  }
});
