import assert from "node:assert/strict";
import type { RegistryHost } from "../../src/node/index.js";
import { type Platform, sha256Digest } from "../../src/oci/index.js";
import { dialectFor, type PullAttempt, type PulledAttempt } from "../../src/prediction/index.js";
import type { ImageReference } from "../../src/reference/index.js";
import type { Exchange } from "../../src/registry/index.js";
import { registryHost, registryResponse } from "../support/builders.js";
import { type Script, scriptedSession } from "../support/scripted-session.js";

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";
const schema1Type = "application/vnd.docker.distribution.manifest.v1+prettyjws";
const upstream = registryHost("reg.test");
const mirror = registryHost("mirror.test", { mirrorOf: "reg.test" });
const byTag: ImageReference = { written: "reg.test/app:v1", domain: "reg.test", path: "app", tag: "v1" };
const amd64: Platform = { os: "linux", architecture: "amd64" };
const versions = {
  old: { name: "containerd", major: 1, minor: 7, patch: 13 },
  current: { name: "containerd", major: 2, minor: 2, patch: 7 },
} as const;

function encode(value: unknown): { readonly bytes: Uint8Array; readonly digest: string } {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return { bytes, digest: sha256Digest(bytes) };
}

const layer = {
  mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
  digest: `sha256:${"b".repeat(64)}`,
  size: 10,
};
const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest: `sha256:${"c".repeat(64)}`, size: 10 };
const manifest = encode({ schemaVersion: 2, mediaType: manifestType, config, layers: [layer] });
const child = (os: string, architecture: string) => ({
  mediaType: manifestType,
  digest: manifest.digest,
  size: manifest.bytes.byteLength,
  platform: { os, architecture },
});

function head(content: { readonly bytes: Uint8Array; readonly digest: string }, mediaType = manifestType): Exchange {
  return registryResponse({ mediaType, digestHeader: content.digest, contentLength: content.bytes.byteLength });
}

function get(content: { readonly bytes: Uint8Array }, mediaType = manifestType): Exchange {
  return registryResponse({ method: "GET", mediaType, body: content.bytes, contentLength: content.bytes.byteLength });
}

/** HEAD of the tag and GET by digest, on one host. */
function serves(address: string, content: ReturnType<typeof encode>, mediaType = manifestType): Script {
  return {
    [`HEAD ${address} manifests/v1`]: head(content, mediaType),
    [`HEAD ${address} manifests/${content.digest}`]: head(content, mediaType),
    [`GET ${address} manifests/${content.digest}`]: get(content, mediaType),
  };
}

/** An index whose one entry has no platform, and the config behind it. */
function platformless(architecture: string): Script {
  const own = encode({ os: "linux", architecture });
  const inner = encode({
    schemaVersion: 2,
    config: { ...config, digest: own.digest, size: own.bytes.byteLength },
    layers: [],
  });
  const index = encode({
    schemaVersion: 2,
    manifests: [{ mediaType: manifestType, digest: inner.digest, size: inner.bytes.byteLength }],
  });
  return {
    ...serves("reg.test", inner),
    ...serves("reg.test", index, indexType),
    [`GET reg.test blobs/${own.digest}`]: get(own, config.mediaType),
  };
}

const down: Exchange = { kind: "fault", url: "", fault: { kind: "refused", message: "m" } };
const status = (code: number): Exchange => registryResponse({ status: code });

interface Given {
  readonly script: Script;
  readonly hosts?: readonly RegistryHost[];
  readonly reference?: ImageReference;
  readonly version?: keyof typeof versions;
  readonly platform?: Platform | null;
}

async function attempt(given: Given): Promise<{ readonly result: PullAttempt; readonly asked: readonly string[] }> {
  const session = scriptedSession(given.script);
  const result = await dialectFor({ runtime: versions[given.version ?? "current"], settings: {} }).attempt(
    {
      reference: given.reference ?? byTag,
      hosts: given.hosts ?? [upstream],
      platform: given.platform === null ? undefined : (given.platform ?? amd64),
      session,
      manifests: { recall: () => undefined, remember: () => undefined },
    },
    new AbortController().signal,
  );
  return { result, asked: session.asked };
}

function brief(result: PullAttempt): string {
  switch (result.kind) {
    case "pulled":
      return `pulled via ${result.via.address}`;
    case "failed":
      return `${result.shown.host.address}: ${result.shown.reason.kind}`;
    case "content":
      return result.problem.kind;
    default:
      return result.kind;
  }
}

