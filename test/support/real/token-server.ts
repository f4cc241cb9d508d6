import { sign, X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { IssuedCertificate } from "../authority.js";

/** One access that a token may grant: `team/app` and `pull`. */
export interface TokenAccess {
  readonly repository: string;
  readonly actions: readonly string[];
}

export interface TokenServerSpec {
  /** For the name `localhost`; its EC key signs the tokens too. */
  readonly certificate: IssuedCertificate;
  readonly service: string;
  readonly issuer: string;
  readonly user: { readonly username: string; readonly password: string };
  /** Repositories that the user may pull. Tokens for others are given out and grant nothing. */
  readonly readable: readonly string[];
}

/** A token server for distribution's registry, on 127.0.0.1 over TLS. */
export interface TokenServer {
  readonly realm: string;
  /** A token that the registry accepts. */
  make(access: readonly TokenAccess[]): string;
  /** Method and scopes of every token request so far. */
  readonly asked: readonly string[];
  stop(): Promise<void>;
}

/** Starts the server. Source: distribution docs "Token Authentication Specification", "OAuth 2" and "JWT". */
export async function startTokenServer(spec: TokenServerSpec): Promise<TokenServer> {
  const asked: string[] = [];
  const { keyPem, chainPem } = spec.certificate;
  const server = createServer({ key: keyPem, cert: chainPem }, (request, response) => {
    void readRequest(request).then(({ user, scopes }) => {
      asked.push(`${request.method} ${scopes.join(" ")}`);
      const isKnown = user.username === spec.user.username && user.password === spec.user.password;
      const access = scopes.flatMap((scope) => granted(scope, spec.readable));
      const token = makeToken(spec, access);
      const body = isKnown ? { token, access_token: token, expires_in: 300 } : { errors: [{ code: "UNAUTHORIZED" }] };
      response.writeHead(isKnown ? 200 : 401, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    realm: `https://localhost:${port}/token`,
    make: (access) => makeToken(spec, access),
    asked,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface TokenRequest {
  readonly user: { readonly username: string; readonly password: string };
  readonly scopes: readonly string[];
}

/** GET takes the user from a Basic header, POST from its form. */
async function readRequest(request: IncomingMessage): Promise<TokenRequest> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  if (request.method === "POST") {
    const form = new URLSearchParams(text);
    const user = { username: form.get("username") ?? "", password: form.get("password") ?? "" };
    return { user, scopes: (form.get("scope") ?? "").split(" ").filter((scope) => scope !== "") };
  }
  const [, basic = ""] = /^Basic (.*)$/.exec(request.headers.authorization ?? "") ?? [];
  const [username = "", password = ""] = Buffer.from(basic, "base64").toString().split(":");
  const url = new URL(request.url ?? "/", "https://localhost");
  return { user: { username, password }, scopes: url.searchParams.getAll("scope") };
}

function granted(scope: string, readable: readonly string[]): readonly TokenAccess[] {
  const [type, repository = "", actions = ""] = scope.split(":");
  if (type !== "repository" || !readable.includes(repository)) return [];
  return [{ repository, actions: actions.split(",").filter((action) => action === "pull") }];
}

/** A JWT signed with ES256; distribution 2.8 finds the key by the certificate in `x5c`. */
function makeToken(spec: TokenServerSpec, access: readonly TokenAccess[]): string {
  const certificate = new X509Certificate(spec.certificate.certificatePem);
  const header = { typ: "JWT", alg: "ES256", x5c: [certificate.raw.toString("base64")] };
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: spec.issuer,
    sub: spec.user.username,
    aud: spec.service,
    iat: now,
    nbf: now - 60,
    exp: now + 300,
    jti: "1",
    access: access.map(({ repository, actions }) => ({ type: "repository", name: repository, actions })),
  };
  const payload = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = sign("sha256", Buffer.from(payload), {
    key: spec.certificate.keyPem,
    dsaEncoding: "ieee-p1363",
  });
  return `${payload}.${signature.toString("base64url")}`;
}
