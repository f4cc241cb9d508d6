import type { IncomingMessage, ServerResponse } from "node:http";
import { labUser } from "../support/lab/index.js";
import { type BreakableServer, startBreakableServer } from "./breakable-server.js";

/** An API server that knows one namespace, `shop`, with a login and an account, and watches that can be talked to. */
export interface BreakableApi extends BreakableServer {
  readonly url: string;
  /** Watches that are open. */
  watches(): number;
  /** Sends an event to every watch of `serviceaccounts`. */
  tell(type: string, object: object): void;
  /** Ends every watch as the API server does at the end of its time. */
  endWatches(): void;
  /** Names of the Secrets that the account lists from now on; watches are not told. */
  accountLists(names: readonly string[]): void;
}

const accountsPath = "/api/v1/serviceaccounts";
const lists: Readonly<Record<string, string>> = {
  [accountsPath]: "ServiceAccountList",
  "/api/v1/nodes": "NodeList",
  "/apis/pullguard.dev/v1alpha1/nodepullprofiles": "NodePullProfileList",
  "/apis/coordination.k8s.io/v1/namespaces/pullguard-node-agent/leases": "LeaseList",
  "/apis/pullguard.dev/v1/pullguardconfigs": "PullguardConfigList",
};

/** @param registries addresses that the Secret `login` is for */
export async function startBreakableApi(registries: readonly string[]): Promise<BreakableApi> {
  const auths = Object.fromEntries(registries.map((address) => [address, labUser]));
  const login = Buffer.from(JSON.stringify({ auths })).toString("base64");
  let listed: readonly string[] = ["login"];
  let version = 10;
  const watches = new Map<ServerResponse, string>();
  const account = () => ({
    ...{ apiVersion: "v1", kind: "ServiceAccount" },
    metadata: { namespace: "shop", name: "default", resourceVersion: String(version) },
    imagePullSecrets: listed.map((name) => ({ name })),
  });
  const objects = (): Readonly<Record<string, object>> => ({
    "/api/v1/namespaces/shop": { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop", labels: {} } },
    "/api/v1/namespaces/shop/serviceaccounts/default": account(),
    "/api/v1/namespaces/shop/secrets/login": {
      ...{ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/dockerconfigjson" },
      metadata: { namespace: "shop", name: "login", resourceVersion: "1" },
      data: { ".dockerconfigjson": login },
    },
  });
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? "/", "http://api");
    const kind = lists[url.pathname];
    if (kind !== undefined && url.searchParams.has("watch")) {
      response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
      watches.set(response, url.pathname);
      response.on("close", () => watches.delete(response));
      return;
    }
    if (kind !== undefined) {
      const metadata = { resourceVersion: String(version) };
      sendObject(response, 200, { kind, metadata, items: url.pathname === accountsPath ? [account()] : [] });
      return;
    }
    const found = objects()[url.pathname];
    const details = { name: url.pathname.slice(url.pathname.lastIndexOf("/") + 1) };
    if (found === undefined) sendObject(response, 404, { kind: "Status", reason: "NotFound", details, code: 404 });
    else sendObject(response, 200, found);
  };
  const server = await startBreakableServer(answer);
  return {
    ...server,
    url: `http://127.0.0.1:${server.port}`,
    watches: () => watches.size,
    tell: (type, object) => {
      for (const [response, path] of watches) {
        if (path === accountsPath) response.write(`${JSON.stringify({ type, object })}\n`);
      }
    },
    endWatches: () => {
      for (const response of watches.keys()) response.end();
    },
    accountLists: (names) => {
      listed = names;
      version += 1;
    },
  };
}

/** Sends one object of the API. */
export function sendObject(response: ServerResponse, status: number, object: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(object));
}