describe("a pull as containerd makes it", () => {
  const table: readonly ({ readonly name: string; readonly want: string } & Given)[] = [
    {
      name: "resolves a tag with HEAD and reads the manifest by digest",
      script: serves("reg.test", manifest),
      want: "pulled via reg.test",
    },
    {
      name: "goes on to the next host after a refused connection",
      hosts: [mirror, upstream],
      script: { "mirror.test manifests/v1": down, ...serves("reg.test", manifest) },
      want: "pulled via reg.test",
    },
    {
      name: "goes on after 503 and after 404",
      hosts: [mirror, registryHost("second.test"), upstream],
      script: { "mirror.test manifests/v1": status(503), ...serves("reg.test", manifest) },
      want: "pulled via reg.test",
    },
    {
      name: "shows the mirror's error before 2.0 although the upstream says 404",
      version: "old",
      hosts: [mirror, upstream],
      script: { "mirror.test manifests/v1": down },
      want: "mirror.test: fault",
    },
    {
      name: "shows the upstream's 404 from 2.0",
      hosts: [mirror, upstream],
      script: { "mirror.test manifests/v1": down },
      want: "reg.test: not-found",
    },
    {
      name: "asks only hosts that may resolve for a tag",
      hosts: [registryHost("pull-only.test", { capabilities: ["pull"] })],
      script: serves("pull-only.test", manifest),
      want: "no-hosts",
    },
    {
      name: "refuses a Docker-Content-Digest that is none",
      script: { "HEAD reg.test manifests/v1": registryResponse({ digestHeader: "nonsense", contentLength: 5 }) },
      want: "invalid-digest-header",
    },
    {
      name: "passes over a manifest of more than 4 MiB",
      script: {
        "HEAD reg.test manifests/v1": registryResponse({ digestHeader: manifest.digest, contentLength: 5_000_000 }),
      },
      want: "reg.test: manifest-too-large",
    },
    {
      name: "sees other bytes than the digest promises",
      script: {
        ...serves("reg.test", manifest),
        [`GET reg.test manifests/${manifest.digest}`]: get(encode({ other: true })),
      },
      want: "digest-mismatch",
    },
    {
      name: "sees a length that HEAD announced wrongly",
      script: {
        ...serves("reg.test", manifest),
        "HEAD reg.test manifests/v1": registryResponse({ digestHeader: manifest.digest, contentLength: 3 }),
      },
      want: "size-mismatch",
    },
    {
      name: "refuses an empty manifest",
      script: { "HEAD reg.test manifests/v1": registryResponse({ digestHeader: manifest.digest, contentLength: 0 }) },
      want: "empty",
    },
    {
      name: "refuses a media type that is no manifest",
      script: serves("reg.test", manifest, "application/json"),
      want: "unsupported-type",
    },
    {
      name: "finds nothing where an index lacks the platform",
      script: serves("reg.test", encode({ schemaVersion: 2, manifests: [child("linux", "arm64")] }), indexType),
      want: "platform-missing",
    },
    {
      name: "is not sure of an index without linux/amd64 while the platform is unknown",
      platform: null,
      script: serves("reg.test", encode({ schemaVersion: 2, manifests: [child("linux", "arm64")] }), indexType),
      want: "platform-unknown",
    },
    {
      name: "follows an index to the platform's manifest",
      script: {
        ...serves(
          "reg.test",
          encode({ schemaVersion: 2, manifests: [child("linux", "arm64"), child("linux", "amd64")] }),
          indexType,
        ),
        ...serves("reg.test", manifest),
        "HEAD reg.test manifests/v1": head(
          encode({ schemaVersion: 2, manifests: [child("linux", "arm64"), child("linux", "amd64")] }),
          indexType,
        ),
      },
      want: "pulled via reg.test",
    },
    {
      name: "misses a manifest that only the index knows",
      script: serves("reg.test", encode({ schemaVersion: 2, manifests: [child("linux", "amd64")] }), indexType),
      want: "child-missing",
    },
    {
      name: "converts a signed schema 1 manifest before 2.0",
      version: "old",
      script: serves("reg.test", encode({ schemaVersion: 1, fsLayers: [], signatures: [{}] }), schema1Type),
      want: "pulled via reg.test",
    },
    {
      name: "refuses a schema 1 manifest that is not signed",
      version: "old",
      script: serves("reg.test", manifest, schema1Type),
      want: "unreadable",
    },
    {
      name: "asks the config where an index entry names no platform",
      script: platformless("arm64"),
      want: "platform-missing",
    },
    {
      name: "takes an index entry without a platform whose config fits",
      script: platformless("amd64"),
      want: "pulled via reg.test",
    },
    {
      name: "does not believe a tag whose manifest is not served",
      script: { "HEAD reg.test manifests/v1": head(manifest) },
      want: "child-missing",
    },
    {
      name: "does not wait for the end of a manifest that has none",
      script: {
        "HEAD reg.test manifests/v1": registryResponse(),
        "GET reg.test manifests/v1": registryResponse({ method: "GET", body: new Uint8Array(5_000_000) }),
      },
      want: "reg.test: fault",
    },
    {
      name: "refuses schema 1 from 2.0",
      script: serves("reg.test", manifest, "application/vnd.docker.distribution.manifest.v1+prettyjws"),
      want: "schema1",
    },
    {
      name: "ends where the deadline ends it",
      script: { "reg.test manifests/v1": { kind: "fault", url: "", fault: { kind: "aborted", message: "m" } } },
      want: "unfinished",
    },
  ];

  for (const { name, want, ...given } of table) {
    it(name, async () => {
      assert.equal(brief((await attempt(given)).result), want);
    });
  }

  it("does not read again a manifest that is remembered", async () => {
    const session = scriptedSession(serves("reg.test", manifest));
    const remembered = new Map<string, PulledAttempt>();
    const manifests = {
      recall: (digest: string) => remembered.get(digest),
      remember: (read: PulledAttempt) => void remembered.set(read.digest, read),
    };
    const request = { reference: byTag, hosts: [upstream], platform: amd64, session, manifests };
    for (let round = 0; round < 2; round += 1) {
      await dialectFor({ runtime: versions.current, settings: {} }).attempt(request, new AbortController().signal);
    }
    assert.deepEqual(session.asked, [
      "HEAD reg.test manifests/v1",
      `GET reg.test manifests/${manifest.digest}`,
      "HEAD reg.test manifests/v1",
    ]);
  });

  it("reads the body where HEAD gives no digest", async () => {
    const script = {
      "HEAD reg.test manifests/v1": registryResponse({ contentLength: 9 }),
      "GET reg.test manifests/v1": get(manifest),
      [`GET reg.test manifests/${manifest.digest}`]: get(manifest),
    };
    const { result, asked } = await attempt({ script });
    assert.equal(result.kind === "pulled" && result.digest, manifest.digest);
    assert.deepEqual(asked, [
      "HEAD reg.test manifests/v1",
      "GET reg.test manifests/v1",
      `GET reg.test manifests/${manifest.digest}`,
    ]);
  });

  it("asks for a digest under blobs/ when it is no manifest anywhere", async () => {
    const reference: ImageReference = { ...byTag, digest: manifest.digest };
    const { asked } = await attempt({ script: {}, reference, hosts: [mirror, upstream] });
    assert.deepEqual(asked, [
      `HEAD mirror.test manifests/${manifest.digest}`,
      `HEAD reg.test manifests/${manifest.digest}`,
      `HEAD mirror.test blobs/${manifest.digest}`,
      `HEAD reg.test blobs/${manifest.digest}`,
    ]);
  });

  it("does not look under blobs/ after an HTTP error, from 2.2.6", async () => {
    const reference: ImageReference = { ...byTag, digest: manifest.digest };
    const script = { [`reg.test manifests/${manifest.digest}`]: status(500) };
    assert.equal((await attempt({ script, reference })).asked.length, 1);
    assert.equal((await attempt({ script, reference, version: "old" })).asked.length, 2);
  });

  it("fetches content from hosts that may not resolve", async () => {
    const pullOnly = registryHost("pull-only.test", { capabilities: ["pull"] });
    const script = {
      ...serves("reg.test", manifest),
      [`GET pull-only.test manifests/${manifest.digest}`]: get(manifest),
    };
    const { asked } = await attempt({ script, hosts: [pullOnly, upstream] });
    assert.deepEqual(asked, ["HEAD reg.test manifests/v1", `GET pull-only.test manifests/${manifest.digest}`]);
  });
});
