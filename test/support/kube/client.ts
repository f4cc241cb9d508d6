import { Agent, request } from "node:https";

/** Who asks an API server, and which one. */
export interface KubeAccess {
  readonly server: string;
  readonly caPem: string;
  readonly token: string;
}

/** What an API server answered. `warnings` are the texts of its Warning headers, as kubectl prints them. */
export interface KubeAnswer {
  readonly status: number;
  readonly warnings: readonly string[];
  readonly body: KubeObject;
}

/** Any object of the API, `Status` included. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  /** Of a `Status`. */
  readonly message?: string;
  readonly [field: string]: unknown;
}

/** One user's view of an API server: requests as they go over the wire, so that headers can be looked at. */
export interface KubeClient {
  call(method: string, path: string, body?: unknown, contentType?: string): Promise<KubeAnswer>;
  /** As `kubectl create`; `query` such as `dryRun=All`. */
  create(object: KubeObject, query?: string): Promise<KubeAnswer>;
  /** As `kubectl apply --server-side`: creates or updates, and refuses unknown fields. */
  apply(object: KubeObject, query?: string): Promise<KubeAnswer>;
  /** A JSON merge patch, as `kubectl label` and `kubectl set image` send. */
  patch(object: KubeObject, change: unknown, query?: string): Promise<KubeAnswer>;
  remove(object: KubeObject): Promise<KubeAnswer>;
  close(): void;
}

/** Kinds of the tests that live outside namespaces. Every plural is made with an s, or -ies for -y. */
const clusterWide = [
  ...["Namespace", "Node", "ClusterRole", "ClusterRoleBinding", "ValidatingWebhookConfiguration"],
  ...["CustomResourceDefinition", "NodePullProfile", "PullguardConfig", "MutatingWebhookConfiguration"],
  ...["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"],
  ...["ClusterPolicyReport", "ClusterReport"],
];
const callTimeoutMs = 20_000;

/** The path of an object's collection: `/apis/apps/v1/namespaces/shop/deployments`. */
export function collectionPath(object: KubeObject): string {
  const version = object.apiVersion ?? "v1";
  const kind = object.kind ?? "";
  const group = version.includes("/") ? `/apis/${version}` : `/api/${version}`;
  const scope = clusterWide.includes(kind) ? "" : `/namespaces/${object.metadata?.namespace ?? "default"}`;
  return `${group}${scope}/${kind.toLowerCase().replace(/y$/, "ie")}s`;
}

/** The path of the object itself. */
export function objectPath(object: KubeObject): string {
  return `${collectionPath(object)}/${object.metadata?.name ?? ""}`;
}

export function createKubeClient(access: KubeAccess): KubeClient {
  const agent = new Agent({ keepAlive: true, ca: access.caPem });
  const call: KubeClient["call"] = (method, path, body, contentType = "application/json") =>
    send(access, agent, { method, path, contentType, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const strict = (path: string, query = ""): string => `${path}?fieldValidation=Strict&${query}`;
  return {
    call,
    create: (object, query) => call("POST", strict(collectionPath(object), query), object),
    apply: (object, query = "") =>
      call("PATCH", strict(objectPath(object), `fieldManager=tests&force=true&${query}`), object, applyType),
    patch: (object, change, query) => call("PATCH", strict(objectPath(object), query), change, mergeType),
    remove: (object) => call("DELETE", objectPath(object)),
    close: () => agent.destroy(),
  };
}

const applyType = "application/apply-patch+yaml";
const mergeType = "application/merge-patch+json";

interface Outgoing {
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  readonly body?: string;
}

function send(access: KubeAccess, agent: Agent, outgoing: Outgoing): Promise<KubeAnswer> {
  const { method, path, body, contentType } = outgoing;
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${access.token}`,
      accept: "application/json",
      ...(body === undefined ? {} : { "content-type": contentType, "content-length": Buffer.byteLength(body) }),
    };
    const signal = AbortSignal.timeout(callTimeoutMs);
    const asked = request(new URL(path, access.server), { method, headers, agent, signal }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const warnings = (response.headersDistinct.warning ?? []).map(warningText);
        resolve({ status: response.statusCode ?? 0, warnings, body: bodyOf(Buffer.concat(chunks).toString()) });
      });
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

/** `/readyz` and refusals of the HTTP layer answer with plain text. */
function bodyOf(text: string): KubeObject {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : { message: text };
  } catch {
    return { message: text };
  }
}

/** `299 - "a \"quoted\" text"`, in UTF-8, which Node reads as latin1. Source: RFC 7234, section 5.5. */
function warningText(header: string): string {
  const quoted = /^299 \S+ "(.*)"$/s.exec(Buffer.from(header, "latin1").toString("utf8"))?.[1];
  if (quoted === undefined) throw new Error(`no warning that clients could show: ${header}`);
  return quoted.replaceAll(/\\(.)/g, "$1");
}
