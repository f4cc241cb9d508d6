import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { tarOf } from "./tar.js";

/** A manifest or index as it is served. `mediaType` null: no Content-Type. */
export interface StoredManifest {
  readonly mediaType: string | null;
  readonly body: Buffer;
  readonly digest: string;
}

/** One repository: what its tags point to and every blob it has. `layers` are the digests that behaviours may damage. */
export interface StoredRepository {
  readonly manifests: Map<string, StoredManifest>;
  readonly tags: Map<string, string>;
  readonly blobs: Map<string, Buffer>;
  readonly layers: Set<string>;
}

/** The repositories of one registry, each built when it is first asked for. */
export interface Content {
  get(repository: string): StoredRepository | undefined;
  /** What has been built so far. */
  built(): Iterable<StoredRepository>;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Media types as they stand in descriptors. */
export const mediaTypes = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  dockerSchema1: "application/vnd.docker.distribution.manifest.v1+prettyjws",
} as const;

/** Digests of things that never exist. */
export const danglingManifestDigest = `sha256:${"ab".repeat(32)}`;
export const danglingLayerDigest = `sha256:${"ef".repeat(32)}`;

/** `sha256:…` of some bytes. */
export function digestOf(bytes: Buffer | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function noise(seed: string, bytes: number): Buffer {
  return createHash("shake256", { outputLength: bytes }).update(seed).digest();
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Fills one repository; every method answers the descriptor of what it stored. */
class RepositoryBuilder {
  readonly repository: StoredRepository = {
    manifests: new Map(),
    tags: new Map(),
    blobs: new Map(),
    layers: new Set(),
  };
  readonly #salt: string;

  constructor(salt: string) {
    this.#salt = salt;
  }

  blob(mediaType: string, body: Buffer): Descriptor {
    const digest = digestOf(body);
    this.repository.blobs.set(digest, body);
    return { mediaType, digest, size: body.length };
  }

  layer(mediaType: string, body: Buffer): Descriptor {
    const descriptor = this.blob(mediaType, body);
    this.repository.layers.add(descriptor.digest);
    return descriptor;
  }

  store(mediaType: string | null, body: Buffer, tag?: string): Descriptor {
    const digest = digestOf(body);
    this.repository.manifests.set(digest, { mediaType, body, digest });
    if (tag !== undefined) this.repository.tags.set(tag, digest);
    return { mediaType: mediaType ?? "", digest, size: body.length };
  }

  /** A sound layer of about 40 KiB when compressed, and the digest of the tar inside. */
  soundLayer(name: string, mediaType: string): { readonly descriptor: Descriptor; readonly diffId: string } {
    const tar = tarOf([
      { name: "etc/", body: null },
      { name: "etc/origin", body: Buffer.from(`${this.#salt} ${name}\n`) },
      { name: "opt/payload", body: noise(`${this.#salt} ${name}`, 40_000) },
    ]);
    return { descriptor: this.layer(mediaType, gzipSync(tar)), diffId: digestOf(tar) };
  }

  config(mediaType: string, platform: Readonly<Record<string, string>>, diffIds: readonly string[]): Descriptor {
    return this.blob(
      mediaType,
      json({
        ...platform,
        created: "2024-01-01T00:00:00Z",
        config: { Cmd: ["/opt/payload"], Labels: { salt: this.#salt } },
        rootfs: { type: "layers", diff_ids: diffIds },
      }),
    );
  }

  /** An image with one layer; what is not given is sound. */
  image(
    name: string,
    options: {
      readonly tag?: string;
      readonly platform?: Readonly<Record<string, string>>;
      readonly docker?: boolean;
      readonly layers?: readonly Descriptor[];
      readonly change?: (layer: Descriptor) => Descriptor;
      readonly storedAs?: string | null;
    } = {},
  ): Descriptor {
    const docker = options.docker === true;
    const sound = this.soundLayer(name, docker ? mediaTypes.dockerLayer : mediaTypes.layer);
    const layers = options.layers ?? [options.change?.(sound.descriptor) ?? sound.descriptor];
    const platform = options.platform ?? { architecture: "amd64", os: "linux" };
    const config = this.config(docker ? mediaTypes.dockerConfig : mediaTypes.config, platform, [sound.diffId]);
    const mediaType = docker ? mediaTypes.dockerManifest : mediaTypes.manifest;
    const body = json({ schemaVersion: 2, mediaType, config, layers });
    return this.store(options.storedAs === undefined ? mediaType : options.storedAs, body, options.tag);
  }

  index(
    tag: string | undefined,
    entries: readonly Descriptor[],
    storedAs: string | null = mediaTypes.index,
    mediaType: string = mediaTypes.index,
  ): Descriptor {
    return this.store(storedAs, json({ schemaVersion: 2, mediaType, manifests: entries }), tag);
  }
}

function platformOf(text: string): Record<string, string> {
  const [os = "", architecture = "", variant] = text.split("/");
  return { architecture, os, ...(variant === undefined ? {} : { variant }) };
}

function entry(builder: RepositoryBuilder, name: string, platform: string, claimed = platform): Descriptor {
  return { ...builder.image(`${name} ${platform}`, { platform: platformOf(platform) }), platform: platformOf(claimed) };
}

function teamApp(salt: string): StoredRepository {
  const builder = new RepositoryBuilder(salt);
  builder.image("v1", { tag: "v1" });
  builder.image("v2", { tag: "v2" });
  builder.image("docker", { tag: "docker", docker: true });
  builder.image("arm64only", { tag: "arm64only", platform: platformOf("linux/arm64") });
  const text = Buffer.from(`${salt} `.concat("this stream was never compressed\n".repeat(1200)));
  builder.image("notgzip", { tag: "notgzip", layers: [builder.layer(mediaTypes.layer, text)] });
  builder.image("wrongsize", { tag: "wrongsize", change: (layer) => ({ ...layer, size: layer.size + 7 }) });
  builder.image("nolayer", {
    tag: "nolayer",
    layers: [{ mediaType: mediaTypes.layer, digest: danglingLayerDigest, size: 40_960 }],
  });
  const chart = builder.layer("application/vnd.cncf.helm.chart.content.v1.tar+gzip", gzipSync(noise(salt, 4000)));
  const chartConfig = builder.blob(
    "application/vnd.cncf.helm.config.v1+json",
    json({ name: "chart", version: "1.0.0" }),
  );
  builder.store(
    mediaTypes.manifest,
    json({ schemaVersion: 2, mediaType: mediaTypes.manifest, config: chartConfig, layers: [chart] }),
    "artifact",
  );
  builder.store(mediaTypes.manifest, Buffer.from(`<!doctype html><title>${salt}</title><p>Sign in</p>`), "notjson");
  return builder.repository;
}

function indexes(salt: string): StoredRepository {
  const builder = new RepositoryBuilder(salt);
  const arm64 = entry(builder, "multi", "linux/arm64");
  const amd64 = entry(builder, "multi", "linux/amd64");
  const armv7 = entry(builder, "multi", "linux/arm/v7");
  builder.index("multi", [arm64, amd64, armv7]);
  builder.index("armonly", [arm64, armv7]);
  const attestation = builder.image("attestation", { platform: platformOf("unknown/unknown") });
  builder.index("attested", [
    amd64,
    {
      ...attestation,
      platform: platformOf("unknown/unknown"),
      annotations: { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": amd64.digest },
    },
  ]);
  builder.index("dangling", [arm64, { ...amd64, digest: danglingManifestDigest }]);
  return builder.repository;
}

/** Shapes that are rare but seen: not part of the recorded cases, named `odd:<tag>`. */
function oddities(salt: string): StoredRepository {
  const builder = new RepositoryBuilder(salt);
  const amd64 = entry(builder, "odd", "linux/amd64");
  const arm64 = entry(builder, "odd", "linux/arm64");
  const i386 = entry(builder, "odd", "linux/386");
  const { platform: _amd64, ...bareAmd64 } = amd64;
  const { platform: _arm64, ...bareArm64 } = arm64;
  builder.index("only386", [arm64, i386]);
  builder.index("amd64v2", [arm64, entry(builder, "odd", "linux/amd64/v2")]);
  builder.index("amd64v1", [entry(builder, "odd", "linux/amd64/v1")]);
  builder.index("x86-64", [entry(builder, "odd", "linux/amd64", "linux/x86_64")]);
  builder.index("upper", [entry(builder, "odd", "linux/amd64", "LINUX/AMD64")]);
  builder.index("windows", [entry(builder, "odd", "windows/amd64")]);
  builder.index("noplatform", [bareAmd64]);
  builder.index("noplatform-arm64", [bareArm64]);
  builder.index("emptyplatform", [{ ...bareAmd64, platform: {} }]);
  builder.index("liar", [{ ...arm64, platform: platformOf("linux/amd64") }]);
  builder.index("nested", [builder.index(undefined, [arm64, amd64])]);
  builder.index("empty", []);
  const docker = { ...builder.image("list", { docker: true }), platform: platformOf("linux/amd64") };
  builder.index("dockerlist", [docker], mediaTypes.dockerList, mediaTypes.dockerList);
  builder.image("octet", { tag: "octet", storedAs: "application/octet-stream" });
  builder.image("plainjson", { tag: "plainjson", storedAs: "application/json" });
  builder.image("notype", { tag: "notype", storedAs: null });
  builder.image("charset", { tag: "charset", storedAs: `${mediaTypes.manifest}; charset=utf-8` });
  builder.image("texttype", { tag: "texttype", storedAs: "text/plain" });
  builder.index("index-as-manifest", [arm64, { ...amd64, annotations: { a: "1" } }], mediaTypes.manifest);
  builder.image("manifest-as-index", { tag: "manifest-as-index", storedAs: mediaTypes.index });
  builder.image("docker-as-oci", { tag: "docker-as-oci", docker: true, storedAs: mediaTypes.manifest });
  builder.store(mediaTypes.dockerSchema1, schema1(salt), "schema1");
  builder.store(mediaTypes.manifest, Buffer.alloc(0), "zero");
  builder.store(mediaTypes.manifest, json({ schemaVersion: 2, pad: "x".repeat(4_400_000) }), "huge");
  builder.image("unknownlayer", { tag: "unknownlayer", change: (l) => ({ ...l, mediaType: "application/x-layer" }) });
  builder.image("windows-single", { tag: "windows-single", platform: platformOf("windows/amd64") });
  return builder.repository;
}

function schema1(salt: string): Buffer {
  return json({
    schemaVersion: 1,
    name: "odd",
    tag: "schema1",
    architecture: "amd64",
    fsLayers: [],
    history: [],
    salt,
  });
}

function sound(salt: string, tag: string): StoredRepository {
  const builder = new RepositoryBuilder(salt);
  builder.image(tag, { tag });
  return builder.repository;
}

/**
 * Every image of one registry, built in memory and the same each time for the same salt; other salts give other digests.
 * Repositories: `team/app` (v1, v2, docker, arm64only, notgzip, artifact, notjson, wrongsize, nolayer), `library/solo`,
 * `solo`, `deep/er/path/app`, `idx` (multi, armonly, attested, dangling) and `odd`.
 */
export function buildContent(salt: string): Content {
  const recipes: Readonly<Record<string, (salt: string) => StoredRepository>> = {
    "team/app": teamApp,
    "library/solo": (own) => sound(own, "latest"),
    solo: (own) => sound(own, "latest"),
    "deep/er/path/app": (own) => sound(own, "v1"),
    idx: indexes,
    odd: oddities,
  };
  const built = new Map<string, StoredRepository>();
  return {
    get(repository) {
      const ready = built.get(repository) ?? recipes[repository]?.(`${salt} ${repository}`);
      if (ready !== undefined) built.set(repository, ready);
      return ready;
    },
    built: () => built.values(),
  };
}

/** Repositories that somebody else has made. */
export function contentOf(repositories: ReadonlyMap<string, StoredRepository>): Content {
  return { get: (repository) => repositories.get(repository), built: () => repositories.values() };
}
