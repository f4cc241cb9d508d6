import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import supertest from "supertest";
import type { Check } from "../../src/check/index.js";
import { type AppDeps, createApp, type MetricsSource, Readiness, type StartTimer } from "../../src/server/index.js";
import { admissionDeps, realClock } from "../admission/doubles.js";

/** The machine's timers. */
export const startTimer: StartTimer = (delayMs, run) => {
  // Deadlines outlive their requests; only open sockets may keep the process alive.
  const timer = setTimeout(run, delayMs).unref();
  return () => clearTimeout(timer);
};

/** Metrics that say nothing. */
export const noMetrics: MetricsSource = { contentType: "text/plain", text: () => Promise.resolve("") };

/** An app around a check, with a policy that denies what cannot be pulled. */
export function appWith(check: Check, overrides: Partial<AppDeps> = {}): RequestListener {
  return createApp({
    admission: admissionDeps({ check, clock: realClock }),
    readiness: new Readiness([]),
    metrics: noMetrics,
    startTimer,
    onFault: () => undefined,
    ...overrides,
  });
}

/** A POST of JSON, to `/validate` if nothing else is said. */
export function post(app: RequestListener, body: string | object, path = "/validate") {
  return supertest(app).post(path).set("content-type", "application/json").send(body);
}

/** Serves the app on a free port while `use` runs. */
export async function listening(
  app: RequestListener,
  use: (port: number, server: Server) => Promise<void>,
): Promise<void> {
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await use((server.address() as AddressInfo).port, server);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
