import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { IssuedCertificate } from "../support/authority.js";

/** What the API server answers to one GET; `never` keeps the request open. */
export type ApiAnswer = { readonly status: number; readonly body: unknown } | "never";

/** An API server on loopback that knows a handful of paths. */
export interface FakeApiServer {
  readonly url: string;
  /** Paths asked for, in order. */
  readonly asked: readonly string[];
  /** Authorization headers, in order. */
  readonly authorizations: readonly (string | undefined)[];
  /** Resolves when a request for `path` has come in. */
  arrival(path: string): Promise<void>;
  /** Answers the requests that are still open. */
  release(answer: Exclude<ApiAnswer, "never">): void;
  /** Resolves when a client has hung up on an open request. */
  hangUp(): Promise<void>;
  close(): Promise<void>;
}

/** The Status that a real API server sends for an object that does not exist. */
export function notFound(resource: string, name: string): ApiAnswer {
  const details = { name, kind: resource };
  return {
    status: 404,
    body: { kind: "Status", apiVersion: "v1", status: "Failure", reason: "NotFound", details, code: 404 },
  };
}

/** Starts the server; a path without an answer gets a 404 that is not of Kubernetes' making. */
export async function startApiServer(
  answers: ReadonlyMap<string, ApiAnswer>,
  tls?: IssuedCertificate,
): Promise<FakeApiServer> {
  const asked: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const waiting: { readonly path: string; readonly resolve: () => void }[] = [];
  let hungUp: () => void = () => undefined;
  const hangUp = new Promise<void>((resolve) => {
    hungUp = resolve;
  });
  const open: ServerResponse[] = [];
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? "";
    asked.push(path);
    authorizations.push(request.headers.authorization);
    for (const waiter of waiting) if (waiter.path === path) waiter.resolve();
    const answer = answers.get(path) ?? { status: 404, body: "page not found" };
    if (answer !== "never") return send(response, answer);
    open.push(response);
    response.on("close", hungUp);
  };
  const server: Server =
    tls === undefined ? createServer(handle) : createTlsServer({ cert: tls.chainPem, key: tls.keyPem }, handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    asked,
    authorizations,
    arrival: (path) =>
      asked.includes(path) ? Promise.resolve() : new Promise((resolve) => waiting.push({ path, resolve })),
    release: (answer) => {
      for (const response of open.splice(0)) send(response, answer);
    },
    hangUp: () => hangUp,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function send(response: ServerResponse, answer: Exclude<ApiAnswer, "never">): void {
  const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
  const type = typeof answer.body === "string" ? "text/plain" : "application/json";
  response.writeHead(answer.status, { "content-type": type }).end(text);
}

/** A kubeconfig for one server, with a bearer token. */
export function kubeconfigText(server: string, caPem?: string): string {
  const ca = caPem === undefined ? {} : { "certificate-authority-data": Buffer.from(caPem).toString("base64") };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    clusters: [{ name: "test", cluster: { server, ...ca } }],
    users: [{ name: "test", user: { token: "letmein" } }],
  });
}
