import type { Express, Request, Response } from "express";
import { pageHeaders } from "../html/index.js";
import { methodNotAllowed, sendError } from "./answers.js";

/** Who asks. `isLocal`: somebody in this very Pod or machine, which includes those who come by `kubectl port-forward`. */
export interface StatusReader {
  readonly isLocal: boolean;
}

/** Port: what there is to tell. */
export interface StatusSource {
  page(reader: StatusReader): string;
  json(reader: StatusReader): object;
  /** Why this reader may not see it; undefined for all others. */
  refusal?(reader: StatusReader): string | undefined;
}

const jsonHeaders = {
  "content-type": "application/json",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

/** `GET PATH`: a page for people, JSON for those who would rather have that; and `GET PATH.json`. */
export function addStatus(app: Express, path: "/statusz" | "/audit", source: StatusSource): void {
  const answered = (answer: (reader: StatusReader, res: Response) => void) => (req: Request, res: Response) => {
    const reader = readerOf(req);
    const refusal = source.refusal?.(reader);
    if (refusal === undefined) answer(reader, res);
    else sendError(res, 403, "Forbidden", refusal);
  };
  const sendPage = answered((reader, res) => send(res, pageHeaders, source.page(reader)));
  const sendJson = answered((reader, res) =>
    send(res, jsonHeaders, `${JSON.stringify(source.json(reader), undefined, 2)}\n`),
  );
  app
    .route(path)
    .get((req, res) => {
      res.setHeader("vary", "accept");
      if (req.accepts(["html", "json"]) === "json") sendJson(req, res);
      else sendPage(req, res);
    })
    .all(methodNotAllowed("GET"));
  app.route(`${path}.json`).get(sendJson).all(methodNotAllowed("GET"));
}

function send(res: Response, headers: Readonly<Record<string, string>>, text: string): void {
  res.writeHead(200, { ...headers, "content-length": Buffer.byteLength(text) });
  res.end(text);
}

/**
 * The address alone would not do: a sidecar hands requests of others on from the loopback address, and a page of somebody
 * else's may have a browser ask under a name that leads here. Neither comes with a local name in `Host`.
 */
function readerOf({ socket, headers }: Request): StatusReader {
  const address = socket.remoteAddress ?? "";
  const isLoopback = address === "::1" || /^(?:::ffff:)?127\./.test(address);
  return { isLocal: isLoopback && /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i.test(headers.host ?? "") };
}
