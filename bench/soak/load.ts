import { type Agent, request } from "node:https";
import type { Place } from "./truth.js";

/** One image to ask about. `secret`: of the Pod. */
export interface Asked {
  readonly place: Place;
  readonly tag: string;
  readonly secret?: "pull" | "wrong";
}

/** What came back. `shed`: the warning says that the webhook had no room; `unknown`: any other warning. */
export type Answer = "allow" | "deny" | "unknown" | "shed" | "error";

/** One answered review; `detail`: what was said, for people. */
export interface Answered {
  readonly answer: Answer;
  readonly detail: string;
  readonly tookMs: number;
}

/** The API server gives up after this. */
const patienceMs = 10_000;

/** A Pod's review as the API server sends it, by way of an agent that keeps its connections. */
export function review(agent: Agent, port: number, image: string, asked: Asked, uid: string): Promise<Answered> {
  const body = JSON.stringify(reviewOf(image, asked, uid));
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const end = (answer: Answer, detail: string): void =>
      resolve({ answer, detail, tookMs: performance.now() - startedMs });
    const sent = request(
      {
        agent,
        port,
        host: "127.0.0.1",
        method: "POST",
        path: "/validate?timeout=10s",
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
        timeout: patienceMs,
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => end(...answerOf(response.statusCode ?? 0, text, uid)));
      },
    );
    sent.on("timeout", () => sent.destroy(new Error("no answer within the API server's patience")));
    sent.on("error", (error) => end("error", error.message));
    sent.end(body);
  });
}

function answerOf(status: number, text: string, uid: string): [Answer, string] {
  if (status !== 200) return ["error", `status ${status}: ${text.slice(0, 200)}`];
  const { response } = JSON.parse(text);
  if (response?.uid !== uid) return ["error", `an answer to ${response?.uid}`];
  if (response.allowed === false) return ["deny", String(response.status?.message)];
  const warnings: readonly string[] = response.warnings ?? [];
  const [first] = warnings;
  if (first === undefined) return ["allow", ""];
  return [warnings.some((warning) => warning.includes("overloaded")) ? "shed" : "unknown", first];
}

function reviewOf(image: string, { secret }: Asked, uid: string): object {
  return {
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      uid,
      kind: { group: "", version: "v1", kind: "Pod" },
      resource: { group: "", version: "v1", resource: "pods" },
      name: "web",
      namespace: "shop",
      operation: "CREATE",
      object: {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "web", namespace: "shop" },
        spec: {
          containers: [{ name: "app", image, imagePullPolicy: "Always" }],
          ...(secret === undefined ? {} : { imagePullSecrets: [{ name: secret }] }),
        },
      },
      oldObject: null,
      dryRun: false,
    },
  };
}
