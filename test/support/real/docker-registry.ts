import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IssuedCertificate } from "../authority.js";
import { buildContent } from "../lab/index.js";

/** How the registry asks who is there. `htpasswdLine` holds a bcrypt hash, the only kind that it takes. */
export type DockerRegistryAuth =
  | { readonly kind: "htpasswd"; readonly htpasswdLine: string }
  | {
      readonly kind: "token";
      readonly realm: string;
      readonly service: string;
      readonly issuer: string;
      /** Certificates whose keys, or whose leaves' keys, may sign tokens. */
      readonly rootsPem: string;
    };

/** Distribution's registry on 127.0.0.1, over TLS, with its images in memory. */
export interface DockerRegistry {
  readonly port: number;
  /** What it logged so far. */
  log(): string;
  /**
   * Pushes one image of the laboratory's content, layers and all.
   * @param authorization header for a user who may push
   * @returns the digest of its manifest
   */
  push(image: { readonly repository: string; readonly tag: string }, authorization: string): Promise<string>;
  stop(): Promise<void>;
}

/** Why no docker-registry can be started here, or undefined if one can. */
export function whyNoDockerRegistry(): string | undefined {
  const found = spawnSync("sh", ["-c", "command -v docker-registry"]);
  return found.status === 0 ? undefined : "there is no docker-registry on the path";
}

/** Starts a registry of our own on any free port. @param caPem  authority of `certificate` */
export async function startDockerRegistry(
  certificate: IssuedCertificate,
  caPem: string,
  auth: DockerRegistryAuth,
): Promise<DockerRegistry> {
  const folder = mkdtempSync(join(tmpdir(), "pullguard-docker-registry-"));
  writeFileSync(join(folder, "tls.crt"), certificate.chainPem);
  writeFileSync(join(folder, "tls.key"), certificate.keyPem);
  writeFileSync(join(folder, "config.yml"), configOf(folder, auth));
  if (auth.kind === "htpasswd") writeFileSync(join(folder, "htpasswd"), `${auth.htpasswdLine}\n`);
  else writeFileSync(join(folder, "roots.pem"), auth.rootsPem);
  // No environment: REGISTRY_… variables of the machine would override the configuration.
  const daemon = spawn("docker-registry", ["serve", join(folder, "config.yml")], { env: { PATH: process.env.PATH } });
  const stop = async (): Promise<void> => {
    await end(daemon);
    rmSync(folder, { recursive: true, force: true });
  };
  let logged = "";
  const collect = (chunk: Buffer): void => {
    logged += chunk.toString();
  };
  daemon.stdout.on("data", collect);
  daemon.stderr.on("data", collect);
  try {
    const port = await portOf(daemon, () => logged);
    return {
      port,
      log: () => logged,
      push: (image, authorization) => push({ port, ca: caPem, authorization }, image),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function configOf(folder: string, auth: DockerRegistryAuth): string {
  const lines =
    auth.kind === "htpasswd"
      ? ["  htpasswd:", "    realm: registry", `    path: ${folder}/htpasswd`]
      : [
          "  token:",
          `    realm: ${auth.realm}`,
          `    service: ${auth.service}`,
          `    issuer: ${auth.issuer}`,
          `    rootcertbundle: ${folder}/roots.pem`,
        ];
  return `version: 0.1
log: { level: info, accesslog: { disabled: true } }
storage: { inmemory: {}, maintenance: { uploadpurging: { enabled: false } } }
http:
  addr: 127.0.0.1:0
  secret: only-for-this-test
  tls: { certificate: ${folder}/tls.crt, key: ${folder}/tls.key }
auth:
${lines.join("\n")}
`;
}

/** Waits for the line in which it tells its port; it is accepting by then. */
async function portOf(daemon: ChildProcess, log: () => string): Promise<number> {
  const signal = AbortSignal.timeout(10_000);
  const gone = once(daemon, "exit", { signal }).catch(() => undefined);
  for (;;) {
    const port = /listening on 127\.0\.0\.1:(\d+)/.exec(log())?.[1];
    if (port !== undefined) return Number(port);
    if (daemon.exitCode !== null || signal.aborted) {
      throw new Error(`docker-registry did not come up:\n${log().slice(-2000)}`);
    }
    const more = [daemon.stdout, daemon.stderr].map((stream) =>
      stream === null ? gone : once(stream, "data", { signal }).catch(() => undefined),
    );
    await Promise.race([gone, ...more]);
  }
}

async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.pid === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
  const gone = once(daemon, "exit");
  daemon.kill("SIGKILL");
  await gone;
}

interface Access {
  readonly port: number;
  readonly ca: string;
  readonly authorization: string;
}

async function push(
  access: Access,
  { repository, tag }: { readonly repository: string; readonly tag: string },
): Promise<string> {
  const content = buildContent("docker-registry").get(repository);
  const digest = content?.tags.get(tag);
  const manifest = digest === undefined ? undefined : content?.manifests.get(digest);
  if (content === undefined || digest === undefined || manifest === undefined) {
    throw new Error(`there is no ${repository}:${tag} to push`);
  }
  for (const [blobDigest, bytes] of content.blobs) {
    if (!manifest.body.includes(blobDigest)) continue;
    const started = await send(access, "POST", `/v2/${repository}/blobs/uploads/`, 202);
    const place = new URL(started.location, `https://127.0.0.1:${access.port}`);
    place.searchParams.set("digest", blobDigest);
    await send(access, "PUT", `${place.pathname}${place.search}`, 201, { type: "application/octet-stream", bytes });
  }
  const path = `/v2/${repository}/manifests/${tag}`;
  await send(access, "PUT", path, 201, { type: manifest.mediaType ?? "", bytes: manifest.body });
  return digest;
}

function send(
  { port, ca, authorization }: Access,
  method: string,
  path: string,
  want: number,
  body: { readonly type: string; readonly bytes: Buffer } = {
    type: "application/octet-stream",
    bytes: Buffer.alloc(0),
  },
): Promise<{ readonly location: string }> {
  const headers = { authorization, "content-type": body.type, "content-length": body.bytes.length };
  return new Promise((resolve, reject) => {
    // By name, for the certificate is checked here too.
    const outgoing = request({ host: "localhost", port, method, path, headers, ca, agent: false }, (response) => {
      response.resume();
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === want) resolve({ location: response.headers.location ?? "" });
        else reject(new Error(`${method} ${path} was answered with ${response.statusCode}, not ${want}`));
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body.bytes);
  });
}
