import type { ServerResponse } from "node:http";
import type { ErrorRequestHandler, RequestHandler } from "express";
import { PullguardError } from "../core/index.js";

/** Sends JSON as it is: no ETag, no charset negotiation. */
export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  res.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  res.end(text);
}

/**
 * Answers a Kubernetes `Status`, the one shape of everything that is no AdmissionReview. Of a webhook's refusal an API server shows
 * people the message only where it comes so, and "unknown" where it does not.
 * Source: k8s.io/apimachinery meta/v1 `Status`; client-go rest `Result.Error`, by which API servers read it.
 * @param reason  stable, for programs
 */
export function sendError(res: ServerResponse, code: number, reason: string, message: string): void {
  sendJson(res, code, { kind: "Status", apiVersion: "v1", status: "Failure", message, reason, code });
}

/** For a path that exists, asked with the wrong method. */
export function methodNotAllowed(allow: string): RequestHandler {
  return (req, res) => {
    res.setHeader("allow", allow);
    sendError(res, 405, "MethodNotAllowed", `${req.method} is not supported here, use ${allow}`);
  };
}

/** The last handler: no such path. */
export const notFound: RequestHandler = (_req, res) => {
  sendError(res, 404, "NotFound", "there is nothing at this path");
};

/** The last handler of errors: see {@link answerError}. */
export function errorAnswers(onFault: (error: unknown) => void): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (error: unknown, _req, res, _next) => answerError(error, res, onFault);
}

/**
 * Turns whatever a handler threw into a JSON error without stack or quoted input. Only what is no fault of the caller's
 * goes to `onFault`.
 */
export function answerError(error: unknown, res: ServerResponse, onFault: (error: unknown) => void): void {
  const refusal = refusalOf(error);
  if (refusal === undefined) {
    onFault(error);
  }
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  const { status, code, message } = refusal ?? { status: 500, code: "InternalError", message: "internal fault" };
  sendError(res, status, code, message);
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof PullguardError && error.code === "ReviewInvalid") {
    return { status: 400, code: error.code, message: error.message };
  }
  // The router decodes paths.
  return error instanceof URIError
    ? { status: 400, code: "BadRequest", message: "the path cannot be decoded" }
    : undefined;
}
