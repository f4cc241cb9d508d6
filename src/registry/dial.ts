import { connect as connectTcp, isIP, type LookupFunction, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Clock } from "../core/index.js";
import type { AddressGuard } from "./address-guard.js";
import { judgeCertificate } from "./certificate.js";
import { classifyError, fault, repliedOutsideTls, timeoutFault } from "./fault.js";
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

/** Whom to call. `peer` is `host:port` for messages; `trust` absent: plain TCP. */
export interface DialTarget {
  readonly hostname: string;
  readonly port: number;
  readonly peer: string;
  readonly trust?: Trust;
  readonly dialTimeoutMs: number;
}

export type Dialled =
  | { readonly kind: "socket"; readonly socket: Socket }
  | { readonly kind: "fault"; readonly fault: TransportFault };

type Readiness =
  | { readonly kind: "ready" | "timeout" | "aborted" }
  | { readonly kind: "failed"; readonly error: unknown };

const handshakeTimeoutMs = 10_000;
const sniffTimeoutMs = 5_000;

/**
 * Opens a connection, and with `trust` a TLS session whose certificate passed. Whatever fails leaves no socket behind.
 * Limits: `dialTimeoutMs` for name and connection, 10 s for the handshake, `signal` for all.
 */
export async function dial(deps: DialDeps, target: DialTarget, signal: AbortSignal): Promise<Dialled> {
  if (target.trust?.kind === "unusable") {
    const detail = `the TLS settings of this host cannot be used (${target.trust.code})`;
    return { kind: "fault", fault: fault("tls-handshake", target.peer, detail) };
  }
  const tcp = await openTcp(deps, target, signal);
  if (tcp.kind === "fault" || target.trust === undefined) return tcp;
  return await handshake(deps, { ...target, trust: target.trust }, tcp.socket, signal);
}

async function openTcp(deps: DialDeps, target: DialTarget, signal: AbortSignal): Promise<Dialled> {
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
  });
  const readiness = await whenReady(socket, "connect", { clock: deps.clock, ms: target.dialTimeoutMs }, signal);
  return outcome(readiness, socket, "connect", target.peer);
}

async function handshake(
  deps: DialDeps,
  target: DialTarget & { readonly trust: Extract<Trust, { kind: "usable" }> },
  tcp: Socket,
  signal: AbortSignal,
): Promise<Dialled> {
  const socket: TLSSocket = connectTls({
    socket: tcp,
    secureContext: target.trust.context,
    ALPNProtocols: ["http/1.1"],
    ...(isIP(target.hostname) === 0 ? { servername: target.hostname } : {}),
    // Node would hang up before the served certificate can be read. Nothing is written until judgeCertificate agrees.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  const readiness = await whenReady(socket, "secureConnect", { clock: deps.clock, ms: handshakeTimeoutMs }, signal);
  if (readiness.kind !== "ready") tcp.destroy();
  if (readiness.kind === "failed" && repliedOutsideTls(readiness.error)) {
    const first = await firstBytes(deps, target, signal);
    if (first.toString("latin1", 0, 5) === "HTTP/") return { kind: "fault", fault: fault("plain-http", target.peer) };
  }
  const secured = outcome(readiness, socket, "tls", target.peer);
  if (secured.kind === "fault" || !target.trust.verify) return secured;
  const rejected = judgeCertificate(socket, target.hostname, target.peer);
  if (rejected === undefined) return secured;
  socket.destroy();
  return { kind: "fault", fault: rejected };
}

function outcome(readiness: Readiness, socket: Socket, phase: "connect" | "tls", peer: string): Dialled {
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
function whenReady(
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

/**
 * What a peer answers to a TLS greeting, on a connection of its own: OpenSSL reports HTTP and noise alike as
 * "wrong version number", and only the bytes tell them apart.
 */
async function firstBytes(deps: DialDeps, target: DialTarget, signal: AbortSignal): Promise<Buffer> {
  const tcp = await openTcp(deps, target, signal);
  if (tcp.kind === "fault") return Buffer.alloc(0);
  const { socket } = tcp;
  let first = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    if (first.length < 5) first = Buffer.concat([first, chunk.subarray(0, 5)]);
  });
  socket.write(clientHello);
  await whenReady(socket, "data", { clock: deps.clock, ms: sniffTimeoutMs }, signal);
  socket.destroy();
  return first;
}

/** TLS 1.2, two cipher suites, one curve. It holds a line feed (extension 10), without which Go's HTTP server reads on. */
const clientHello = Buffer.from(
  `160301003901000035${"0303"}${"5a".repeat(32)}${"00"}${"0004c02fc030"}${"0100"}${"0008000a000400020017"}`,
  "hex",
);
