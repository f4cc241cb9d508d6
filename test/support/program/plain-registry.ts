import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: `sha256:${"0".repeat(64)}`, size: 2 },
  layers: [],
});

/** A registry over plain http on loopback, which nodes dial without being told to. */
export interface PlainRegistry {
  /** `127.0.0.1:port`. */
  readonly address: string;
  readonly requests: readonly { readonly method: string; readonly headers: Readonly<Record<string, unknown>> }[];
  stop(): void;
}

/** Has `v1` of every repository for this user, and nothing else. */
export async function startPlainRegistry(user: {
  readonly username: string;
  readonly password: string;
}): Promise<PlainRegistry> {
  const wanted = `Basic ${Buffer.from(`${user.username}:${user.password}`).toString("base64")}`;
  const requests: { method: string; headers: Record<string, unknown> }[] = [];
  const server = createServer((req, res) => {
    requests.push({ method: req.method ?? "", headers: req.headers });
    if (req.headers.authorization !== wanted) {
      res.writeHead(401, { "www-authenticate": 'Basic realm="plain"' }).end();
      return;
    }
    if (!/\/manifests\/(v1|sha256:)/.test(req.url ?? "")) {
      res.writeHead(404).end();
      return;
    }
    res.writeHead(200, {
      "content-type": "application/vnd.oci.image.manifest.v1+json",
      "content-length": Buffer.byteLength(manifest),
      "docker-content-digest": `sha256:${createHash("sha256").update(manifest).digest("hex")}`,
    });
    res.end(req.method === "HEAD" ? undefined : manifest);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
