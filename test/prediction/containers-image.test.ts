import assert from "node:assert/strict";
import { parseRuntime, type RegistryHost } from "../../src/node/index.js";
import { type Platform, parsePlatform, sha256Digest } from "../../src/oci/index.js";
import { dialectFor, type PullAttempt, type PulledAttempt } from "../../src/prediction/index.js";
import type { ImageReference } from "../../src/reference/index.js";
import type { Exchange } from "../../src/registry/index.js";
import { registryHost, registryResponse } from "../support/builders.js";
import { type Script, scriptedSession } from "../support/scripted-session.js";

const types = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
  schema1: "application/vnd.docker.distribution.manifest.v1+prettyjws",
} as const;
const upstream = registryHost("reg.test");
const mirror = registryHost("mirror.test", { mirrorOf: "reg.test" });
const byTag: ImageReference = { written: "reg.test/app:v1", domain: "reg.test", path: "app", tag: "v1" };

interface Content {
  readonly bytes: Uint8Array;
  readonly digest: string;
}

function encode(value: unknown): Content {
  const bytes = new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
  return { bytes, digest: sha256Digest(bytes) };
}

const layer = {
  mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
  digest: `sha256:${"b".repeat(64)}`,
  size: 10,
};
const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest: `sha256:${"c".repeat(64)}`, size: 10 };
const image = { schemaVersion: 2, config, layers: [layer] };
const dockerImage = {
  schemaVersion: 2,
  mediaType: types.dockerManifest,
  config: { ...config, mediaType: "application/vnd.docker.container.image.v1+json" },
  layers: [{ ...layer, mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip" }],
};
const sound = encode(image);
const schema1 = {
  schemaVersion: 1,
  name: "app",
  fsLayers: [{ blobSum: layer.digest }],
  history: [{ v1Compatibility: "{}" }],
};

function got(content: Content, mediaType: string): Exchange {
  return registryResponse({ method: "GET", mediaType, body: content.bytes, contentLength: content.bytes.byteLength });
}

/** What one host serves under the tag and its own digest. */
function serves(address: string, content: Content, mediaType: string = types.manifest): Script {
  return {
    [`GET ${address} manifests/v1`]: got(content, mediaType),
    [`GET ${address} manifests/${content.digest}`]: got(content, mediaType),
  };
}

/** An index with the platforms, each leading to the sound image, and that image. */
function indexOf(entries: readonly object[], mediaType: string = types.index): Script {
  const index = encode({ schemaVersion: 2, mediaType, manifests: entries });
  return { ...serves("reg.test", sound), ...serves("reg.test", index, mediaType) };
}

const entry = (platform: string | undefined, values: object = {}) => {
  const [os, architecture, variant] = platform?.split("/") ?? [];
  const shown =
    platform === undefined ? {} : { platform: { os, architecture, ...(variant === undefined ? {} : { variant }) } };
  return { mediaType: types.manifest, digest: sound.digest, size: 1, ...shown, ...values };
};

interface Asked {
  readonly runtime?: string;
  readonly hosts?: readonly RegistryHost[];
  readonly reference?: ImageReference;
  readonly platform?: string;
}

async function attempt(
  script: Script,
  asked: Asked = {},
): Promise<{ readonly result: PullAttempt; readonly lines: readonly string[] }> {
  const hosts = asked.hosts ?? [upstream];
  const pings = hosts.map(({ address }) => [`GET ${address} /`, registryResponse({ method: "GET" })] as const);
  const session = scriptedSession({ ...Object.fromEntries(pings), ...script });
  const dialect = dialectFor({ runtime: parseRuntime(asked.runtime ?? "podman://4.3.1"), settings: {} });
  const platform: Platform = parsePlatform(asked.platform ?? "linux/amd64");
  const known = new Map<string, PulledAttempt>();
  const result = await dialect.attempt(
    {
      reference: asked.reference ?? byTag,
      hosts,
      platform,
      session,
      manifests: {
        recall: (digest) => known.get(digest),
        remember: (pulled) => known.set(pulled.digest, pulled),
      },
    },
    new AbortController().signal,
  );
  return { result, lines: session.asked };
}

/** `pulled`, the kind of what is wrong with the content, or what the shown host's failure is. */
function told(result: PullAttempt): string {
  switch (result.kind) {
    case "pulled":
      return "pulled";
    case "content":
      return result.problem.kind;
    case "failed":
      return `${result.shown.host.address} ${result.shown.reason.kind}`;
    default:
      return result.kind;
  }
}

describe("the dialect of containers-image", () => {
  const rows: readonly (readonly [name: string, script: Script, asked: Asked, want: string])[] = [
    ["a sound image", serves("reg.test", sound), {}, "pulled"],
    [
      "a type in capitals is the same type",
      serves("reg.test", sound, "Application/Vnd.OCI.Image.Manifest.V1+JSON"),
      {},
      "pulled",
    ],
    [
      "an unknown type is taken for schema 1",
      serves("reg.test", sound, "application/octet-stream"),
      {},
      "unsupported-type",
    ],
    ["no type as well", serves("reg.test", sound, ""), {}, "unsupported-type"],
    ["schema 1 is converted", serves("reg.test", encode(schema1), types.schema1), {}, "pulled"],
    ["schema 1 as plain text", serves("reg.test", encode(schema1), "text/plain"), {}, "pulled"],
    [
      "schema 1 without layers is none",
      serves("reg.test", encode({ ...schema1, fsLayers: [], history: [] }), types.schema1),
      {},
      "unreadable",
    ],
    ["a page in place of a manifest", serves("reg.test", encode("<html>")), {}, "unreadable"],
    [
      "a manifest with a list of manifests is ambiguous",
      serves("reg.test", encode({ ...image, manifests: [] })),
      {},
      "unreadable",
    ],
    ["a manifest with a history is ambiguous", serves("reg.test", encode({ ...image, history: [] })), {}, "unreadable"],
    ["null is nothing", serves("reg.test", encode({ ...image, history: null })), {}, "pulled"],
    ["a Docker image", serves("reg.test", encode(dockerImage), types.dockerManifest), {}, "pulled"],
    [
      "a Docker image that does not say what it is",
      serves("reg.test", encode({ ...dockerImage, mediaType: undefined }), types.dockerManifest),
      {},
      "unsupported-type",
    ],
    [
      "a Docker image with a layer of another world",
      serves("reg.test", encode({ ...dockerImage, layers: [layer] }), types.dockerManifest),
      {},
      "unsupported-type",
    ],
    [
      "an artifact",
      serves(
        "reg.test",
        encode({ ...image, config: { ...config, mediaType: "application/vnd.cncf.helm.config.v1+json" } }),
      ),
      {},
      "not-an-image",
    ],
    [
      "an artifact, which CRI-O 1.33 stores",
      serves(
        "reg.test",
        encode({ ...image, config: { ...config, mediaType: "application/vnd.cncf.helm.config.v1+json" } }),
      ),
      { runtime: "cri-o://1.33.0" },
      "pulled",
    ],
    [
      "a manifest above 4 MiB",
      serves("reg.test", encode({ ...image, pad: "x".repeat(4 * 1024 * 1024) })),
      {},
      "reg.test manifest-too-large",
    ],
    [
      "a digest that is not that of the bytes",
      { [`GET reg.test manifests/${layer.digest}`]: got(sound, types.manifest) },
      { reference: { ...byTag, digest: layer.digest } },
      "digest-mismatch",
    ],
    ["an image of the platform", indexOf([entry("linux/arm64"), entry("linux/amd64")]), {}, "pulled"],
    ["an index of other platforms", indexOf([entry("linux/arm64")]), {}, "platform-missing"],
    ["386 is no amd64", indexOf([entry("linux/386")]), {}, "platform-missing"],
    ["amd64/v1 is no amd64", indexOf([entry("linux/amd64/v1")]), {}, "platform-missing"],
    ["another spelling is another platform", indexOf([entry("linux/x86_64")]), {}, "platform-missing"],
    ["arm64/v8 is arm64", indexOf([entry("linux/arm64/v8")]), { platform: "linux/arm64" }, "pulled"],
    ["arm/v6 runs on arm/v7", indexOf([entry("linux/arm/v6")]), { platform: "linux/arm/v7" }, "pulled"],
    [
      "arm/v7 does not run on arm/v6",
      indexOf([entry("linux/arm/v7")]),
      { platform: "linux/arm/v6" },
      "platform-missing",
    ],
    ["an OCI entry without platform is for all", indexOf([entry(undefined)]), {}, "pulled"],
    [
      "a Docker entry without platform is for none",
      indexOf([entry(undefined)], types.dockerList),
      {},
      "platform-missing",
    ],
    ["an entry that does not exist", indexOf([entry("linux/amd64", { digest: layer.digest })]), {}, "child-missing"],
    [
      "an index inside an index",
      { ...indexOf([entry("linux/amd64")]), [`GET reg.test manifests/${sound.digest}`]: got(sound, types.index) },
      {},
      "unreadable",
    ],
    ["the registry's own error is shown, not the mirror's", {}, { hosts: [mirror, upstream] }, "reg.test not-found"],
    [
      "any failure leads to the next host",
      { ...serves("reg.test", sound), "GET mirror.test manifests/v1": registryResponse({ status: 500 }) },
      { hosts: [mirror, upstream] },
      "pulled",
    ],
    [
      "a host that does not answer /v2/ has no manifest either",
      { "GET mirror.test /": registryResponse({ status: 404 }) },
      { hosts: [mirror] },
      "mirror.test status",
    ],
    [
      "what a mirror serves is not looked for elsewhere",
      { ...serves("reg.test", sound), ...serves("mirror.test", encode("<html>")) },
      { hosts: [mirror, upstream] },
      "unreadable",
    ],
  ];
  for (const [name, script, asked, want] of rows) {
    it(`${name}: ${want}`, async () => assert.equal(told((await attempt(script, asked)).result), want));
  }

  it("asks a mirror for the repository's name there, and for an index's image where the index was", async () => {
    const script = { ...indexOf([entry("linux/amd64")]) };
    const { lines } = await attempt(script, { hosts: [mirror, upstream] });
    assert.deepEqual(lines, [
      "GET mirror.test /",
      "GET mirror.test manifests/v1",
      "GET reg.test /",
      "GET reg.test manifests/v1",
      `GET reg.test manifests/${sound.digest}`,
    ]);
  });

  it("asks for /v2/ alone where that is not answered, and over http only where the host need not be trusted", async () => {
    const down: Script = { "GET reg.test /": { kind: "fault", url: "", fault: { kind: "refused", message: "m" } } };
    const askedOf = async (script: Script, values: Partial<RegistryHost>) =>
      (await attempt(script, { hosts: [registryHost("reg.test", values)] })).lines;
    assert.deepEqual(await askedOf({ "GET reg.test /": registryResponse({ status: 503 }) }, {}), ["GET reg.test /"]);
    assert.deepEqual(await askedOf(down, {}), ["GET reg.test /"]);
    assert.deepEqual(await askedOf(down, { httpFallback: "plain-http-or-unreachable" }), [
      "GET reg.test /",
      "GET reg.test /",
    ]);
    const plain: Script = { ...serves("http://reg.test", sound), "GET http://reg.test /": registryResponse() };
    const { result, lines } = await attempt(
      { ...down, ...plain },
      { hosts: [registryHost("reg.test", { httpFallback: "plain-http-or-unreachable" })] },
    );
    assert.equal(told(result), "pulled");
    assert.equal(result.kind === "pulled" && result.via.scheme, "https");
    assert.deepEqual(lines.slice(1), ["GET reg.test /", "GET reg.test manifests/v1"]);
  });

  describe("a name with several meanings", () => {
    const a = registryHost("a.test", { meaning: "a.test/app" });
    const b = registryHost("b.test", { meaning: "b.test/app" });
    const down = registryResponse({ status: 503 });
    const meanings: readonly (readonly [string, Script, string])[] = [
      ["the first that can be pulled is taken", { ...serves("a.test", sound), ...serves("b.test", sound) }, "pulled"],
      [
        "a broken image leads to the next meaning",
        { ...serves("a.test", encode("<html>")), ...serves("b.test", sound) },
        "pulled",
      ],
      ["the last failure is shown", { "GET a.test manifests/v1": down }, "b.test not-found"],
      [
        "a registry that may come back weighs more than a broken image",
        { "GET a.test manifests/v1": down, ...serves("b.test", encode("<html>")) },
        "a.test status",
      ],
    ];
    for (const [name, script, want] of meanings) {
      it(name, async () => assert.equal(told((await attempt(script, { hosts: [a, b] })).result), want));
    }
  });

  it("prefers zstd from 5.25 on", async () => {
    const zstd = encode({ ...image, annotations: { a: "zstd" } });
    const script = {
      ...serves("reg.test", zstd),
      ...indexOf([
        entry("linux/amd64"),
        entry("linux/amd64", { digest: zstd.digest, annotations: { "io.github.containers.compression.zstd": "true" } }),
      ]),
    };
    const chosen = async (runtime: string) => {
      const { result } = await attempt(script, { runtime });
      return result.kind === "pulled" ? result.image?.manifestDigest : result.kind;
    };
    assert.equal(await chosen("podman://4.3.1"), sound.digest);
    assert.equal(await chosen("podman://4.5.0"), zstd.digest);
  });

  it("takes TLS versions that Pullguard cannot speak for nobody's fault up to 5.25", async () => {
    const old: Script = {
      "GET reg.test manifests/v1": { kind: "fault", url: "", fault: { kind: "tls-version", message: "m" } },
    };
    const faultOf = async (runtime: string) => {
      const { result } = await attempt(old, { runtime });
      return result.kind === "failed" && result.shown.reason.kind === "fault"
        ? result.shown.reason.fault.kind
        : result.kind;
    };
    assert.equal(await faultOf("podman://4.3.1"), "tls-handshake");
    assert.equal(await faultOf("podman://5.0.0"), "tls-version");
  });
});
