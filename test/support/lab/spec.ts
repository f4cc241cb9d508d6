import type { Content } from "./images.js";

/** Who signed a registry's certificate and for whom. Registries with the same kind share the authority. */
export type Transport =
  | { readonly kind: "http" }
  /** Signed by the authority that nodes may know (`lab-ca.pem`), for the host's own name unless `names` says otherwise. */
  | { readonly kind: "trusted"; readonly names?: readonly string[]; readonly validity?: "expired" | "not-yet" }
  /** Signed by an authority that no node knows. */
  | { readonly kind: "stranger" }
  | { readonly kind: "self-signed" }
  /** The name resolves and nothing listens. */
  | { readonly kind: "nothing-listens" };

/** How a registry asks for a user. `weird` challenges with `Negotiate`; the only right user is {@link labUser}. */
export type Auth = "none" | "basic" | "bearer" | "weird";

/** One way in which a registry differs from a sound one; several may be combined. */
export type Behaviour =
  /** The token endpoint gives tokens to nobody in particular as well; wrong passwords still get 401. */
  | { readonly kind: "anonymous-tokens" }
  /** Repositories outside these prefixes get 401 whatever the token says; `error` is repeated in the challenge. */
  | { readonly kind: "hidden"; readonly visible: readonly string[]; readonly error?: "insufficient_scope" }
  /** 403 DENIED, after authorization if the registry asks for any. */
  | { readonly kind: "forbidden" }
  | { readonly kind: "head-405" }
  | { readonly kind: "no-digest-header" }
  /** A manifest asked for by digest comes with the bytes of another one. */
  | { readonly kind: "wrong-manifest-bytes" }
  /** The Docker-Content-Digest header is this text instead of the truth. */
  | { readonly kind: "digest-header"; readonly value: string }
  | { readonly kind: "flipped-layers" }
  | { readonly kind: "missing-layers" }
  /** Layers (and configs) are redirected to `<to>/cdn/<digest>`. */
  | { readonly kind: "blob-redirect"; readonly to: string }
  /** Manifests are redirected to `<to><same path>`. */
  | { readonly kind: "manifest-redirect"; readonly to: string; readonly status?: number }
  /** Every request gets this status. */
  | { readonly kind: "status"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Only the first `times` manifest requests get this status. */
  | { readonly kind: "status-at-first"; readonly status: number; readonly times: number }
  /** Requests with one of these methods get this status on manifests. */
  | { readonly kind: "method-status"; readonly method: "HEAD" | "GET"; readonly status: number }
  /** TCP and TLS are accepted, no request is ever answered. */
  | { readonly kind: "hang" }
  /** Manifest headers arrive, the body never does. */
  | { readonly kind: "hang-in-body" }
  /** TCP is accepted and no byte is ever sent, so a TLS handshake never ends. */
  | { readonly kind: "hang-in-handshake" }
  /** Connections are closed by the server as soon as a request arrives. */
  | { readonly kind: "reset" }
  /** Requests for blobs with this method get this status. */
  | { readonly kind: "blob-method-status"; readonly method: "HEAD" | "GET"; readonly status: number }
  /** The connection is closed after so many bytes of a layer, at each of the first `times` requests for one. */
  | { readonly kind: "cut-layers"; readonly afterBytes: number; readonly times: number }
  /** Every request for a part of a blob is answered with all of it. */
  | { readonly kind: "no-ranges" }
  /** Layers arrive this slowly. */
  | { readonly kind: "drip"; readonly bytesPerSecond: number }
  /** The API is found under this path instead of `/v2`. */
  | { readonly kind: "path-prefix"; readonly path: string }
  /** The realm named in Bearer challenges, a full URL. */
  | { readonly kind: "realm"; readonly url: string }
  /** The challenge names no realm at all. */
  | { readonly kind: "no-realm" }
  /** What the token endpoint does. `html`: 200 with a page; `empty`: 200 `{}`; `insist`: 401 Basic until a password comes. */
  | { readonly kind: "token-answer"; readonly answer: "html" | "empty" | "insist" | { readonly status: number } }
  /** POST at the token endpoint; without this it gets 405. `token-only` names the token `token`, not `access_token`. */
  | { readonly kind: "token-post"; readonly answer: "access-token" | "token-only" | { readonly status: number } }
  | { readonly kind: "endless-headers" }
  /** Manifest bodies never end; the Content-Length is missing. */
  | { readonly kind: "endless-body" }
  /** Every request is redirected to itself. */
  | { readonly kind: "redirect-loop" }
  /** Added before every answer. */
  | { readonly kind: "delay"; readonly delayMs: number }
  /** Challenge headers sent instead of the usual one, one header line each; `{realm}` is the token endpoint. */
  | { readonly kind: "challenges"; readonly lines: readonly string[] }
  /** The TLS handshake fails without a client certificate of the authority that nodes may know. */
  | { readonly kind: "needs-client-certificate" }
  /** Only plain requests with this header are answered, others get 403. */
  | { readonly kind: "needs-header"; readonly name: string; readonly value: string }
  /** Manifests are sent without Content-Type, or with this one. */
  | { readonly kind: "content-type"; readonly value: string | null };

/** One registry of a laboratory. */
export interface RegistrySpec {
  /** A name under `.test`, `localhost` or an address of 127.0.0.0/8 (then literally dialled). */
  readonly host: string;
  /** The port that nodes dial. */
  readonly port: number;
  readonly transport: Transport;
  readonly auth?: Auth;
  readonly behaviours?: readonly Behaviour[];
  /**
   * Files of the node's certs.d folder for this registry, by file name; `{ca}` in a body becomes the PEM of the
   * authority that nodes may know. Absent: the folder does not exist.
   */
  readonly node?: Readonly<Record<string, string>>;
  /** Serves these repositories and no others. */
  readonly content?: Content;
  /** Serves the same bytes as that host; without it every host's images differ. */
  readonly contentOf?: string;
}

/** The one user that registries of a laboratory know. */
export const labUser = { username: "robot", password: "s3cret-pass" } as const;

/** `host:port` as a node writes it: the port is left out where it is the scheme's own (443). */
export function addressOf(spec: { readonly host: string; readonly port: number }): string {
  return spec.port === 443 ? spec.host : `${spec.host}:${spec.port}`;
}

/** The base URL of a registry, without path. */
export function originOf(spec: RegistrySpec): string {
  if (spec.transport.kind === "http") {
    return spec.port === 80 ? `http://${spec.host}` : `http://${spec.host}:${spec.port}`;
  }
  return `https://${addressOf(spec)}`;
}

/** The first behaviour of one kind. */
export function behaviourOf<K extends Behaviour["kind"]>(
  spec: RegistrySpec,
  kind: K,
): Extract<Behaviour, { kind: K }> | undefined {
  const found = (spec.behaviours ?? []).find((behaviour) => behaviour.kind === kind);
  return found as Extract<Behaviour, { kind: K }> | undefined;
}
