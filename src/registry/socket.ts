import { connect as connectTcp, isIP, type LookupFunction, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Clock } from "../core/index.js";
import type { AddressGuard } from "./address-guard.js";
import { classifyError, fault, timeoutFault } from "./fault.js";
import type { Intake } from "./intake.js";
import type { Trust } from "./trust.js";
import type { TransportFault } from "./types.js";

/** How connections are made; `connectTo` moves the TCP destination only, names and verification stay. */
export interface DialDeps {
  readonly clock: Clock;
  readonly lookup?: LookupFunction;
  readonly connectTo?: (hostname: string, port: number) => { address: string; port: number } | undefined;
  /** Keeps connections from addresses that must not be dialled; resolves names itself. Judges as if nothing were moved. */
  readonly guard?: AddressGuard;
}

/** Where a TCP connection goes. `peer` is `host:port` for messages. */
export interface TcpTarget {
  readonly hostname: string;
  readonly port: number;
  readonly peer: string;
  readonly dialTimeoutMs: number;
}

export type Dialled =
  | { readonly kind: "socket"; readonly socket: Socket }
  | { readonly kind: "fault"; readonly fault: TransportFault };

/** What came first of an event, a time limit, an abort and a failure. */
export type Readiness =
  | { readonly kind: "ready" | "timeout" | "aborted" }
  | { readonly kind: "failed"; readonly error: unknown };

/** TLS settings that OpenSSL accepted. */
export type UsableTrust = Extract<Trust, { kind: "usable" }>;

const handshakeTimeoutMs = 10_000;

/**
 * Opens a TCP connection within `dialTimeoutMs`, the lookup of the name included.
 * @param intake  how it is read; absent: as Node.js reads, which a TLS session on top needs
 */
export async function openTcp(
  deps: DialDeps,
  target: TcpTarget,
  signal: AbortSignal,
  intake?: Intake,
): Promise<Dialled> {
  const moved = deps.connectTo?.(target.hostname, target.port);
  const refusal = moved === undefined ? deps.guard?.refusalOf(target) : await deps.guard?.screen(target);
  if (refusal !== undefined) return { kind: "fault", fault: fault("address-forbidden", target.peer, refusal) };
  // The address that is judged is the one that is dialled: a second lookup could be told another.
  const lookup = deps.guard?.lookupFor(target) ?? deps.lookup;
  const socket = connectTcp({
    host: moved?.address ?? target.hostname,
    port: moved?.port ?? target.port,
    noDelay: true,
    // Node gives each address 250 ms by default and then gives up on it, where Go keeps waiting.
    autoSelectFamilyAttemptTimeout: 2_000,
    ...(lookup === undefined || moved !== undefined ? {} : { lookup }),
    ...(intake === undefined ? {} : { onread: intake.onread }),
  });
  intake?.attach(socket);
  const readiness = await whenReady(socket, "connect", { clock: deps.clock, ms: target.dialTimeoutMs }, signal);
  return outcome(readiness, socket, "connect", target.peer);
}

/** The TLS session over an open connection, and how its handshake ended; the certificate is not judged here. */
export async function startTls(
  deps: DialDeps,
  target: { readonly hostname: string; readonly trust: UsableTrust },
  carrier: Socket,
  signal: AbortSignal,
) {
  const socket = connectTls({
    socket: carrier,
    secureContext: target.trust.context,
    ALPNProtocols: ["http/1.1"],
    ...(isIP(target.hostname) === 0 ? { servername: target.hostname } : {}),
    // Node would hang up before the served certificate can be read. Nothing is written until judgeCertificate agrees.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  const readiness = await whenReady(socket, "secureConnect", { clock: deps.clock, ms: handshakeTimeoutMs }, signal);
  if (readiness.kind !== "ready") carrier.destroy();
  return { socket, readiness };
}

/** A socket that is ready, or the fault that says why it is not. */
export function outcome(readiness: Readiness, socket: Socket, phase: "connect" | "tls", peer: string): Dialled {
  switch (readiness.kind) {
    case "ready":
      return { kind: "socket", socket };
    case "timeout":
      return { kind: "fault", fault: timeoutFault(phase, peer) };
    case "aborted":
      return { kind: "fault", fault: fault("aborted", peer) };
    case "failed":
      return { kind: "fault", fault: classifyError(readiness.error, phase, peer) };
  }
}

/** Waits for one event of a socket; anything else that comes first destroys the socket. */
export function whenReady(
  socket: Socket,
  event: "connect" | "secureConnect" | "data",
  limit: { readonly clock: Clock; readonly ms: number },
  signal: AbortSignal,
): Promise<Readiness> {
  return new Promise((resolve) => {
    const timer = new AbortController();
    const finish = (readiness: Readiness) => {
      signal.removeEventListener("abort", onAbort);
      socket.off(event, onReady).off("error", onError).off("close", onClose);
      timer.abort();
      if (readiness.kind !== "ready") socket.destroy();
      resolve(readiness);
    };
    const onReady = () => finish({ kind: "ready" });
    const onError = (error: unknown) => finish({ kind: "failed", error });
    const onClose = () => finish({ kind: "failed", error: { code: "ECONNRESET" } });
    const onAbort = () => finish({ kind: "aborted" });
    // Late errors of a socket that nobody waits for any more must not end the process.
    socket.on("error", () => {});
    if (signal.aborted) return onAbort();
    socket.once(event, onReady).once("error", onError).once("close", onClose);
    signal.addEventListener("abort", onAbort, { once: true });
    limit.clock.sleep(limit.ms, timer.signal).then(
      () => finish({ kind: "timeout" }),
      () => {},
    );
  });
}
