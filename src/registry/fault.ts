import { ForbiddenAddressError } from "./address-guard.js";
import type { HeldBack, TransportFault } from "./types.js";

/** How far a request had come when it failed. */
export type FaultPhase = "connect" | "tls" | "headers" | "body";

type PlainKind = Exclude<TransportFault["kind"], "certificate" | "timeout" | "circuit-open">;

const kinds: Readonly<Record<string, PlainKind>> = {
  ENOTFOUND: "name-not-found",
  ENODATA: "name-not-found",
  EAI_AGAIN: "name-lookup-failed",
  ECONNREFUSED: "refused",
  ECONNRESET: "reset",
  ECONNABORTED: "reset",
  EPIPE: "reset",
  UND_ERR_SOCKET: "reset",
  UND_ERR_CLOSED: "reset",
  UND_ERR_DESTROYED: "reset",
  ENETUNREACH: "unreachable",
  EHOSTUNREACH: "unreachable",
  EHOSTDOWN: "unreachable",
  ENETDOWN: "unreachable",
  EADDRNOTAVAIL: "unreachable",
  EACCES: "unreachable",
  EPERM: "unreachable",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "malformed-response",
  HPE_HEADER_OVERFLOW: "response-too-large",
  UND_ERR_HEADERS_OVERFLOW: "response-too-large",
  UND_ERR_RES_EXCEEDED_MAX_SIZE: "response-too-large",
};

const timeouts: Readonly<Record<string, FaultPhase | "now">> = {
  ETIMEDOUT: "now",
  UND_ERR_CONNECT_TIMEOUT: "connect",
  UND_ERR_HEADERS_TIMEOUT: "headers",
  UND_ERR_BODY_TIMEOUT: "body",
};

const words: Readonly<Record<PlainKind, string>> = {
  "plain-http": "the server speaks plain HTTP where TLS was expected",
  "tls-version": "the server offers no TLS version from 1.2 up",
  "client-certificate-required": "the server demands a client certificate that it accepts",
  "tls-handshake": "the TLS handshake failed",
  "name-not-found": "no such host",
  "name-lookup-failed": "the name could not be looked up",
  refused: "connection refused",
  reset: "the connection was closed before the answer was complete",
  unreachable: "the address cannot be reached",
  "malformed-response": "the answer is not valid HTTP",
  "response-too-large": "the answer's header is too large",
  "redirect-refused": "the redirect cannot be followed",
  "proxy-unreachable": "the proxy cannot be reached",
  "proxy-authentication": "the proxy demands other credentials",
  "proxy-refused": "the proxy refuses to lead there",
  "address-forbidden": "the address is one that Pullguard does not dial",
  "over-budget": "too many requests wait for it already",
  paused: "it asked to be left alone for a while",
  aborted: "no answer within the time allowed",
};

// OpenSSL 3.0 (Node 20) writes SSLV3_ALERT_…, OpenSSL 3.2 and later (Node 24) SSL/TLS_ALERT_… for the same alert.
const alertCode = /^ERR_SSL_(?:SSL\/TLS|SSLV3|TLSV13|TLSV1|TLS)_ALERT_(.+)$/;
const versionCodes = new Set(["UNSUPPORTED_PROTOCOL", "VERSION_TOO_LOW", "WRONG_SSL_VERSION", "UNKNOWN_PROTOCOL"]);
const clientCertificateAlerts = new Set([
  "CERTIFICATE_REQUIRED",
  "NO_CERTIFICATE",
  "BAD_CERTIFICATE",
  "UNSUPPORTED_CERTIFICATE",
  "CERTIFICATE_REVOKED",
  "CERTIFICATE_EXPIRED",
  "CERTIFICATE_UNKNOWN",
  "UNKNOWN_CA",
  "ACCESS_DENIED",
]);

/** The stable code of whatever was thrown; of several connection attempts, the one that says most. "" for none. */
export function errorCode(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const attempts = "errors" in error && Array.isArray(error.errors) ? error.errors.map(errorCode) : [];
  const telling = ["ECONNREFUSED", "ETIMEDOUT", ...attempts].find((code) => attempts.includes(code));
  if (telling !== undefined && telling !== "") return telling;
  return "code" in error && typeof error.code === "string" ? error.code : "";
}

/** A fault in words: `peer: what happened`. */
export function fault(kind: PlainKind, peer: string, detail?: string): TransportFault {
  return { kind, message: `${peer}: ${detail ?? words[kind]}` } as TransportFault;
}

/** Whether Pullguard held the request back itself: nothing was asked, so nothing was learnt. */
export function isHeldBack(told: TransportFault): told is HeldBack {
  return told.kind === "circuit-open" || told.kind === "over-budget" || told.kind === "paused";
}

/** A time limit that passed. `phase` says what was being waited for. */
export function timeoutFault(phase: FaultPhase, peer: string): TransportFault {
  const waiting = { connect: "a connection", tls: "the TLS handshake", headers: "an answer", body: "the body" }[phase];
  return { kind: "timeout", phase, message: `${peer}: timed out waiting for ${waiting}` };
}

/**
 * Turns what Node or undici threw into a fault, by code alone: texts change between releases. An unknown code becomes
 * the fault of its phase and is named in the message.
 */
export function classifyError(error: unknown, phase: FaultPhase, peer: string): TransportFault {
  if (error instanceof ForbiddenAddressError) return fault("address-forbidden", peer, error.message);
  const code = errorCode(error);
  const timeout = timeouts[code];
  if (timeout !== undefined) return timeoutFault(timeout === "now" ? phase : timeout, peer);
  const kind = kinds[code] ?? familyKind(code);
  if (kind !== undefined) return fault(kind, peer, `${words[kind]} (${code})`);
  const byPhase = {
    connect: "unreachable",
    tls: "tls-handshake",
    headers: "malformed-response",
    body: "reset",
  } as const;
  return fault(byPhase[phase], peer, `${words[byPhase[phase]]} (${code === "" ? "no code" : code})`);
}

function familyKind(code: string): PlainKind | undefined {
  if (code.startsWith("HPE_")) return "malformed-response";
  if (code.startsWith("EAI_")) return "name-lookup-failed";
  if (!code.startsWith("ERR_SSL_")) return undefined;
  const alert = alertCode.exec(code)?.[1];
  if (alert === "PROTOCOL_VERSION") return "tls-version";
  if (alert !== undefined) return clientCertificateAlerts.has(alert) ? "client-certificate-required" : "tls-handshake";
  return versionCodes.has(code.slice("ERR_SSL_".length)) ? "tls-version" : "tls-handshake";
}

/** Whether a handshake failed because the first bytes were no TLS record that OpenSSL could read. */
export function repliedOutsideTls(error: unknown): boolean {
  const code = errorCode(error);
  if (code === "EPROTO") return true;
  return code.startsWith("ERR_SSL_") && !alertCode.test(code) && !versionCodes.has(code.slice("ERR_SSL_".length));
}
