import type { Socket } from "node:net";
import { judgeCertificate } from "./certificate.js";
import { fault } from "./fault.js";
import { foreignText } from "./foreign-text.js";
import type { ChosenProxy } from "./proxy-choice.js";
import { type DialDeps, type Dialled, openTcp, outcome, startTls, whenReady } from "./socket.js";
import type { Trust } from "./trust.js";
import type { TransportFault } from "./types.js";

/** The proxy to go through. `trust`: how its certificate is judged where it is spoken to over TLS. */
export interface ProxyWay {
  readonly proxy: ChosenProxy;
  readonly dialTimeoutMs: number;
  readonly trust?: Trust;
}

/** Go waits as long for an answer to CONNECT. Source: Go net/http transport.go `dialConn`. */
const answerTimeoutMs = 60_000;
const maxAnswerBytes = 16 * 1024;

/** A connection to the proxy itself. Whatever fails is `proxy-unreachable`: the registry has no part in it. */
export async function openProxy(deps: DialDeps, way: ProxyWay, signal: AbortSignal): Promise<Dialled> {
  const { proxy, dialTimeoutMs, trust } = way;
  const { hostname, port, peer, scheme } = proxy;
  if (scheme === "socks5") return unreachable(peer, "it is a SOCKS proxy, through which Pullguard cannot ask");
  const tcp = await openTcp(deps, { hostname, port, peer, dialTimeoutMs }, signal);
  if (tcp.kind === "fault") return asProxyFault(tcp.fault);
  if (scheme === "http") return tcp;
  if (trust?.kind !== "usable") {
    tcp.socket.destroy();
    return unreachable(peer, "the TLS settings cannot be used");
  }
  const { socket, readiness } = await startTls(deps, { hostname, trust }, tcp.socket, signal);
  const secured = outcome(readiness, socket, "tls", peer);
  if (secured.kind === "fault") return asProxyFault(secured.fault);
  const rejected = trust.verify ? judgeCertificate(socket, hostname, peer) : undefined;
  if (rejected === undefined) return secured;
  socket.destroy();
  return asProxyFault(rejected);
}

/**
 * A connection through the proxy to the target, on which nothing has been said yet.
 * Source: Go net/http transport.go `dialConn`, CONNECT; RFC 9110 section 9.3.6.
 */
export async function openTunnel(
  deps: DialDeps,
  way: ProxyWay,
  target: { readonly hostname: string; readonly port: number },
  signal: AbortSignal,
): Promise<Dialled> {
  const opened = await openProxy(deps, way, signal);
  if (opened.kind === "fault") return opened;
  const { socket } = opened;
  const { proxy } = way;
  const authority = `${target.hostname.includes(":") ? `[${target.hostname}]` : target.hostname}:${target.port}`;
  const authorization =
    proxy.authorization === undefined ? "" : `Proxy-Authorization: ${proxy.authorization.reveal()}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`);
  const answer = await readAnswer(deps, socket, proxy.peer, signal);
  if ("kind" in answer) return { kind: "fault", fault: answer };
  if (answer.status >= 200 && answer.status < 300) return opened;
  socket.destroy();
  return { kind: "fault", fault: refusedByProxy(proxy, answer.status, authority) };
}

/** What a proxy is told of who asks, with a request that it forwards. */
export function proxyHeaders(forwarder: ChosenProxy | undefined): string[] {
  return forwarder?.authorization === undefined ? [] : ["proxy-authorization", forwarder.authorization.reveal()];
}

/**
 * Whether a proxy that was asked for a plain HTTP address answers for itself: a refusal or an outage in another form than
 * a registry's, which speaks JSON or names itself.
 */
export function isProxysOwn(answer: { readonly status: number; header(name: string): string | undefined }): boolean {
  if (answer.status === 407) return true;
  if (answer.status !== 403 && answer.status < 500) return false;
  const isJson = (answer.header("content-type") ?? "").toLowerCase().includes("json");
  return !isJson && answer.header("docker-distribution-api-version") === undefined;
}

/** What a proxy's own answer says: other credentials, or that it does not lead there. */
export function refusedByProxy(proxy: ChosenProxy, status: number, target: string): TransportFault {
  if (status === 407) {
    const held = proxy.withheld
      ? "it demands credentials; the node has some that were not shown"
      : proxy.authorization === undefined
        ? "it demands credentials and the node has none for it"
        : "it does not accept the node's credentials";
    return fault("proxy-authentication", `proxy ${proxy.peer}`, held);
  }
  return fault("proxy-refused", `proxy ${proxy.peer}`, `it answers ${status} when asked for ${foreignText(target)}`);
}

async function readAnswer(
  deps: DialDeps,
  socket: Socket,
  peer: string,
  signal: AbortSignal,
): Promise<{ readonly status: number } | TransportFault> {
  let received = Buffer.alloc(0);
  const gather = (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
  };
  socket.on("data", gather);
  let head = -1;
  while (head < 0) {
    const readiness = await whenReady(socket, "data", { clock: deps.clock, ms: answerTimeoutMs }, signal);
    if (readiness.kind === "aborted") return fault("aborted", peer);
    if (readiness.kind !== "ready") return proxyFault(peer, "it does not answer to CONNECT");
    head = received.indexOf("\r\n\r\n");
    if (head < 0 && received.length > maxAnswerBytes) {
      socket.destroy();
      return proxyFault(peer, "its answer to CONNECT does not end");
    }
  }
  socket.off("data", gather);
  socket.pause();
  const status = /^HTTP\/1\.[01] (\d{3})(?: |\r)/.exec(received.toString("latin1", 0, head + 2))?.[1];
  // Before the client has greeted, nobody at the other end of a tunnel has anything to say.
  const isTunnel = status?.startsWith("2") === true;
  if (status === undefined || (isTunnel && received.length > head + 4)) {
    socket.destroy();
    return proxyFault(peer, "it does not answer like an HTTP proxy");
  }
  return { status: Number(status) };
}

function asProxyFault(told: TransportFault): Dialled {
  if (told.kind === "aborted") return { kind: "fault", fault: told };
  return { kind: "fault", fault: fault("proxy-unreachable", "proxy", told.message) };
}

function proxyFault(peer: string, detail: string): TransportFault {
  return fault("proxy-unreachable", `proxy ${peer}`, detail);
}

function unreachable(peer: string, detail: string): Dialled {
  return { kind: "fault", fault: proxyFault(peer, detail) };
}
