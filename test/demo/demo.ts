import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "../../src/bin/serve.js";
import { systemClock } from "../../src/bin/system.js";
import { makeServingCertificates, writeServingCertificates } from "../../src/certs/index.js";
import { decide } from "../../src/policy/index.js";
import { createLogger, createMetrics } from "../../src/telemetry/index.js";
import { createEngine } from "../support/engine.js";
import { startLab } from "../support/lab/index.js";
import { demoLab, encores, scenes } from "./registries.js";

/** The API server's deadline in the demo: short, so that the silent registry does not keep anybody waiting. */
const webhookTimeout = "2s";

interface Answer {
  readonly allowed: boolean;
  readonly warnings?: readonly string[];
  readonly status?: { readonly message?: string };
}

/**
 * `npm run demo`: registries that are each broken in one way, the real webhook in mode deny with certificates of its own,
 * and one AdmissionReview for each cause. Prints what `kubectl apply` would print. Loopback only.
 */
async function main(): Promise<void> {
  const startedMs = systemClock.nowMs();
  const lab = await startLab(demoLab);
  const certDir = await mkdtemp(join(tmpdir(), "pullguard-demo-"));
  const engine = createEngine({
    lab,
    nodeFiles: lab.nodeFiles,
    runtime: "containerd://1.7.13",
    platform: "linux/amd64",
    completedPods: true,
  });
  const certificates = await makeServingCertificates({ names: ["localhost"], days: 1, clock: systemClock });
  await writeServingCertificates(certDir, certificates, true);
  const server = await serve({
    config: { port: 0, metricsPort: 0, certDir },
    check: engine.check,
    decide: (findings) => decide(findings, "deny"),
    clock: systemClock,
    metrics: createMetrics({ version: "demo", processMetrics: false }),
    logger: createLogger({ level: "silent" }),
    host: "127.0.0.1",
    drainMs: 0,
  });
  try {
    print("Pullguard's webhook runs on loopback in mode deny, for nodes with containerd 1.7.13 on linux/amd64.");
    for (const { cause, image } of [...scenes, ...encores]) {
      print(`\n${cause}\n$ kubectl apply -f pod.yaml    # image: ${image}`);
      print(asKubectl(await review(server.port, certificates.caPem, image)));
    }
    print(`\n${scenes.length} causes in ${((systemClock.nowMs() - startedMs) / 1000).toFixed(1)} s.`);
  } finally {
    await server.stop();
    await engine.close();
    await lab.stop();
    await rm(certDir, { recursive: true });
  }
}

/** How kubectl shows an answer: warnings first, then the object's fate. */
function asKubectl(answer: Answer): string {
  const warnings = (answer.warnings ?? []).map((warning) => `Warning: ${warning}`);
  const fate = answer.allowed
    ? "pod/web created"
    : `Error from server (Forbidden): error when creating "pod.yaml": admission webhook "images.pullguard.dev" denied the request: ${answer.status?.message ?? ""}`;
  return [...warnings, fate].join("\n");
}

/** Sends the AdmissionReview that a kube-apiserver would send for a Pod with this image. */
function review(port: number, ca: string, image: string): Promise<Answer> {
  const body = JSON.stringify({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
      kind: { group: "", version: "v1", kind: "Pod" },
      resource: { group: "", version: "v1", resource: "pods" },
      name: "web",
      namespace: "shop",
      operation: "CREATE",
      userInfo: { username: "developer" },
      object: {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "web", namespace: "shop" },
        spec: {
          serviceAccountName: "default",
          serviceAccount: "default",
          containers: [{ name: "app", image, imagePullPolicy: "IfNotPresent" }],
        },
      },
      oldObject: null,
      dryRun: false,
      options: null,
    },
  });
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        servername: "localhost",
        port,
        path: `/validate?timeout=${webhookTimeout}`,
        method: "POST",
        ca,
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("end", () => resolve(JSON.parse(Buffer.concat(chunks).toString()).response));
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

await main();
