import type { RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import express, { type Express } from "express";
import { createAdmissionGate } from "../src/admission/index.js";
import { systemClock as clock } from "../src/bin/system.js";
import { makeServingCertificates } from "../src/certs/index.js";
import { steadyClock } from "../src/core/index.js";
import { decide } from "../src/policy/index.js";
import { usualLimits } from "../src/registry/index.js";
import { createApp, Readiness, type StartTimer, startServer } from "../src/server/index.js";
import { createAdmissionTelemetry, createLogger, createMetrics } from "../src/telemetry/index.js";
import { createBenchEngine } from "./engine.js";
import { companionArgument, tell } from "./processes.js";
import type { Registries } from "./registry-process.js";

/** What one webhook process serves, over https. */
export interface WebhookOrder {
  readonly subject: "express no-op" | "bare no-op" | "pullguard";
  readonly registries: Registries;
  /** Secrets of these namespaces hold logins of their own. */
  readonly namespaces?: readonly string[];
}

/** What it says when it listens. */
export interface WebhookReady {
  readonly port: number;
}

/** Of the whole process so far, every thread of it; memory in bytes. */
export interface ProcessUse {
  readonly cpuMicros: number;
  readonly peakBytes: number;
}

const host = "127.0.0.1";

const startTimer: StartTimer = (delayMs, run) => {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
};

/** As little as express can do for the same request: parse the same body, answer a review; no ETag and no other extras. */
function noOpApp(): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.post("/validate", express.json({ limit: 3 * 1024 * 1024 }), (req, res) => {
    const { apiVersion, kind, request } = req.body;
    res.json({ apiVersion, kind, response: { uid: request.uid, allowed: true } });
  });
  return app;
}

/** As little as Node.js can do: the body is read, not looked at. */
async function startBareServer(pair: { readonly key: string; readonly cert: string }): Promise<number> {
  const text = JSON.stringify({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: { allowed: true },
  });
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
  const server = createHttpsServer(pair, (request, response) => {
    request.resume();
    request.once("end", () => response.writeHead(200, headers).end(text));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

/** The webhook as it is served, with logs and metrics; a process whose log goes nowhere still writes it. */
function pullguardApp({ registries, namespaces = [] }: WebhookOrder): RequestListener {
  const node = { runtime: "containerd://1.7.13", platform: "linux/amd64" };
  const engine = createBenchEngine(registries, node, {
    gate: createAdmissionGate({ clock: steadyClock(clock), maxInFlight: 128, maxQueued: 1024 }),
    limits: usualLimits,
    namespaces,
  });
  const metrics = createMetrics({ version: "bench", processMetrics: true });
  const logger = createLogger({ level: "info" });
  const admission = {
    check: engine.check,
    decide: (findings: Parameters<typeof decide>[0]) => decide(findings, "deny"),
    clock,
    observer: createAdmissionTelemetry({ metrics, logger }).admission,
  };
  const onFault = (error: unknown): void => logger.error({ err: error }, "fault");
  return createApp({ admission, readiness: new Readiness([]), metrics, startTimer, onFault });
}

const order = companionArgument<WebhookOrder>();
const pair = await makeServingCertificates({ names: [host], days: 1, clock });
const certificates = { current: () => pair, onChange: () => () => undefined };
const serveApp = async (app: RequestListener): Promise<number> =>
  (await startServer({ certificates, startTimer }, { app, port: 0, host })).port;
const port =
  order.subject === "bare no-op"
    ? await startBareServer({ key: pair.keyPem.reveal(), cert: pair.certificatePem })
    : await serveApp(order.subject === "express no-op" ? noOpApp() : pullguardApp(order));

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  // Kilobytes everywhere, whatever the platform.
  const use: ProcessUse = { cpuMicros: user + system, peakBytes: process.resourceUsage().maxRSS * 1024 };
  tell(use);
});
const ready: WebhookReady = { port };
tell(ready);
