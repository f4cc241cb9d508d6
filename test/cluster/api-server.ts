import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { IssuedCertificate } from "../support/authority.js";

/** What the API server answers to one GET; `never` keeps the request open, `stream` opens a watch. */
export type ApiAnswer =
  | { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }
  | "never"
  | "stream";

type WholeAnswer = Exclude<ApiAnswer, string>;

/** An API server on loopback that knows a handful of paths. */
export interface FakeApiServer {
  readonly url: string;
  /** Paths asked for, in order; see {@link startApiServer} for those of lists and watches. */
  readonly asked: readonly string[];
  /** Queries of the watches, in order. */
  readonly watchQueries: readonly URLSearchParams[];
  /** Queries of everything else, in order. */
  readonly listQueries: readonly URLSearchParams[];
  /** Authorization headers, in order. */
  readonly authorizations: readonly (string | undefined)[];
  /** Resolves when the `nth` request for `path` has come in; the first unless told otherwise. */
  arrival(path: string, nth?: number): Promise<void>;
  /** Sends one event to every open watch, or to those of one path. */
  tell(type: string, object: unknown, path?: string): void;
  /** Ends every open watch. */
  endWatches(): void;
  /** Answers the requests that are still open. */
  release(answer: WholeAnswer): void;
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

/**
 * Starts the server; a path without an answer gets a 404 that is not of Kubernetes' making. A watch is asked for at
 * `…?watch`, a further page at `…?continue=TOKEN`, whatever else is in the query.
 */
export async function startApiServer(
  answers: ReadonlyMap<string, ApiAnswer>,
  tls?: IssuedCertificate,
  wantedPort = 0,
): Promise<FakeApiServer> {
  const asked: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const watchQueries: URLSearchParams[] = [];
  const listQueries: URLSearchParams[] = [];
  const waiting: { readonly path: string; readonly nth: number; readonly resolve: () => void }[] = [];
  const askedTimes = (path: string) => asked.filter((other) => other === path).length;
  let hungUp: () => void = () => undefined;
  const hangUp = new Promise<void>((resolve) => {
    hungUp = resolve;
  });
  const open: ServerResponse[] = [];
  const watches: { readonly path: string; readonly response: ServerResponse }[] = [];
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? "", "http://api");
    const path = pathOf(url);
    asked.push(path);
    authorizations.push(request.headers.authorization);
    (url.searchParams.has("watch") ? watchQueries : listQueries).push(url.searchParams);
    for (const waiter of waiting) if (waiter.path === path && askedTimes(path) >= waiter.nth) waiter.resolve();
    const answer = answers.get(path) ?? { status: 404, body: "page not found" };
    if (typeof answer === "object") return send(response, answer);
    response.on("close", hungUp);
    if (answer === "never") return open.push(response);
    response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
    watches.push({ path: url.pathname, response });
  };
  const server: Server =
    tls === undefined ? createServer(handle) : createTlsServer({ cert: tls.chainPem, key: tls.keyPem }, handle);
  await new Promise<void>((resolve) => server.listen(wantedPort, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    asked,
    authorizations,
    watchQueries,
    listQueries,
    arrival: (path, nth = 1) =>
      askedTimes(path) >= nth
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting.push({ path, nth, resolve });
          }),
    tell: (type, object, path) => {
      for (const watch of watches) {
        if (path === undefined || watch.path === path) watch.response.write(`${JSON.stringify({ type, object })}\n`);
      }
    },
    endWatches: () => {
      for (const { response } of watches.splice(0)) response.end();
    },
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

function pathOf({ pathname, searchParams }: URL): string {
  if (searchParams.has("watch")) return `${pathname}?watch`;
  const token = searchParams.get("continue");
  return token === null ? pathname : `${pathname}?continue=${token}`;
}

function send(response: ServerResponse, answer: WholeAnswer): void {
  const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
  const type = typeof answer.body === "string" ? "text/plain" : "application/json";
  response.writeHead(answer.status, { ...answer.headers, "content-type": type }).end(text);
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
