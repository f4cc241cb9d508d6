import express, { type Express } from "express";
import { systemClock as clock } from "../src/bin/system.js";
import { makeServingCertificates } from "../src/certs/index.js";
import { decide } from "../src/policy/index.js";
import { createApp, Readiness, type StartTimer, startPlainServer, startServer } from "../src/server/index.js";
import { createAdmissionTelemetry, createLogger, createMetrics } from "../src/telemetry/index.js";
import { createBenchEngine } from "./engine.js";
import { companionArgument, tell } from "./processes.js";
import type { Registries } from "./registry-process.js";

/** What one webhook process serves. */
export interface WebhookOrder {
  readonly subject: "no-op" | "pullguard";
  readonly transport: "http" | "https";
  readonly registries: Registries;
}

/** What it says when it listens. */
export interface WebhookReady {
  readonly port: number;
}

/** CPU time of the whole process so far, every thread of it. */
export interface CpuTime {
  readonly micros: number;
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

/** The webhook as it is served, with logs and metrics; a process whose log goes nowhere still writes it. */
function pullguardApp(registries: Registries): Express {
  const engine = createBenchEngine(registries, { runtime: "containerd://1.7.13", platform: "linux/amd64" });
  const metrics = createMetrics({ version: "bench", processMetrics: true });
  const logger = createLogger({ level: "info" });
  const admission = {
    check: engine.freshCheck(),
    decide: (findings: Parameters<typeof decide>[0]) => decide(findings, "deny"),
    clock,
    observer: createAdmissionTelemetry({ metrics, logger }),
  };
  const onFault = (error: unknown): void => logger.error({ err: error }, "fault");
  return createApp({ admission, readiness: new Readiness([]), metrics, startTimer, onFault });
}

const { subject, transport, registries } = companionArgument<WebhookOrder>();
const app = subject === "no-op" ? noOpApp() : pullguardApp(registries);
const options = { app, port: 0, host };
const pair = await makeServingCertificates({ names: [host], days: 1, clock });
const certificates = { current: () => pair, onChange: () => () => undefined };
const server =
  transport === "http"
    ? await startPlainServer({ startTimer }, options)
    : await startServer({ certificates, startTimer }, options);
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  const spent: CpuTime = { micros: user + system };
  tell(spent);
});
const ready: WebhookReady = { port: server.port };
tell(ready);
