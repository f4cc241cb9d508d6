import type { Express, Request, Response } from "express";
import { pageHeaders } from "../html/index.js";
import { methodNotAllowed } from "./answers.js";

/** Who asks. `isLocal`: somebody in this very Pod or machine, which includes those who come by `kubectl port-forward`. */
export interface StatusReader {
  readonly isLocal: boolean;
}

/** Port: what there is to tell. */
export interface StatusSource {
  page(reader: StatusReader): string;
  json(reader: StatusReader): object;
}

const jsonHeaders = {
  "content-type": "application/json",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

/** `GET /statusz`: a page for people, JSON for those who would rather have that; and `GET /statusz.json`. */
export function addStatus(app: Express, source: StatusSource): void {
  const sendPage = (req: Request, res: Response): void => send(res, pageHeaders, source.page(readerOf(req)));
  const sendJson = (req: Request, res: Response): void => {
    send(res, jsonHeaders, `${JSON.stringify(source.json(readerOf(req)), undefined, 2)}\n`);
  };
  app
    .route("/statusz")
    .get((req, res) => {
      res.setHeader("vary", "accept");
      if (req.accepts(["html", "json"]) === "json") sendJson(req, res);
      else sendPage(req, res);
    })
    .all(methodNotAllowed("GET"));
  app.route("/statusz.json").get(sendJson).all(methodNotAllowed("GET"));
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
