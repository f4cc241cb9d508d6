import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A registry whose every answer is as long as it may be, with content that is never the same twice. */
export interface HostileRegistry {
  /** `127.0.0.1:port`, which runtimes ask over plain HTTP. */
  readonly address: string;
  close(): Promise<void>;
}

const emptyConfig = JSON.stringify({
  architecture: "amd64",
  os: "linux",
  config: {},
  rootfs: { type: "layers", diff_ids: [`sha256:${"1".repeat(64)}`] },
});
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const longText = "long ".repeat(12_000);

function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

/** What a name stands for: one layer and a config of its own, so that nothing is shared. */
function manifestOf(name: string): { readonly manifest: string; readonly config: string } {
  const config = emptyConfig.replace('"config":{}', `"config":{"Labels":{"name":"${digestOf(name)}"}}`);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf(config), size: config.length },
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: digestOf(`layer ${name}`), size: 9 }],
    annotations: { name: digestOf(name) },
  });
  return { manifest, config };
}

export async function startHostileRegistry(): Promise<HostileRegistry> {
  const texts = new Map<string, string>();
  let port = 0;
  const remember = (text: string): string => {
    const digest = digestOf(text);
    texts.set(digest, text);
    // The process that is measured is this one: what was asked for is not asked for again.
    if (texts.size > 1_000) texts.delete(texts.keys().next().value ?? "");
    return digest;
  };
  const send = (response: ServerResponse, status: number, headers: Record<string, string>, text: string): void => {
    response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(text) });
    response.end(text);
  };
  const answerManifest = (pathname: string, reference: string, response: ServerResponse): void => {
    const known = texts.get(reference);
    const { manifest, config } = manifestOf(pathname);
    if (known === undefined) remember(config);
    const digest = known === undefined ? remember(manifest) : reference;
    send(response, 200, { "docker-content-digest": digest, "content-type": manifestType }, known ?? manifest);
  };
  const answerKind = (kind: string, pathname: string, response: ServerResponse): void => {
    const [, reference = ""] = /\/manifests\/(.+)$/.exec(pathname) ?? [];
    switch (kind) {
      case "big-error":
        send(response, 404, {}, JSON.stringify({ errors: [{ code: "X", message: longText }] }));
        break;
      case "token": {
        const realm = `http://127.0.0.1:${port}/realm/${digestOf(pathname)}/${"r".repeat(9_000)}`;
        const challenge = `Bearer realm="${realm}",service="${"s".repeat(9_000)}"`;
        send(response, 401, { "www-authenticate": challenge }, "");
        break;
      }
      case "sound":
        answerManifest(pathname, reference, response);
        break;
      default:
        send(response, 404, {}, "{}");
    }
  };
  const answerTo = (method: string, url: string, isAuthorized: boolean, response: ServerResponse): void => {
    const { pathname } = new URL(url, "http://registry");
    const [, , written = ""] = pathname.split("/");
    const [, blob] = /\/blobs\/(sha256:[0-9a-f]{64})$/.exec(pathname) ?? [];
    if (blob !== undefined) {
      send(response, 200, {}, method === "HEAD" ? "layer on." : (texts.get(blob) ?? ""));
    } else if (pathname.startsWith("/realm/")) {
      send(response, 200, {}, JSON.stringify({ token: `${pathname}${"t".repeat(40_000)}` }));
    } else {
      answerKind(written === "token" && isAuthorized ? "sound" : written, pathname, response);
    }
  };
  const server = createServer((request, response) => {
    request.resume();
    answerTo(request.method ?? "", request.url ?? "/", request.headers.authorization !== undefined, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ({ port } = server.address() as AddressInfo);
  return {
    address: `127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
