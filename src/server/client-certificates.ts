import type { Socket } from "node:net";

/** Port: the CAs whose clients may ask for reviews, PEM, and word of every later bundle. */
export interface ClientAuthoritySource {
  current(): string;
  /** @returns stops the telling */
  onChange(listener: (caPem: string) => void): () => void;
}

/** Why whoever is at the other end of a connection may not ask for reviews; undefined where it may. */
export type CallerCheck = (socket: Socket) => string | undefined;

/** What node:tls tells of a connection whose client was asked for a certificate. */
interface VerifiedSocket extends Socket {
  readonly authorized?: boolean;
  readonly authorizationError?: unknown;
  getPeerCertificate?(): { readonly subject?: { readonly CN?: unknown }; readonly subjectaltname?: string };
}

/**
 * Checks the client's certificate: signed by one of the CAs that the server was given, valid at the handshake, and of one of
 * `names` (common name or any alternative name, as written) where there are any. Each connection is looked at once.
 */
export function createCallerCheck(names: readonly string[]): CallerCheck {
  const known = new WeakMap<Socket, string | typeof allowed>();
  return (socket) => {
    let verdict = known.get(socket);
    if (verdict === undefined) {
      verdict = refusalOf(socket, names) ?? allowed;
      known.set(socket, verdict);
    }
    return verdict === allowed ? undefined : verdict;
  };
}

const allowed = Symbol("allowed");

function refusalOf(socket: VerifiedSocket, names: readonly string[]): string | undefined {
  const certificate = socket.getPeerCertificate?.();
  if (certificate?.subject === undefined) return "a client certificate is needed here, and none was shown";
  if (socket.authorized !== true) return `the client certificate is not accepted: ${codeOf(socket.authorizationError)}`;
  if (names.length === 0) return undefined;
  const { CN } = certificate.subject;
  const own = [...(Array.isArray(CN) ? CN : [CN]), ...alternativeNames(certificate.subjectaltname ?? "")];
  return names.some((name) => own.includes(name)) ? undefined : "the client certificate is of another name";
}

/** `CERT_HAS_EXPIRED` and the like. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : error;
  return typeof code === "string" && /^\w{1,60}$/.test(code) ? code : "it was not verified";
}

/**
 * The names of a text such as `DNS:a.test, URI:"x, DNS:y"`. Names with separators in them are quoted as JSON.
 * Source: Node.js lib/_tls_common.js and src/crypto/crypto_common.cc `PrintGeneralName`
 */
function alternativeNames(text: string): readonly string[] {
  const found: string[] = [];
  for (const [, quoted, plain] of text.matchAll(/(?:^|, )[A-Za-z ]+:(?:("(?:[^"\\]|\\.)*")|([^,"]*))(?=, |$)/g)) {
    found.push(quoted === undefined ? (plain ?? "") : unquoted(quoted));
  }
  return found;
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}
