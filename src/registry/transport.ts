import type { Dispatcher } from "undici";
import type { HostTls, ProxyRules } from "../node/index.js";
import { type Connection, Connections, type Route, usualBusyPerRoute } from "./connections.js";
import { type DialTarget, dial } from "./dial.js";
import { classifyError, fault } from "./fault.js";
import type { Intake } from "./intake.js";
import type { Passage } from "./passage.js";
import type { ChosenProxy, ProxyChoice } from "./proxy-choice.js";
import type { DialDeps } from "./socket.js";
import { type RegistryLimits, Traffic } from "./traffic.js";
import type { createTrustStore } from "./trust.js";
import { isProxysOwn, proxyHeaders, refusedByProxy } from "./tunnel.js";
import type { RegistryHealth, TransportFault } from "./types.js";

/** One request as it goes over the wire; header names lower case, `host` among them. */
export interface HttpRequest {
  readonly url: URL;
  readonly method: "HEAD" | "GET" | "POST";
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body?: string;
}

/** How the request travels: the TLS settings, proxies and dial limit of the registry host on whose behalf it is sent. */
export interface Lane {
  readonly tls: HostTls;
  readonly proxy?: ProxyRules;
  readonly dialTimeoutMs: number;
}

export interface HttpAnswer {
  readonly kind: "answer";
  readonly status: number;
  /** First value of a header, name in lower case. */
  header(name: string): string | undefined;
  /** All lines of a header. */
  headerLines(name: string): readonly string[];
  /** At most `maxBytes` of the body; `complete` is false when there was more. Once only. */
  body(maxBytes: number): Promise<BodyRead>;
  /**
   * Hands every chunk of the body to `write`, which may hold it back. What is in a chunk changes as soon as `write` is done
   * with it. Once only, and instead of `body`.
   */
  stream(write: (chunk: Uint8Array) => Promise<void> | undefined): Promise<BodyRead>;
  /**
   * Lets the body pass in the background (64 KiB at most), so that the connection can serve again. The answer to a HEAD has
   * none, so waiting for that costs nothing and spares the next request a new connection.
   */
  discard(): Promise<void>;
  /** Closes the connection unless it has already been given back. */
  close(): void;
}

export type BodyRead =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly complete: boolean }
  | { readonly kind: "fault"; readonly fault: TransportFault };

export type Sent = HttpAnswer | { readonly kind: "fault"; readonly fault: TransportFault };

const maxDiscardedBytes = 64 * 1024;
/** A connection is worth less than the time that a body of this length takes through the parser. */
const longBodyBytes = 4 * 1024 * 1024;

/**
 * Sends single requests over kept connections: no redirects, no retries but one, the repetition on a fresh connection when
 * a kept one turned out to be closed. Ends as soon as `signal` aborts; no other limit applies after the handshake.
 */
export class Transport {
  readonly #deps: DialDeps;
  readonly #trusts: ReturnType<typeof createTrustStore>;
  readonly #proxies: ProxyChoice;
  readonly #connections: Connections;
  readonly #traffic: Traffic | undefined;

  /** @param limits  absent: registries are asked as often as anybody wants */
  constructor(
    deps: DialDeps,
    trusts: ReturnType<typeof createTrustStore>,
    proxies: ProxyChoice,
    limits?: RegistryLimits & { readonly random: () => number },
  ) {
    this.#deps = deps;
    this.#trusts = trusts;
    this.#proxies = proxies;
    this.#connections = new Connections(limits?.maxInFlight ?? usualBusyPerRoute);
    this.#traffic = limits === undefined ? undefined : new Traffic(deps.clock, limits, limits.random);
  }

  async send(request: HttpRequest, lane: Lane, signal: AbortSignal): Promise<Sent> {
    const route = this.#route(request.url, lane);
    if (this.#traffic === undefined) return await this.#sendByAny(request, route, signal);
    const { url } = request;
    const road = { key: route.key, host: url.host, path: url.pathname };
    const passage = await this.#traffic.enter(road, (limited) => this.#ping(url, lane, limited), signal);
    if ("refused" in passage) return { kind: "fault", fault: passage.refused };
    const sent = await this.#sendByAny(request, route, signal, passage);
    if (sent.kind === "fault") passage.failed(sent.fault);
    else passage.answered(sent.status);
    return sent;
  }

  /** How hosts fare; empty without limits. */
  health(pausedUntilMs: (host: string) => number | undefined): readonly RegistryHealth[] {
    return this.#traffic?.health(pausedUntilMs) ?? [];
  }

  async #sendByAny(request: HttpRequest, route: ChosenRoute, signal: AbortSignal, passage?: Passage): Promise<Sent> {
    const first = await this.#sendOnce(request, route, false, signal, passage);
    if (first.kind !== "stale") return first;
    return await this.#sendOnce(request, route, true, signal, passage).then(settled);
  }

