import { judgeCertificate } from "./certificate.js";
import { fault, repliedOutsideTls } from "./fault.js";
import type { Intake } from "./intake.js";
import type { ChosenProxy } from "./proxy-choice.js";
import { type DialDeps, type Dialled, openTcp, outcome, startTls, type TcpTarget, whenReady } from "./socket.js";
import type { Trust } from "./trust.js";
import { openProxy, openTunnel } from "./tunnel.js";

/**
 * Whom to call. `trust` absent: plain HTTP, which a proxy is asked for by its full address, over a connection that ends
 * there; with `trust` the proxy opens a tunnel. `proxyTrust`: how the certificate of a proxy behind TLS is judged.
 */
export interface DialTarget extends TcpTarget {
  readonly trust?: Trust;
  readonly proxy?: ChosenProxy;
  readonly proxyTrust?: Trust;
}

const sniffTimeoutMs = 5_000;

/**
 * Opens a connection, and with `trust` a TLS session whose certificate passed. Whatever fails leaves no socket behind.
 * Limits: `dialTimeoutMs` for name and connection, 10 s for each handshake, a minute for a proxy's answer, `signal` for all.
 * @param intake  how the connection is read if it is {@link isDirect}
 */
export async function dial(deps: DialDeps, target: DialTarget, signal: AbortSignal, intake?: Intake): Promise<Dialled> {
  if (isDirect(target)) return await openTcp(deps, target, signal, intake);
  if (target.trust?.kind === "unusable") {
    const detail = `the TLS settings of this host cannot be used (${target.trust.code})`;
    return { kind: "fault", fault: fault("tls-handshake", target.peer, detail) };
  }
  const carrier = await openCarrier(deps, target, signal);
  if (carrier.kind === "fault" || target.trust === undefined) return carrier;
  const { hostname, peer, trust } = target;
  const { socket, readiness } = await startTls(deps, { hostname, trust }, carrier.socket, signal);
  if (readiness.kind === "failed" && repliedOutsideTls(readiness.error)) {
    const first = await firstBytes(deps, target, signal);
    if (first.toString("latin1", 0, 5) === "HTTP/") return { kind: "fault", fault: fault("plain-http", peer) };
  }
  const secured = outcome(readiness, socket, "tls", peer);
  if (secured.kind === "fault" || !trust.verify) return secured;
  const rejected = judgeCertificate(socket, hostname, peer);
  if (rejected === undefined) return secured;
  socket.destroy();
  return { kind: "fault", fault: rejected };
}

/** Whether nothing lies between the request and the socket: neither TLS nor a proxy. */
export function isDirect(target: DialTarget): boolean {
  return target.trust === undefined && target.proxy === undefined;
}

/** The connection that a request or a TLS session to the target goes over. */
async function openCarrier(deps: DialDeps, target: DialTarget, signal: AbortSignal): Promise<Dialled> {
  const { proxy, proxyTrust, trust } = target;
  if (proxy === undefined) return await openTcp(deps, target, signal);
  // A proxy would reach what must not be dialled as well; what its names lead to, only it knows.
  const refusal = deps.guard?.refusalOf(target);
  if (refusal !== undefined) return { kind: "fault", fault: fault("address-forbidden", target.peer, refusal) };
  const way = { proxy, dialTimeoutMs: target.dialTimeoutMs, ...(proxyTrust !== undefined && { trust: proxyTrust }) };
  return trust === undefined ? await openProxy(deps, way, signal) : await openTunnel(deps, way, target, signal);
}

/**
 * What a peer answers to a TLS greeting, on a connection of its own: OpenSSL reports HTTP and noise alike as
 * "wrong version number", and only the bytes tell them apart.
 */
async function firstBytes(deps: DialDeps, target: DialTarget, signal: AbortSignal): Promise<Buffer> {
  const carrier = await openCarrier(deps, target, signal);
  if (carrier.kind === "fault") return Buffer.alloc(0);
  const { socket } = carrier;
  let first = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    if (first.length < 5) first = Buffer.concat([first, chunk.subarray(0, 5)]);
  });
  // A tunnel comes paused.
  socket.resume();
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
