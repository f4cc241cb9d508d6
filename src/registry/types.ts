import type { RegistryCredential } from "../credentials/index.js";
import type { RegistryHost } from "../node/index.js";
import type { Challenge } from "./challenge.js";
import type { RateLimitReading } from "./ratelimit.js";

/**
 * Why no HTTP answer came. The texts in `message` name host and reason, never a credential.
 * `chain` of `certificate` faults: what the peer served, leaf first.
 */
export type TransportFault =
  | { readonly kind: "plain-http"; readonly message: string }
  | {
      readonly kind: "certificate";
      readonly reason:
        | "unknown-authority"
        | "self-signed"
        | "expired"
        | "not-yet-valid"
        | "wrong-name"
        | "no-subject-alternative-name"
        | "other";
      readonly message: string;
      readonly served?: ServedCertificate;
      readonly chain?: readonly ServedCertificate[];
    }
  | { readonly kind: "tls-version" | "client-certificate-required" | "tls-handshake"; readonly message: string }
  | { readonly kind: "name-not-found" | "name-lookup-failed"; readonly message: string }
  | { readonly kind: "refused" | "reset" | "unreachable"; readonly message: string }
  | { readonly kind: "timeout"; readonly phase: "connect" | "tls" | "headers" | "body"; readonly message: string }
  | { readonly kind: "malformed-response" | "response-too-large" | "redirect-refused"; readonly message: string }
  /** The proxy on the way, not the registry: it cannot be reached, wants other credentials, or will not lead there. */
  | { readonly kind: "proxy-unreachable" | "proxy-authentication" | "proxy-refused"; readonly message: string }
  /** Pullguard does not dial this address, whatever a node would do. */
  | { readonly kind: "address-forbidden"; readonly message: string }
  | HeldBack
  | { readonly kind: "aborted"; readonly message: string };

/**
 * Pullguard did not ask, to spare a registry or itself, which says nothing about the image. `circuit-open`: there was no
 * answer several times in a row, `last` was the reason; `over-budget`: too many requests wait for it already; `paused`: it
 * asked to be left alone for a while.
 */
export type HeldBack =
  | {
      readonly kind: "circuit-open";
      readonly message: string;
      readonly last: { readonly kind: string; readonly phase?: "connect" | "tls" | "headers" | "body" };
    }
  | { readonly kind: "over-budget" | "paused"; readonly message: string };

/**
 * A certificate as served, the leaf or one after it; `fingerprint256` is the SHA-256 over DER, colon-separated upper-case
 * hex; `pem` is cleanly written PEM; `selfIssued` where subject and issuer are the same.
 */
export interface ServedCertificate {
  readonly subject: string;
  readonly issuer: string;
  readonly fingerprint256: string;
  readonly validFrom: string;
  readonly validTo: string;
  readonly names: readonly string[];
  readonly isAuthority: boolean;
  readonly selfIssued: boolean;
  readonly pem: string;
}

/** Why authorization failed before or instead of a final answer. */
export type AuthRefusal =
  | { readonly kind: "no-credentials"; readonly scheme: "basic" }
  | { readonly kind: "insufficient-scope"; readonly serverMessage: string; readonly anonymous: boolean }
  | { readonly kind: "token-status"; readonly realm: string; readonly status: number; readonly anonymous: boolean }
  | {
      readonly kind: "token-fault";
      readonly realm: string;
      readonly fault: TransportFault;
      readonly anonymous: boolean;
    }
  | { readonly kind: "token-unreadable" | "token-absent"; readonly realm: string; readonly anonymous: boolean }
  | { readonly kind: "realm-missing" | "realm-refused"; readonly message: string };

/** An HTTP answer after redirects, retries and authorization. Sizes in bytes. */
export interface RegistryResponse {
  readonly kind: "response";
  /** Without query values that could carry a token. */
  readonly url: string;
  readonly method: "HEAD" | "GET";
  readonly status: number;
  /** Content-Type cut at `;`, not trimmed or folded otherwise (as containerd). "" when absent. */
  readonly mediaType: string;
  readonly contentLength?: number;
  readonly contentRange?: ContentRange;
  /** Docker-Content-Digest as sent. */
  readonly digestHeader?: string;
  readonly retryAfterSeconds?: number;
  /** What the registry said of the pulls that are left. */
  readonly rateLimit?: RateLimitReading;
  /** Present when asked for; at most the bytes asked for. */
  readonly body?: Uint8Array;
  /** Errors of the distribution spec's JSON body, when one was read. */
  readonly errors: readonly { readonly code: string; readonly message: string }[];
  /** What the last request carried. */
  readonly authorization: "none" | "basic" | "bearer";
  /** Schemes the registry offered on a final 401, lower case. */
  readonly challenges: readonly string[];
  /** What a `ping` of {@link ExchangeRequest.authorize} learnt. */
  readonly ping?: PingResult;
}

/** What a registry wants under one address, as it said when it was asked for `/v2/` without authorization. */
export interface PingResult {
  /** Where the answer came from in the end, without query: `https://registry.test/v2/`. */
  readonly place: string;
  /** Understood challenges in the order sent, whatever the status. */
  readonly challenges: readonly Challenge[];
}

