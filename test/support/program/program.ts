import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { makeServingCertificates, writeServingCertificates } from "../../../src/certs/index.js";
import { realClock } from "../../admission/doubles.js";

const programPath = fileURLToPath(new URL("../../../src/bin/pullguard.js", import.meta.url));

/** The webhook as a process of its own. */
export interface ServingProgram {
  readonly port: number;
  readonly metricsPort: number;
  /** Its log so far. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** What it wrote that is no line of its log. */
  readonly errors: () => string;
  post(path: string, body: object, headers?: Readonly<Record<string, string>>): Promise<Record<string, unknown>>;
  /** From the plain port. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<PlainAnswer>;
  /** Ends it as Kubernetes does and waits; the answer is its exit code. */
  stop(): Promise<number | null>;
  /** Ends it at once, without the time that it gives endpoints to forget it; nothing where it has ended. */
  kill(): Promise<void>;
}

export interface PlainAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

/** A cluster that the program follows, and what whoever calls it there trusts, and by which name they call it. */
export interface ProgramCluster {
  readonly kubeconfig: string;
  readonly trust: () => { readonly ca: string; readonly servername: string };
}

/**
 * Starts `pullguard serve` on free ports of loopback, and waits until it listens.
 * @param cluster  absent: it asks none, and has its certificates in files
 */
export async function startProgram(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cluster?: ProgramCluster,
): Promise<ServingProgram> {
  const certDir = await mkdtemp(join(tmpdir(), "pullguard-program-"));
  const made = await makeServingCertificates({ names: ["127.0.0.1"], days: 30, clock: realClock });
  await writeServingCertificates(certDir, made, false);
  const where = cluster === undefined ? ["--no-cluster", "--cert-dir", certDir] : ["--kubeconfig", cluster.kubeconfig];
  const own = ["serve", ...where, "--shutdown-grace", "3", "--port", "0", "--metrics-port", "0"];
  const child = spawn(process.execPath, [programPath, ...own, ...flags], { env: { PATH: process.env.PATH, ...env } });
  const lines: Record<string, unknown>[] = [];
  let errors = "";
  child.stderr.on("data", (part: Buffer) => {
    errors += part.toString("utf8");
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  const ports = await new Promise<{ port: number; metricsPort: number }>((resolve, reject) => {
    createInterface(child.stdout).on("line", (text) => {
      const line = JSON.parse(text) as Record<string, unknown>;
      lines.push(line);
      if (line.msg === "listening") resolve({ port: Number(line.port), metricsPort: Number(line.metricsPort) });
    });
    void ended.then((code) => reject(new Error(`ended with ${code}: ${errors}`)));
  });
  const call = (
    send: typeof plainRequest,
    options: Parameters<typeof secureRequest>[1],
    body?: string,
  ): Promise<PlainAnswer> =>
    new Promise((resolve, reject) => {
      const req = send({ host: "127.0.0.1", agent: false, ...options }, (res) => {
        let text = "";
        res.setEncoding("utf8");
        res.on("data", (part: string) => {
          text += part;
        });
        res.on("end", () => resolve({ status: res.statusCode ?? 0, headers: res.headers, text }));
      });
      req.on("error", reject);
      req.end(body);
    });
  return {
    ...ports,
    lines,
    errors: () => errors,
    post: async (path, body, headers = {}) => {
      const options = { port: ports.port, path, method: "POST", ...(cluster?.trust() ?? { ca: made.caPem }) };
      const sent = { "content-type": "application/json", ...headers };
      const { text } = await call(
        secureRequest as typeof plainRequest,
        { ...options, headers: sent },
        JSON.stringify(body),
      );
      return JSON.parse(text) as Record<string, unknown>;
    },
    get: (path, headers = {}) => call(plainRequest, { port: ports.metricsPort, path, headers }),
    stop: async () => {
      child.kill("SIGTERM");
      const code = await ended;
      await rm(certDir, { recursive: true });
      return code;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
      await rm(certDir, { recursive: true, force: true });
    },
  };
}
