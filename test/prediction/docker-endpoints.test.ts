import assert from "node:assert/strict";
import { parseRuntime, type RegistryHost } from "../../src/node/index.js";
import { mediaTypes, sha256Digest } from "../../src/oci/index.js";
import { dockerDialect } from "../../src/prediction/dialects/docker/index.js";
import type { PullAttempt } from "../../src/prediction/index.js";
import { parseReference } from "../../src/reference/index.js";
import type { Exchange, ExchangeRequest } from "../../src/registry/index.js";

/** Answers by `METHOD scheme://address endpoint`; `ping` stands for `GET … /`. */
type Script = Readonly<Record<string, Partial<Extract<Exchange, { kind: "response" }>> | Exchange>>;

const fault: Exchange = { kind: "fault", url: "", fault: { kind: "refused", message: "refused" } };
const noPassword: Exchange = { kind: "refused", url: "", refusal: { kind: "no-credentials", scheme: "basic" } };

function hostOf(url: string): RegistryHost {
  const { protocol, host } = new URL(url);
  return {
    scheme: protocol === "https:" ? "https" : "http",
    address: host,
    path: "/v2",
    capabilities: ["pull", "resolve"],
    tls: { verify: true, extraCaPems: [], clientCertificates: [] },
    httpFallback: "never",
    headers: {},
    headersOnTokenRequests: false,
    dialTimeoutMs: 1000,
  };
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

const config = json({ os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [] } });

function manifest(configType: string = mediaTypes.ociConfig, more: object = {}): Uint8Array {
  const descriptor = { mediaType: configType, digest: sha256Digest(config), size: config.length };
  return json({ schemaVersion: 2, config: descriptor, layers: [], ...more });
}

function served(bytes: Uint8Array, mediaType: string = mediaTypes.ociManifest): Script[string] {
  return { status: 200, mediaType, body: bytes, digestHeader: sha256Digest(bytes), contentLength: bytes.length };
}

/** A registry that has one image under the tag v1, as it should be. */
function registry(url: string, bytes: Uint8Array, mediaType?: string): Script {
  return {
    [`ping ${url}`]: { status: 200 },
    [`HEAD ${url} manifests/v1`]: served(bytes, mediaType),
    [`GET ${url} manifests/${sha256Digest(bytes)}`]: served(bytes, mediaType),
    [`GET ${url} blobs/${sha256Digest(config)}`]: served(config, mediaTypes.ociConfig),
  };
}

async function pull(
  image: string,
  urls: readonly string[],
  script: Script,
  runtime = "docker://20.10.24",
): Promise<{ readonly attempt: PullAttempt; readonly asked: readonly string[] }> {
  const parsed = parseReference(image, "current");
  assert.ok(parsed.kind === "reference");
  const asked: string[] = [];
  const exchange = async ({ method, host, endpoint }: ExchangeRequest): Promise<Exchange> => {
    const place = `${host.scheme}://${host.address}`;
    const question = endpoint === "/" ? `ping ${place}` : `${method} ${place} ${endpoint}`;
    asked.push(question);
    const answer = script[question] ?? {};
    if ("kind" in answer && answer.kind !== "response") return answer as Exchange;
    const plain = { kind: "response", url: "", method, status: 404, mediaType: "", errors: [] } as const;
    return { ...plain, authorization: "none", challenges: [], ...answer } as Exchange;
  };
  const attempt = await dockerDialect(parseRuntime(runtime)).attempt(
    {
      reference: parsed.reference,
      hosts: urls.map(hostOf),
      platform: { os: "linux", architecture: "amd64" },
      session: { exchange },
      manifests: { recall: () => undefined, remember: () => undefined },
    },
    new AbortController().signal,
  );
  return { attempt, asked };
}

const mirror = "https://m.test";
const hub = "https://registry-1.docker.io";
const chart = manifest("application/vnd.cncf.helm.config.v1+json");
const sound = manifest();

describe("dockerd's endpoints, one after the other", () => {
  it("end at a mirror's artifact, although Docker Hub has an image", async () => {
    const { attempt } = await pull("a/b:v1", [mirror, hub], { ...registry(mirror, chart), ...registry(hub, sound) });
    assert.equal(attempt.kind, "content");
  });

  it("go on after any other fault of a mirror", async () => {
    const broken: readonly Script[] = [
      { [`ping ${mirror}`]: fault },
      { [`ping ${mirror}`]: { status: 200 }, [`HEAD ${mirror} manifests/v1`]: noPassword },
      registry(mirror, json({ schemaVersion: 2, mediaType: "wrong" })),
      { ...registry(mirror, sound), [`GET ${mirror} blobs/${sha256Digest(config)}`]: { status: 500 } },
    ];
    for (const script of broken) {
      const { attempt } = await pull("a/b:v1", [mirror, hub], { ...script, ...registry(hub, sound) });
      assert.ok(attempt.kind === "pulled" && attempt.via.address === "registry-1.docker.io", JSON.stringify(attempt));
    }
  });

  it("show the last one's error and keep the others in mind", async () => {
    const { attempt } = await pull("a/b:v1", [mirror, hub], {
      [`ping ${mirror}`]: fault,
      [`ping ${hub}`]: { status: 401 },
    });
    assert.ok(attempt.kind === "failed");
    assert.equal(attempt.shown.host.address, "registry-1.docker.io");
    assert.deepEqual(
      attempt.failures.map(({ reason }) => reason.kind),
      ["fault", "not-found"],
    );
  });

  it("without TLS are left out where TLS was spoken", async () => {
    const script = { "ping https://r.test": { status: 200 }, ...registry("http://r.test", sound) };
    const { attempt, asked } = await pull("r.test/a:v1", ["https://r.test", "http://r.test"], script);
    assert.equal(attempt.kind, "failed");
    assert.ok(!asked.includes("ping http://r.test"));
  });

  it("without TLS are asked where a tag's password was missing, by 20.10", async () => {
    const script = {
      "ping https://r.test": { status: 401 },
      "HEAD https://r.test manifests/v1": noPassword,
      ...registry("http://r.test", sound),
    };
    const urls = ["https://r.test", "http://r.test"];
    assert.equal((await pull("r.test/a:v1", urls, script)).attempt.kind, "pulled");
    assert.equal((await pull("r.test/a:v1", urls, script, "docker://23.0.0")).attempt.kind, "failed");
  });
});

