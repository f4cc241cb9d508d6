import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** What the API server of a soak knows. `password`: of the Secret `pull`, now; the Secret `wrong` has another. */
export interface ApiWorld {
  /** `host:port` of the registry that the Secrets are for. */
  readonly registry: string;
  readonly password: () => string;
  readonly isDown: () => boolean;
}

const secretPath = /^\/api\/v1\/namespaces\/([^/]+)\/secrets\/(pull|wrong)$/;
const accountPath = /^\/api\/v1\/namespaces\/([^/]+)\/serviceaccounts\/([^/]+)$/;
const namespacePath = /^\/api\/v1\/namespaces\/([^/]+)$/;

/** An API server without nodes: lists are empty, watches stay open, Secrets change. */
export async function apiServer(world: ApiWorld) {
  const sockets = new Set<Socket>();
  const watches = new Set<ServerResponse>();
  let version = 1;
  let expired = 0;
  const server = createServer((request, response) => {
    request.resume();
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://api");
    const found = request.method === "GET" ? (objectAt(pathname, world) ?? listAt(pathname, `${version}`)) : undefined;
    if (world.isDown()) request.socket.destroy();
    else if (searchParams.has("watch")) watch(response);
    else send(response, found === undefined ? 404 : 200, found ?? status(404, "NotFound"));
  });
  const watch = (response: ServerResponse): void => {
    response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
    if (expired > 0) {
      expired -= 1;
      response.end(`${JSON.stringify({ type: "ERROR", object: status(410, "Expired") })}\n`);
      return;
    }
    watches.add(response);
    response.on("close", () => watches.delete(response));
  };
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Ends every watch; the next ones are told that what they know is too old. */
    endWatches: () => {
      version += 1;
      expired = 3;
      for (const response of watches) response.end();
    },
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function objectAt(path: string, { registry, password }: ApiWorld): object | undefined {
  const [, owner, secret] = secretPath.exec(path) ?? [];
  if (owner !== undefined && secret !== undefined) {
    const login = { username: "robot", password: secret === "pull" ? password() : "not this one" };
    const text = JSON.stringify({ auths: { [registry]: login } });
    return {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: secret, namespace: owner, uid: secret, resourceVersion: `${secret}-${login.password}` },
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": Buffer.from(text).toString("base64") },
    };
  }
  const [, namespace, account] = accountPath.exec(path) ?? [];
  if (namespace !== undefined) {
    return { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: account, namespace, resourceVersion: "1" } };
  }
  const [, name] = namespacePath.exec(path) ?? [];
  return name === undefined ? undefined : { apiVersion: "v1", kind: "Namespace", metadata: { name, labels: {} } };
}

function listAt(path: string, resourceVersion: string): object | undefined {
  const [, group, plural = ""] = /^(?:\/api|\/apis\/([^/]+))\/v\w+\/(?:namespaces\/[^/]+\/)?([a-z]+)$/.exec(path) ?? [];
  if (plural === "") return undefined;
  const apiVersion = group === undefined ? "v1" : `${group}/v1`;
  return { apiVersion, kind: "List", metadata: { resourceVersion }, items: [] };
}

function status(code: number, reason: string): object {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", reason, message: reason, code };
}

function send(response: ServerResponse, code: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(code, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}
