import { isIPv4, type LookupFunction } from "node:net";
import { type Authority, createAuthority, type IssuedCertificate, selfSigned } from "../authority.js";
import { buildContent, type Content } from "./images.js";
import { type RunningRegistry, type SeenRequest, startRegistry } from "./registry.js";
import { addressOf, type RegistrySpec } from "./spec.js";
import { createTokenMint } from "./token-mint.js";

/** What makes up a laboratory. `nodeOnly`: certs.d folders of registries that do not exist, by folder and file name. */
export interface LabSpec {
  readonly registries: readonly RegistrySpec[];
  readonly nodeOnly?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /**
   * `ephemeral`: every registry on 127.0.0.1 and any free port, reached through {@link Lab.connectTo}.
   * `real`: every host on an address of its own from 127.0.77.1 on and its true port (needs root), reached by a hosts file.
   */
  readonly ports: "ephemeral" | "real";
  /** First two octets of the addresses that `real` ports are on, `127.0` unless told otherwise; no other address is bound. */
  readonly network?: string;
}

export interface Lab {
  /** Where `hostname:port` really is; a known name with a dead port leads to a refused port. undefined: no such name. */
  connectTo(hostname: string, port: number): { readonly address: string; readonly port: number } | undefined;
  /** For sockets: resolves the laboratory's names; anything else fails with `ENOTFOUND`. */
  readonly lookup: LookupFunction;
  /** A complete /etc/hosts, `localhost` included. Only useful with real ports. */
  readonly hostsFileText: string;
  /** Every file of a node's certs.d, by absolute path (`/etc/containerd/certs.d/ok.test/hosts.toml`). */
  readonly nodeFiles: Readonly<Record<string, string>>;
  /** PEM of the authority that nodes may know. */
  readonly caPem: string;
  /** PEM of an authority that signed nothing here but what strangers serve. */
  readonly strangerPem: string;
  /** A client certificate of the authority that nodes may know, with its key. */
  readonly client: { readonly certificatePem: string; readonly keyPem: string };
  requestsOf(host: string, port?: number): readonly SeenRequest[];
  /** Digest behind a tag on one host, as that host has it. Throws where there is none. */
  digestOf(host: string, repository: string, tag: string): string;
  /** `ok.test/team/app@{team/app:v1}` with the digest that the image's own host serves under that tag. */
  expand(image: string): string;
  /** Forgets what was asked so far: for a second client, `status-at-first` begins anew. */
  reset(): void;
  stop(): Promise<void>;
}

/** Folder of a node's registry configuration, as in the recorded cases. */
export const certsRoot = "/etc/containerd/certs.d";

/** Nothing listens on port 1 of a loopback address: binding it takes root and nobody's software wants it. */
const refusedPort = 1;
const dayMs = 86_400_000;

async function certificateOf(
  spec: RegistrySpec,
  known: Authority,
  stranger: Authority,
): Promise<IssuedCertificate | undefined> {
  const { transport } = spec;
  const names = [spec.host];
  switch (transport.kind) {
    case "http":
    case "nothing-listens":
      return undefined;
    case "self-signed":
      return selfSigned({ names });
    case "stranger":
      return stranger.issue({ names });
    default: {
      const now = Date.now();
      const dates = {
        expired: { notBefore: new Date(now - 9 * dayMs), notAfter: new Date(now - dayMs) },
        "not-yet": { notBefore: new Date(now + dayMs), notAfter: new Date(now + 9 * dayMs) },
      };
      const validity = transport.validity === undefined ? {} : dates[transport.validity];
      return known.issue({ names: transport.names ?? names, ...validity });
    }
  }
}

function addressesOf(spec: LabSpec): Map<string, string> {
  const addresses = new Map<string, string>();
  for (const registry of spec.registries) {
    const host = registry.host.toLowerCase();
    if (addresses.has(host)) continue;
    const literal = isIPv4(host);
    // The upper end of each block stays free for literal addresses and the name server.
    const block = 77 + Math.floor(addresses.size / 200);
    const own =
      spec.ports === "ephemeral" ? "127.0.0.1" : `${spec.network ?? "127.0"}.${block}.${(addresses.size % 200) + 1}`;
    addresses.set(host, literal && spec.ports === "real" ? host : own);
  }
  return addresses;
}

function nodeFilesOf(spec: LabSpec, caPem: string): Record<string, string> {
  const files: Record<string, string> = {};
  const folders = new Map(Object.entries(spec.nodeOnly ?? {}));
  for (const registry of spec.registries) {
    if (registry.node !== undefined) folders.set(addressOf(registry), registry.node);
  }
  for (const [folder, bodies] of folders) {
    for (const [name, body] of Object.entries(bodies)) {
      files[`${certsRoot}/${folder}/${name}`] = body.replaceAll("{ca}", caPem);
    }
  }
  return files;
}