  /** Whether anybody answers at all, by a connection and a question that no other request has a part in. */
  async #ping({ origin }: URL, lane: Lane, signal: AbortSignal): Promise<TransportFault | undefined> {
    const url = new URL("/v2/", origin);
    const request: HttpRequest = { url, method: "GET", headers: { host: [url.host], accept: ["*/*"] } };
    const sent = await this.#sendOnce(request, { ...this.#route(url, lane), isUrgent: true }, true, signal);
    if (sent.kind === "answer") sent.close();
    return sent.kind === "fault" ? sent.fault : undefined;
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  async #sendOnce(
    request: HttpRequest,
    chosen: ChosenRoute,
    fresh: boolean,
    signal: AbortSignal,
    passage?: Passage,
  ): Promise<Sent | Stale> {
    const peer = request.url.host;
    const { proxy } = chosen;
    if (signal.aborted) return { kind: "fault", fault: fault("aborted", peer) };
    const acquired = await this.#connections.acquire(watchedRoute(chosen, passage), fresh, signal);
    if (acquired.kind === "fault") return acquired;
    const { connection } = acquired;
    const onAbort = () => connection.destroy();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      if (signal.aborted) throw signal.reason;
      passage?.sent();
      const forwarder = request.url.protocol === "http:" ? proxy : undefined;
      const response = await connection.client.request({
        path: `${forwarder === undefined ? "" : request.url.origin}${request.url.pathname}${request.url.search}`,
        method: request.method,
        headers: [...flatHeaders(request.headers), ...proxyHeaders(forwarder)],
        ...(request.body === undefined ? {} : { body: request.body }),
        // undici closes after every HEAD unless told otherwise; a registry is asked little else.
        reset: false,
      });
      const answer = answerOf(response, request.method === "HEAD", {
        connection,
        peer,
        signal,
        onAbort,
        onEnd: () => passage?.end(),
      });
      if (forwarder === undefined || !isProxysOwn(answer)) return answer;
      answer.close();
      return { kind: "fault", fault: refusedByProxy(forwarder, answer.status, peer) };
    } catch (error) {
      signal.removeEventListener("abort", onAbort);
      connection.destroy();
      if (signal.aborted) return { kind: "fault", fault: fault("aborted", peer) };
      const told = classifyError(error, "headers", peer);
      if (connection.reused && (told.kind === "reset" || told.kind === "malformed-response"))
        return { kind: "stale", told };
      return { kind: "fault", fault: told };
    }
  }

  #route(url: URL, lane: Lane): ChosenRoute {
    const proxy = this.#proxies.proxyFor(lane.proxy, url);
    const secure = url.protocol === "https:";
    const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
    const trust = secure ? this.#trusts.trustFor(lane.tls) : undefined;
    // Go judges a proxy's certificate by the same settings as the host's.
    const proxyTrust = proxy?.scheme === "https" ? this.#trusts.trustFor(lane.tls) : undefined;
    const target: DialTarget = {
      hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
      port,
      peer: url.host,
      dialTimeoutMs: lane.dialTimeoutMs,
      ...(trust === undefined ? {} : { trust }),
      ...(proxy === undefined ? {} : { proxy }),
      ...(proxyTrust === undefined ? {} : { proxyTrust }),
    };
    return {
      key: [url.origin, trust?.key, proxy?.key, proxyTrust?.key].join(" "),
      proxy,
      origin: url.origin,
      peer: url.host,
      dial: (signal: AbortSignal, intake: Intake) => dial(this.#deps, target, signal, intake),
    };
  }
}

/** Where to get a connection, and the proxy that is on the way. */
interface ChosenRoute extends Route {
  readonly proxy: ChosenProxy | undefined;
}

function watchedRoute(route: ChosenRoute, passage: Passage | undefined): Route {
  if (passage === undefined) return route;
  return {
    ...route,
    dial: (signal, intake) => {
      passage.dialling();
      return route.dial(signal, intake);
    },
  };
}

interface Stale {
  readonly kind: "stale";
  readonly told: TransportFault;
}