/** How a runtime asks for tokens, and what it takes for one. */
export interface TokenRules {
  /** `post`: a form where there is an account, GET where the server knows no POST; `get`: always GET, with the user's name. */
  readonly method: "post" | "get";
  /** Which answers count as a success. */
  readonly success: "below-400" | "200";
  /** Which member of a GET's answer counts where it has both. */
  readonly prefers: "access_token" | "token";
  /** An answer without a token: no success, or an empty token. */
  readonly withoutToken: "absent" | "empty";
}

/** How a runtime that has asked `/v2/` answers the challenges that it got there. */
export interface AnsweringRules {
  /** `all`: a token and then the password, the last of them being sent; `first`: the first challenge sent decides. */
  readonly answers: "all" | "first";
  /** `pinged`: below the place that answered the ping; `asked`: with the request, and nowhere that it is redirected to. */
  readonly where: "pinged" | "asked";
  /** What Basic without an account leads to. */
  readonly nameless: "refused" | "empty";
  /** Whether a scope that a 401 says is missing is asked for, once. */
  readonly addsMissingScope: boolean;
  readonly tokens: TokenRules;
}

/**
 * For runtimes that do not learn from the answer to a request what to authorize it with, but ask `/v2/` beforehand.
 * `ping`: send as it is and tell what was asked for. Otherwise: answer what the ping told, by these rules; no request is
 * repeated whatever its status, except for a missing scope.
 */
export type Authorize = "ping" | { readonly ping: PingResult; readonly rules: AnsweringRules };

export type Exchange =
  | RegistryResponse
  | { readonly kind: "refused"; readonly url: string; readonly refusal: AuthRefusal }
  | { readonly kind: "fault"; readonly url: string; readonly fault: TransportFault };

/** Retry limits of the runtime that is imitated. Source: pull-semantics, "Per-host retry". */
export interface RetryRules {
  /** Requests for one operation on one host, authorization retries included (6 up to containerd 2.2, then 5). */
  readonly maxRequests: number;
  /** 500, 503, 504 repeated once on the last host (2.1+). */
  readonly serverErrorsOnLastHost: boolean;
}

/**
 * Where a body goes chunk by chunk instead of into memory. `begin` is asked at every answer of 200 or 206; `false` leaves
 * its body unread. A write that returns a promise holds the connection back until it resolves. After that the memory of
 * the chunk is used for others: what is to be kept is copied.
 */
export interface BodySink {
  begin(answer: BodyStart): boolean;
  write(chunk: Uint8Array): Promise<void> | undefined;
}

/** What is known of a body before its first byte; sizes in bytes. */
export interface BodyStart {
  readonly status: number;
  /** Absent for chunked bodies. */
  readonly contentLength?: number;
  readonly contentRange?: ContentRange;
  /** "" where the body is sent as it is. */
  readonly contentEncoding: string;
}

/** `bytes first-last/total` of an answer, both ends included; `total` absent where the registry does not know it. */
export interface ContentRange {
  readonly first: number;
  readonly last: number;
  readonly total?: number;
}

export interface ExchangeRequest {
  readonly host: RegistryHost;
  /** HEAD becomes GET where the registry answers 405 to a manifest HEAD. */
  readonly method: "HEAD" | "GET";
  /** Repository of the reference, for the path and the token's scope. */
  readonly repository: string;
  /** `manifests/v1`, `blobs/sha256:…`, `tags/list?n=100`. */
  readonly endpoint: string;
  readonly accept: readonly string[];
  /** 0: headers only. A larger body is cut here, so ask for one byte more than is acceptable. */
  readonly maxBodyBytes: number;
  /** First and last byte wanted, `last` absent: to the end. Registries may answer with everything all the same. */
  readonly range?: { readonly first: number; readonly last?: number };
  /** Takes the body of a success; `maxBodyBytes` does not count then. */
  readonly sink?: BodySink;
  readonly isLastHost: boolean;
  readonly retry: RetryRules;
  /** Absent: each 401 says what to do, as containerd has it. */
  readonly authorize?: Authorize;
  /**
   * Sent before its time, to have the answer at hand; nothing is concluded from a failure. It may lean on what other
   * repositories of the host wanted, and what it learns is not remembered.
   */
  readonly ahead?: true;
}

/** One identity's view of registries during one check. Tokens are shared by identity, realm, service and scope only. */
export interface RegistrySession {
  exchange(request: ExchangeRequest, signal: AbortSignal): Promise<Exchange>;
}

/**
 * How one registry, token server or store of blobs fares; several ways to it (trust, proxies) are one line, the worst of
 * them told. Times are milliseconds since the Unix epoch.
 */
export interface RegistryHealth {
  /** `host[:port]` as in a URL. */
  readonly registry: string;
  readonly state: "closed" | "open" | "half-open";
  /** Requests under way, and those that wait for one of the places. */
  readonly inFlight: number;
  readonly queued: number;
  readonly consecutiveFailures: number;
  readonly lastFaultKind?: TransportFault["kind"];
  readonly lastSuccessMs?: number;
  /** When it is asked again, where the circuit is open. */
  readonly retryAtMs?: number;
  /** Until when it asked at least one sender to wait. */
  readonly pausedUntilMs?: number;
}

/** The only thing in this project that dials registries. */
export interface RegistryClient {
  /** @param credential undefined: anonymous */
  session(credential: RegistryCredential | undefined): RegistrySession;
  /** How registries fare, those that ever answered first, then the newest; at most 200. Empty where nothing is limited. */
  health(): readonly RegistryHealth[];
  /** Closes pooled connections. */
  close(): Promise<void>;
}
