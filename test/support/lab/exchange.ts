import type { IncomingMessage, ServerResponse } from "node:http";
import type { Content } from "./images.js";
import type { RegistrySpec } from "./spec.js";
import type { TokenMint } from "./token-mint.js";

/** What one registry's handlers share. `blobAnywhere` looks through every registry of the laboratory (for CDNs). */
export interface RegistryContext {
  readonly spec: RegistrySpec;
  readonly content: () => Content;
  readonly tokens: TokenMint;
  readonly blobAnywhere: (digest: string) => Buffer | undefined;
  /** Who signs the client certificates that a registry accepts. */
  readonly clientAuthorityPem: string;
  /** How often a manifest was asked for, and how often a layer was cut short, so far. */
  readonly counts: { manifests: number; cuts: number };
}

/** One request with the answer under way. */
export interface LabExchange {
  readonly context: RegistryContext;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

/** Proof that a handler has dealt with its request: every path of a handler must come by one. */
export type Handled = "handled";

type Headers = Readonly<Record<string, string | number | readonly string[]>>;

/** Ends the answer with a status, headers and bytes; a HEAD gets the same headers and no bytes. */
export function answer(exchange: LabExchange, status: number, headers: Headers, body: Buffer | string = ""): Handled {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const { response, request } = exchange;
  response.statusCode = status;
  for (const [name, value] of Object.entries({ "content-length": bytes.length, ...headers })) {
    response.setHeader(name, value as string | number | string[]);
  }
  response.end(request.method === "HEAD" ? undefined : bytes);
  return "handled";
}

/** A JSON error as the distribution spec has it. Source: distribution-spec, "Error Codes". */
export function refuse(
  exchange: LabExchange,
  status: number,
  code: string,
  message: string,
  headers: Headers = {},
): Handled {
  const body = JSON.stringify({ errors: [{ code, message, detail: null }] });
  return answer(exchange, status, { "content-type": "application/json", ...headers }, body);
}
