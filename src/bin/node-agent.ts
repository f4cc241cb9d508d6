import { rootCertificates } from "node:tls";
import { type AgentDeps, type AgentEvent, runAgent } from "../agent/index.js";
import { type NodeAgentFlags, nodeFilesBelow, signaturesBelow } from "../cli/index.js";
import { clusterPublisher, loadCluster } from "../cluster/index.js";
import { type Clock, PullguardError, steadyClock } from "../core/index.js";
import { wellKnownRoots } from "../node/index.js";
import { createMetricsApp, Readiness, startPlainServer } from "../server/index.js";
import { createLogger, createMetrics, type Log, type LogLevel } from "../telemetry/index.js";
import { logLines } from "./log-lines.js";
import { startTimer } from "./serve.js";

/** What the agent needs beyond its flags. `stopped` resolves when it shall stop. */
export interface NodeAgentDeps {
  readonly clock: Clock;
  readonly version: string;
  readonly stopped: Promise<unknown>;
}

/** So many heartbeats may go by without a confirmation before the agent counts as not ready. */
const patientBeats = 3;

/**
 * Runs the node agent from start to stop and resolves with the exit code.
 * @throws PullguardError for a cluster that cannot be used or a port that cannot be had
 */
export async function runNodeAgent(flags: NodeAgentFlags, deps: NodeAgentDeps): Promise<number> {
  const { clock, version } = deps;
  // A clock that is set back must not have the agent fall silent for as long.
  const steady = steadyClock(clock);
  const logger = createLogger({ level: flags.logLevel as LogLevel, stream: logLines() });
  const target = flags.kubeconfig === undefined ? undefined : ({ kind: "file", path: flags.kubeconfig } as const);
  const access = loadCluster(target ?? { kind: "default" });
  if (access === undefined)
    throw new PullguardError("ConfigInvalid", "no cluster is configured; give --kubeconfig FILE");
  let confirmedMs: number | undefined;
  const onEvent = (event: AgentEvent): void => {
    if (event.kind === "confirmed") confirmedMs = steady.nowMs();
    report(logger, event);
  };
  const notReady = (): string | undefined => {
    if (confirmedMs === undefined) return "nothing published yet";
    const silentMs = steady.nowMs() - confirmedMs;
    return silentMs > patientBeats * flags.heartbeatMs
      ? `not confirmed for ${Math.round(silentMs / 1000)} s`
      : undefined;
  };
  const readiness = new Readiness([{ name: "profile", reason: notReady }]);
  const app = createMetricsApp({
    readiness,
    metrics: createMetrics({ version, processMetrics: true }),
    onFault: (error) => logger.error({ err: error }, "unexpected fault in a handler"),
  });
  const probes = await startPlainServer({ startTimer }, { app, port: flags.port }).catch(portFault);
  logger.info({ port: probes.port, node: flags.nodeName, hostRoot: flags.hostRoot }, "listening");
  const stopping = new AbortController();
  const running = runAgent(
    {
      ...timesOf(flags),
      clock: steady,
      onEvent,
      publisher: clusterPublisher({ access, clock, namespace: flags.namespace }),
      openHost: () => ({ tree: nodeFilesBelow(flags.hostRoot), signature: signaturesBelow(flags.hostRoot) }),
      wellKnown: wellKnownRoots(rootCertificates),
    },
    stopping.signal,
  );
  await deps.stopped;
  stopping.abort(new Error("stopped"));
  await running;
  await probes.close(0);
  return 0;
}

function timesOf({
  nodeName,
  intervalMs,
  heartbeatMs,
}: NodeAgentFlags): Pick<AgentDeps, "nodeName" | "intervalMs" | "heartbeatMs"> {
  return { nodeName, intervalMs, heartbeatMs };
}

function portFault(error: unknown): never {
  if (error instanceof Error && "syscall" in error && error.syscall === "listen") {
    throw new PullguardError("ConfigInvalid", `cannot listen: ${error.message}`, { cause: error });
  }
  throw error;
}

function report(logger: Log, event: AgentEvent): void {
  switch (event.kind) {
    case "published": {
      const { name, spec, issues } = event.profile;
      logger.info({ profile: name, files: spec.files?.length ?? 0, issues: issues.length }, "profile published");
      return;
    }
    case "confirmed":
      logger.debug({ profile: event.profile }, "profile confirmed");
      return;
    case "fault":
      logger.warn({ err: event.error, retryMs: event.retryMs }, "the node's profile cannot be published");
      return;
  }
}
