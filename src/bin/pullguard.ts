#!/usr/bin/env node
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { type ChosenCluster, type CliDeps, type CliIo, runCli } from "../cli/index.js";
import { systemClock as clock } from "./system.js";

// Everything below is imported by the command that needs it: --help and --version wait for no client and no schema.

const version = packageVersion();
/** A server that was told to stop waits so long for somebody to read its last lines. */
const lastLinesMs = 1_000;
let wasStopped = false;
/** Where the manifests put the node agents. */
const agentNamespace = "pullguard-node-agent";

const deps: CliDeps = {
  version,
  openCluster: async (chosen) => (await openCluster(chosen))?.cluster,
  openAuditedCluster: async (chosen) => {
    const opened = await openCluster(chosen);
    if (opened === undefined) return undefined;
    const { listAudited, namespaceExists } = await import("../cluster/index.js");
    const { auditedReader } = await import("../audit/index.js");
    const { access, cluster } = opened;
    return {
      ...cluster,
      listAudited: (namespace, signal) => listAudited(access, auditedReader(), namespace, signal),
      namespaceExists: (namespace, signal) => namespaceExists(access.core, namespace, signal),
    };
  },
  openCheck: async (setup) => {
    const { assembleCheck } = await import("./assemble.js");
    const { usualAddressRules } = await import("./usual-address-rules.js");
    const { dial, onFinding, completedPods = false, ...given } = setup;
    const quiet = {
      onFault: () => undefined,
      onRequest: () => undefined,
      onCache: () => undefined,
      onRateLimit: () => undefined,
    };
    const addressRules = usualAddressRules(dial);
    const identityKey = randomBytes(32);
    const assembly = assembleCheck({
      ...{ clock, version, addressRules, identityKey },
      ...given,
      injectServiceAccount: completedPods ? "templates" : "always",
      lingerMs: 0,
      ...(onFinding === undefined ? {} : { observer: { ...quiet, onFinding } }),
    });
    return {
      ...assembly,
      forecast: async (subjects, signal) => {
        const { commandForecast } = await import("./audit-forecast.js");
        return await commandForecast({ clock, identityKey, addressRules, ...assembly, ...given })(subjects, signal);
      },
    };
  },
  viewRegistry: async (question, signal) => {
    const { randomBytes } = await import("node:crypto");
    const { viewRegistry } = await import("../registry/index.js");
    const identityKey = randomBytes(32).toString("hex");
    return await viewRegistry({ clock, systemCaPems: undefined, identityKey }, question, signal);
  },
  explainCause: async (code) => (await import("../findings/index.js")).explainCause(code),
  causeCodes: async () => (await import("../findings/index.js")).causeCodes,
  serve: async (flags) => {
    const { runWebhook } = await import("./webhook.js");
    return await runWebhook(flags, { clock, version, stopped: stopSignal() });
  },
  nodeAgent: async (flags) => {
    const { runNodeAgent } = await import("./node-agent.js");
    return await runNodeAgent(flags, { clock, version, stopped: stopSignal() });
  },
  makeCertificates: async ({ dir, names, days, force }) => {
    const { makeServingCertificates, writeServingCertificates } = await import("../certs/index.js");
    return await writeServingCertificates(dir, await makeServingCertificates({ names, days, clock }), force);
  },
};

async function openCluster({ kubeconfig, context }: ChosenCluster) {
  const { clusterSecretSource, listNodes, loadCluster } = await import("../cluster/index.js");
  const access = loadCluster(
    kubeconfig === undefined ? { kind: "default" } : { kind: "file", path: kubeconfig },
    context,
  );
  if (access === undefined) return undefined;
  const cluster = {
    ...{ server: access.server, namespace: access.namespace },
    secrets: clusterSecretSource({ access, clock }),
    listNodes: (signal: AbortSignal) => listNodes({ access, clock, agentNamespace }, signal),
  };
  return { access, cluster };
}

const io: CliIo = {
  stdout: process.stdout,
  stderr: process.stderr,
  // Looking at it already opens it, which would keep a terminal waiting.
  get stdin() {
    return process.stdin;
  },
  env: async () => (await import("../config/index.js")).currentEnvironment(),
  isTTY: process.stdout.isTTY === true,
  stderrIsTTY: process.stderr.isTTY === true,
  programName: startedAs(process.argv[1]),
  ...(process.stdout.columns === undefined ? {} : { columns: process.stdout.columns }),
  deps,
};

// `pullguard … | head` closes the pipe early; that is no fault, and the exit code stays the verdict.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

const exitCode = await runCli(process.argv.slice(2), io);
// Whatever still hangs after the deadline (a credential plugin, a socket) must not keep the answer from its caller.
process.stdout.write("", () => process.exit(exitCode));
// A log that nobody reads must not keep a server from ending.
if (wasStopped) setTimeout(() => process.exit(exitCode), lastLinesMs);

/** kubectl finds plugins by their file names; people then call it by kubectl. */
function startedAs(script: string | undefined): string {
  return /(?:^|[\\/])kubectl-pullguard(?:\.\w+)?$/.test(script ?? "") ? "kubectl pullguard" : "pullguard";
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
  const found =
    typeof manifest === "object" && manifest !== null && "version" in manifest ? manifest.version : undefined;
  return typeof found === "string" ? found : "unknown";
}

/** A second signal, of either kind, finds nobody listening and ends the process at once. */
function stopSignal(): Promise<unknown> {
  return new Promise((resolve) => {
    const names = ["SIGTERM", "SIGINT"] as const;
    const stop = (): void => {
      wasStopped = true;
      for (const each of names) process.removeListener(each, stop);
      resolve(undefined);
    };
    for (const name of names) process.on(name, stop);
  });
}