function settled(sent: Sent | Stale): Sent {
  return sent.kind === "stale" ? { kind: "fault", fault: sent.told } : sent;
}

function flatHeaders(headers: HttpRequest["headers"]): string[] {
  return Object.entries(headers).flatMap(([name, values]) => values.flatMap((value) => [name, value]));
}

interface Held {
  readonly connection: Connection;
  readonly peer: string;
  readonly signal: AbortSignal;
  readonly onAbort: () => void;
  /** Told when nothing more is read of the answer; maybe more than once. */
  readonly onEnd: () => void;
}

function answerOf(response: Dispatcher.ResponseData, isHead: boolean, held: Held): HttpAnswer {
  const { connection, peer, signal, onAbort, onEnd } = held;
  const headerLines = (name: string): readonly string[] => {
    const value = response.headers[name];
    return value === undefined ? [] : typeof value === "string" ? [value] : value;
  };
  const reusable = !headerLines("connection").some((line) => line.toLowerCase().includes("close"));
  const end = (keep: boolean) => {
    signal.removeEventListener("abort", onAbort);
    if (keep && reusable) connection.release();
    else connection.destroy();
    onEnd();
  };
  // A body that fails while nobody reads it must not end the process.
  response.body.on("error", () => {});
  const reading = async (
    read: () => Promise<Omit<Extract<BodyRead, { kind: "bytes" }>, "kind">>,
  ): Promise<BodyRead> => {
    try {
      const found = await read();
      end(found.complete);
      return { kind: "bytes", ...found };
    } catch (error) {
      end(false);
      if (signal.aborted) return { kind: "fault", fault: fault("aborted", peer) };
      return { kind: "fault", fault: classifyError(error, "body", peer) };
    }
  };
  const body = (maxBytes: number): Promise<BodyRead> => reading(() => readAtMost(response.body, maxBytes));
  return {
    kind: "answer",
    status: response.statusCode,
    header: (name) => headerLines(name)[0],
    headerLines,
    body,
    stream: (write) =>
      reading(async () => {
        const length = Number(headerLines("content-length")[0] ?? 0);
        const intake = length >= longBodyBytes && !isHead ? connection.intake : undefined;
        const whole = await pour(response.body, write, intake === undefined ? undefined : { intake, length }).finally(
          () => intake?.restore(),
        );
        return { bytes: new Uint8Array(), complete: whole === "parsed" };
      }),
    discard: async () => {
      const passed = body(maxDiscardedBytes);
      if (isHead) await passed;
    },
    close: () => end(false),
  };
}

async function readAtMost(body: AsyncIterable<Uint8Array>, maxBytes: number) {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    const room = maxBytes - size;
    if (chunk.byteLength > room) {
      chunks.push(chunk.subarray(0, room));
      return { bytes: new Uint8Array(Buffer.concat(chunks)), complete: false };
    }
    chunks.push(chunk);
    size += chunk.byteLength;
  }
  return { bytes: new Uint8Array(Buffer.concat(chunks)), complete: true };
}

/**
 * Events instead of an async iterator: a layer has thousands of chunks, and each turn of the iterator costs as much.
 * @param long  of a body worth it: how its connection is read, and its length in bytes
 * @returns `diverted` where the connection did not learn that the body is over
 */
function pour(
  body: Dispatcher.ResponseData["body"],
  write: (chunk: Uint8Array) => Promise<void> | undefined,
  long: { readonly intake: Intake; readonly length: number } | undefined,
) {
  return new Promise<"parsed" | "diverted">((resolve, reject) => {
    let parsed = 0;
    let held: Promise<void> | undefined;
    let isOver = false;
    body.on("data", (chunk: Uint8Array) => {
      parsed += chunk.byteLength;
      held = write(chunk);
      if (held === undefined) return;
      body.pause();
      held = held.then(() => {
        held = undefined;
        body.resume();
      }, reject);
    });
    long?.intake.divert({
      isDue: () => held === undefined && body.readableLength === 0 && parsed > 0,
      leftBytes: () => long.length - parsed,
      write,
      settle: (error) => (error === undefined ? resolve("diverted") : reject(error)),
    });
    // A paused body still ends, behind the back of who holds its last chunk.
    body.once("end", () => {
      isOver = true;
      if (held === undefined) resolve("parsed");
      else held.then(() => resolve("parsed"));
    });
    body.once("error", reject);
    body.once("close", () => isOver || reject(Object.assign(new Error("closed"), { code: "ECONNRESET" })));
  });
}
