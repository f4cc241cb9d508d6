import { createServer as createHttp, type IncomingMessage, type ServerResponse, request as sendHttp } from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { IssuedCertificate } from "../support/authority.js";

/** How a proxy behaves; by default it leads everybody to the names it knows. */
export interface ProxySpec {
  /** Where names lead; others are answered by 502. */
  readonly ports: Readonly<Record<string, number>>;
  /** `Basic …` that it demands. */
  readonly authorization?: string;
  /** What it answers instead of leading anywhere. */
  readonly status?: number;
  /** TLS towards clients. */
  readonly certificate?: IssuedCertificate;
}

/** A forward proxy on 127.0.0.1; `lines`: `CONNECT host:port` and `GET http://…`, with the scheme of Proxy-Authorization. */
export interface LoopbackProxy {
  readonly port: number;
  readonly lines: string[];
  close(): Promise<void>;
}

export async function listenProxy(spec: ProxySpec): Promise<LoopbackProxy> {
  const lines: string[] = [];
  const sockets = new Set<Duplex>();
  const verdict = (request: IncomingMessage): number => {
    const authorization = request.headers["proxy-authorization"];
    const scheme = authorization === undefined ? "" : ` ${authorization.split(" ", 1)[0]}`;
    lines.push(`${request.method} ${request.url}${scheme}`);
    if (spec.authorization !== undefined && authorization !== spec.authorization) return 407;
    return spec.status ?? 200;
  };
  const forward = (request: IncomingMessage, response: ServerResponse): void => {
    const status = verdict(request);
    const url = new URL(request.url ?? "", "http://no-absolute-form.test");
    const port = spec.ports[url.hostname];
    if (status !== 200 || port === undefined) {
      response.writeHead(status === 200 ? 502 : status, { "content-type": "text/html" }).end();
      return;
    }
    const { "proxy-authorization": _own, ...headers } = request.headers;
    const onward = { host: "127.0.0.1", port, path: url.pathname + url.search, method: request.method, headers };
    request.pipe(
      sendHttp(onward, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      }),
    );
  };
  const server =
    spec.certificate === undefined
      ? createHttp(forward)
      : createHttps({ cert: spec.certificate.chainPem, key: spec.certificate.keyPem }, forward);
  server.on("connect", (request: IncomingMessage, client: Duplex) => {
    client.on("error", () => {});
    const status = verdict(request);
    const port = spec.ports[(request.url ?? "").replace(/:\d+$/, "")];
    if (status !== 200 || port === undefined) {
      client.end(`HTTP/1.1 ${status === 200 ? 502 : status} No\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const onward = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      client.pipe(onward).pipe(client);
    });
    onward.on("error", () => client.destroy()).on("close", () => client.destroy());
    client.on("close", () => onward.destroy());
    sockets.add(onward);
  });
  server.on("connection", (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    lines,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