/** Content by host, built when it is first asked for: most tests touch few of the images. */
function createLibrary(specs: readonly RegistrySpec[]): {
  readonly of: (host: string) => Content;
  readonly blobAnywhere: (digest: string) => Buffer | undefined;
} {
  const built = new Map<string, Content>();
  const of = (host: string): Content => {
    const spec = specs.find((one) => one.host === host);
    const salt = spec?.contentOf ?? host;
    const content = built.get(salt) ?? spec?.content ?? buildContent(salt);
    built.set(salt, content);
    return content;
  };
  const blobAnywhere = (digest: string): Buffer | undefined => {
    for (const content of built.values()) {
      for (const repository of content.built()) {
        const found = repository.blobs.get(digest);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  };
  return { of, blobAnywhere };
}

/** Starts every registry of a laboratory. `stop` ends them all and drops open connections. */
export async function startLab(spec: LabSpec): Promise<Lab> {
  const [known, stranger] = await Promise.all([
    createAuthority("Lab Authority"),
    createAuthority("Stranger Authority"),
  ]);
  const client = await known.issue({ names: ["node.test"] });
  const addresses = addressesOf(spec);
  const library = createLibrary(spec.registries);
  const tokens = createTokenMint();
  const running = new Map<string, RunningRegistry>();
  const counters: { manifests: number; cuts: number }[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all([...running.values()].map((registry) => registry.stop()));
  };
  try {
    for (const registry of spec.registries) {
      if (registry.transport.kind === "nothing-listens") continue;
      const certificate = await certificateOf(registry, known, stranger);
      const place = {
        address: addresses.get(registry.host.toLowerCase()) ?? "127.0.0.1",
        port: spec.ports === "real" ? registry.port : 0,
      };
      const content = (): Content => library.of(registry.host);
      const counts = { manifests: 0, cuts: 0 };
      counters.push(counts);
      const context = {
        spec: registry,
        content,
        tokens,
        blobAnywhere: library.blobAnywhere,
        counts,
        clientAuthorityPem: known.certificatePem,
      };
      running.set(`${registry.host.toLowerCase()}:${registry.port}`, await startRegistry(context, certificate, place));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const digestOf = (host: string, repository: string, tag: string): string => {
    const digest = library.of(host).get(repository)?.tags.get(tag);
    if (digest === undefined) throw new Error(`the laboratory has no ${host}/${repository}:${tag}`);
    return digest;
  };
  return {
    connectTo(hostname, port) {
      const name = hostname.toLowerCase();
      const address = addresses.get(name);
      if (address === undefined) return undefined;
      const registry = running.get(`${name}:${port}`);
      return { address, port: registry?.port ?? (spec.ports === "real" ? port : refusedPort) };
    },
    lookup: createLookup(addresses),
    hostsFileText: hostsFileOf(addresses),
    nodeFiles: nodeFilesOf(spec, known.certificatePem),
    caPem: known.certificatePem,
    strangerPem: stranger.certificatePem,
    client,
    requestsOf: (host, port) => requestsOf(running, host, port),
    digestOf,
    expand: (image) => expandImage(image, digestOf),
    reset: () => {
      for (const counts of counters) Object.assign(counts, { manifests: 0, cuts: 0 });
      for (const registry of running.values()) registry.forget();
    },
    stop,
  };
}

function requestsOf(
  running: ReadonlyMap<string, RunningRegistry>,
  host: string,
  port?: number,
): readonly SeenRequest[] {
  const keys = [...running.keys()].filter((key) =>
    port === undefined ? key.slice(0, key.lastIndexOf(":")) === host : key === `${host}:${port}`,
  );
  return keys.flatMap((key) => running.get(key)?.requests ?? []);
}

function expandImage(image: string, digestOf: (host: string, repository: string, tag: string) => string): string {
  const host = image.split("/", 1)[0]?.replace(/:\d+$/, "") ?? "";
  return image.replace(/\{([^}]+):([^}:]+)\}/g, (_whole, repository: string, tag: string) =>
    digestOf(host, repository, tag),
  );
}

function createLookup(addresses: ReadonlyMap<string, string>): LookupFunction {
  return (hostname, options, callback) => {
    const address = addresses.get(hostname.toLowerCase());
    if (address === undefined) {
      const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), {
        code: "ENOTFOUND",
        errno: -3008,
        syscall: "getaddrinfo",
        hostname,
      });
      callback(error, "", 4);
      return;
    }
    if (options.all === true) callback(null, [{ address, family: 4 }]);
    else callback(null, address, 4);
  };
}

function hostsFileOf(addresses: ReadonlyMap<string, string>): string {
  const lines = [...addresses].filter(([host]) => !isIPv4(host)).map(([host, address]) => `${address} ${host}`);
  if (!addresses.has("localhost")) lines.unshift("127.0.0.1 localhost");
  return `${lines.join("\n")}\n`;
}
