import type { IncomingMessage, ServerResponse } from "node:http";
import { sendObject } from "./breakable-api.js";
import { type BreakableServer, startBreakableServer } from "./breakable-server.js";

/** An object of Kubernetes, as far as the tests look into it. */
export type ApiObject = Readonly<Record<string, unknown>> & {
  readonly metadata: Readonly<Record<string, unknown>> & { readonly name: string; readonly resourceVersion?: string };
};

/** An API server that keeps what is written to it, whoever writes: whoever knows an old version loses. */
export interface ObjectApi extends BreakableServer {
  readonly url: string;
  /** The object at a path, as it is now. */
  at(path: string): ApiObject | undefined;
  /** Changes an object as somebody else would, or takes it away; watches are told. */
  put(path: string, object: ApiObject | undefined): void;
}

const word = "[a-z0-9.-]+";
const collectionPath = new RegExp(`^(?:/api/v1|/apis/${word}/${word})(?:/namespaces/${word})?/${word}$`);

interface OpenWatch {
  readonly response: ServerResponse;
  readonly prefix: string;
  readonly name: string | undefined;
}

interface ApiEvent {
  readonly path: string;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: ApiObject;
  readonly version: number;
}

/** @param objects  what is there at the start, by path */
export async function startObjectApi(objects: Readonly<Record<string, ApiObject>>): Promise<ObjectApi> {
  const known = new Map<string, ApiObject>();
  const watches = new Set<OpenWatch>();
  const events: ApiEvent[] = [];
  let version = 1;
  const put: ObjectApi["put"] = (path, object) => {
    version += 1;
    const before = known.get(path);
    const type = object === undefined ? "DELETED" : before === undefined ? "ADDED" : "MODIFIED";
    const now = versioned(object ?? before, version);
    if (now === undefined) return;
    if (object === undefined) known.delete(path);
    else known.set(path, now);
    const event: ApiEvent = { path, type, object: now, version };
    events.push(event);
    for (const watch of watches) tell(watch, event);
  };
  for (const [path, object] of Object.entries(objects)) put(path, object);

  const list = (url: URL, response: ServerResponse): void => {
    const prefix = `${url.pathname}/`;
    const name = /^metadata\.name=(.+)$/.exec(url.searchParams.get("fieldSelector") ?? "")?.[1];
    if (url.searchParams.has("watch")) {
      response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
      const watch = { response, prefix, name };
      watches.add(watch);
      // What was changed while no watch was open, or while one was being cut.
      const since = Number(url.searchParams.get("resourceVersion") ?? version);
      for (const event of events) if (event.version > since) tell(watch, event);
      response.on("close", () => watches.delete(watch));
      return;
    }
    const items = [...known].filter(
      ([path, { metadata }]) => path.startsWith(prefix) && [metadata.name, undefined].includes(name),
    );
    sendObject(response, 200, {
      kind: "List",
      metadata: { resourceVersion: `${version}` },
      items: items.map(([, item]) => item),
    });
  };
  const write = (method: string, path: string, body: unknown): readonly [number, object | undefined] => {
    const target = method === "POST" ? `${path}/${(body as ApiObject).metadata.name}` : path;
    const before = known.get(target);
    if (method === "POST" && before !== undefined) return [409, undefined];
    if (method !== "POST" && before === undefined) return [404, undefined];
    if (method === "PUT" && (body as ApiObject).metadata.resourceVersion !== before?.metadata.resourceVersion)
      return [409, undefined];
    if (method === "DELETE") put(target, undefined);
    else put(target, method === "PATCH" ? patched(before, body) : (body as ApiObject));
    return [method === "POST" ? 201 : 200, known.get(target) ?? { kind: "Status", status: "Success" }];
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://api");
    const { method = "GET" } = request;
    const body = await bodyOf(request);
    if (method === "GET" && collectionPath.test(url.pathname) && !known.has(url.pathname)) return list(url, response);
    const [status, object] =
      method === "GET" ? ([200, known.get(url.pathname)] as const) : write(method, url.pathname, body);
    const name = url.pathname.slice(url.pathname.lastIndexOf("/") + 1);
    const code = object === undefined && status === 200 ? 404 : status;
    const reason = code === 409 ? "Conflict" : "NotFound";
    sendObject(response, code, object ?? { kind: "Status", reason, details: { name }, code });
  };
  const server = await startBreakableServer((request, response) => void answer(request, response));
  return { ...server, url: `http://127.0.0.1:${server.port}`, at: (path) => known.get(path), put };
}

function tell({ response, prefix, name }: OpenWatch, { path, type, object }: ApiEvent): void {
  const isSeen = path.startsWith(prefix) && (name === undefined || name === object.metadata.name);
  if (isSeen) response.write(`${JSON.stringify({ type, object })}\n`);
}

function versioned(object: ApiObject | undefined, version: number): ApiObject | undefined {
  return (
    object && { ...object, metadata: { ...object.metadata, uid: object.metadata.name, resourceVersion: `${version}` } }
  );
}

/** A JSON patch of `test` and `add`, which is all that a webhook configuration gets. */
function patched(object: unknown, patch: unknown): ApiObject {
  const copy = structuredClone(object) as ApiObject;
  for (const { op, path, value } of patch as readonly { op: string; path: string; value: unknown }[]) {
    const steps = path.slice(1).split("/");
    const last = steps.pop() ?? "";
    let at = copy as unknown as Record<string, unknown>;
    for (const step of steps) at = at[step] as Record<string, unknown>;
    if (op === "add") at[last] = value;
    else if (at[last] !== value) throw new Error(`the test of ${path} failed`);
  }
  return copy;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString());
}