describe("dockerd's manifests", () => {
  const url = "https://r.test";
  const problemOf = async (script: Script, runtime?: string): Promise<unknown> => {
    const { attempt } = await pull("r.test/a:v1", [url], script, runtime);
    return attempt.kind === "content" ? attempt.problem.kind : attempt.kind;
  };

  const docker = manifest(mediaTypes.dockerConfig, { mediaType: mediaTypes.dockerManifest });
  const cases: readonly (readonly [string, Uint8Array, string, string])[] = [
    ["an OCI manifest without mediaType", sound, mediaTypes.ociManifest, "pulled"],
    ["one of Docker's own", docker, mediaTypes.dockerManifest, "pulled"],
    [
      "one of Docker's own without mediaType",
      manifest(mediaTypes.dockerConfig),
      mediaTypes.dockerManifest,
      "unreadable",
    ],
    ["one of Docker's own under OCI's type", docker, mediaTypes.ociManifest, "unreadable"],
    [
      "a plugin under Docker's type",
      manifest("application/vnd.docker.plugin.v1+json", { mediaType: mediaTypes.dockerManifest }),
      mediaTypes.dockerManifest,
      "unsupported-type",
    ],
    ["a plugin under OCI's type", manifest("application/vnd.docker.plugin.v1+json"), mediaTypes.ociManifest, "pulled"],
    ["a type in capitals", sound, mediaTypes.ociManifest.toUpperCase(), "pulled"],
    ["a type that nobody knows", sound, "application/x", "unsupported-type"],
  ];
  for (const [name, bytes, type, want] of cases) {
    it(`${name}: ${want}`, async () => assert.equal(await problemOf(registry(url, bytes, type)), want));
  }

  it("need a length and a type beside the digest", async () => {
    const { contentLength: _length, ...lengthless } = served(sound) as { contentLength?: number };
    const head = (answer: object): Script => ({ ...registry(url, sound), [`HEAD ${url} manifests/v1`]: answer });
    assert.equal(await problemOf(head(lengthless)), "unreadable");
    assert.equal(await problemOf(head({ ...served(sound), mediaType: "" })), "unreadable");
    assert.equal(await problemOf(head({ ...served(sound), digestHeader: "sha256:short" })), "invalid-digest-header");
  });

  it("by tag need not have the digest that the tag was said to have", async () => {
    const other = manifest(mediaTypes.ociConfig, { annotations: { other: "bytes" } });
    const script = { ...registry(url, sound), [`GET ${url} manifests/${sha256Digest(sound)}`]: served(other) };
    assert.equal(await problemOf(script), "pulled");
    const { attempt } = await pull(`r.test/a@${sha256Digest(sound)}`, [url], script);
    assert.ok(attempt.kind === "content" && attempt.problem.kind === "digest-mismatch");
  });

  describe("that are not there by digest", () => {
    const absent = (error: object): Script => ({
      ...registry(url, sound),
      [`GET ${url} manifests/${sha256Digest(sound)}`]: { status: 404, body: json({ errors: [error] }) },
      [`GET ${url} manifests/v1`]: served(sound),
    });

    it("are asked for by tag, up to 27", async () => {
      const script = absent({ code: "MANIFEST_UNKNOWN", message: "gone" });
      assert.equal(await problemOf(script), "pulled");
      assert.equal(await problemOf(script, "docker://28.0.0"), "failed");
    });

    it("but only after an error with words of its own", async () => {
      assert.equal(await problemOf(absent({ code: "MANIFEST_UNKNOWN", message: "manifest unknown" })), "failed");
      assert.equal(await problemOf(absent({ code: "UNKNOWN", message: "gone" })), "failed");
      assert.equal(await problemOf(absent({ code: "DENIED", message: "", detail: "why" })), "pulled");
    });
  });

  it("in lists are tried one after the other from 23 on, where a nested list fails", async () => {
    const inner = json({
      schemaVersion: 2,
      manifests: [
        {
          mediaType: mediaTypes.ociManifest,
          digest: sha256Digest(json("gone")),
          size: 4,
          platform: { os: "linux", architecture: "amd64" },
        },
      ],
    });
    const entry = (bytes: Uint8Array, mediaType: string) => ({
      mediaType,
      digest: sha256Digest(bytes),
      size: bytes.length,
      platform: { os: "linux", architecture: "amd64" },
    });
    const outer = json({
      schemaVersion: 2,
      manifests: [entry(inner, mediaTypes.ociIndex), entry(sound, mediaTypes.ociManifest)],
    });
    const script = {
      ...registry(url, outer, mediaTypes.ociIndex),
      [`GET ${url} manifests/${sha256Digest(inner)}`]: served(inner, mediaTypes.ociIndex),
      [`GET ${url} manifests/${sha256Digest(sound)}`]: served(sound),
    };
    assert.equal(await problemOf(script, "docker://23.0.0"), "pulled");
    assert.equal(await problemOf(script), "unreadable");
  });
});
