import { Client } from "undici";
import { fault } from "./fault.js";
import { Intake } from "./intake.js";
import type { Dialled } from "./socket.js";
import type { TransportFault } from "./types.js";

/** One open connection, held by one request at a time. */
export interface Connection {
  readonly client: Client;
  /** It served a request before, so the peer may have closed it meanwhile. */
  readonly reused: boolean;
  /** How it is read; for connections without TLS and proxy. */
  readonly intake: Intake;
  /** Gives it back for the next request. */
  release(): void;
  /** Closes it; whatever is under way on it fails. */
  destroy(): void;
}

export type Acquired =
  | { readonly kind: "connection"; readonly connection: Connection }
  | { readonly kind: "fault"; readonly fault: TransportFault };

/** Where to get a connection: `key` names everything that must be equal for one to be shared. */
export interface Route {
  readonly key: string;
  /** `https://host:port`, for undici. */
  readonly origin: string;
  readonly peer: string;
  readonly dial: (signal: AbortSignal, intake: Intake) => Promise<Dialled>;
  /** For a question that must not wait until others have got their answers. */
  readonly isUrgent?: boolean;
}

interface Idle {
  readonly lane: Lane;
  readonly client: Client;
  readonly intake: Intake;
  alive: boolean;
}

interface Lane {
  readonly key: string;
  readonly idle: Set<Idle>;
  readonly waiting: Set<() => void>;
  busy: number;
}

/**
 * Where nothing else bounds what one registry is asked at a time: as many as common client libraries keep open. More made
 * twenty new images no faster.
 */
export const usualBusyPerRoute = 48;
const maxIdle = 128;
const idleMs = 20_000;

/**
 * Keeps connections for reuse: so many busy ones a route (the next request waits), at most 128 idle ones in all.
 *
 * Each undici Client gets one socket that was dialled for it. A Pool would dial by itself, out of reach of the request's
 * signal, and would not say whether a socket is fresh, which decides if a reset may be repeated.
 */
export class Connections {
  readonly #lanes = new Map<string, Lane>();
  readonly #idle = new Set<Idle>();
  readonly #all = new Set<Client>();
  readonly #maxBusy: number;
  #closed = false;

  constructor(maxBusyPerRoute: number) {
    this.#maxBusy = maxBusyPerRoute;
  }

  /** A connection for one request; `fresh` forbids a used one. Waits for its turn and dials under `signal`. */
  async acquire(route: Route, fresh: boolean, signal: AbortSignal): Promise<Acquired> {
    let lane: Lane;
    for (;;) {
      // Looked up again after every wait: a lane that ran empty meanwhile has been forgotten.
      lane = this.#lane(route.key);
      const used = fresh ? undefined : this.#takeIdle(lane);
      if (used !== undefined) return { kind: "connection", connection: this.#hold(used, true) };
      if (lane.busy < this.#maxBusy || route.isUrgent === true) break;
      await turn(lane, signal);
      if (signal.aborted) {
        this.#next(lane);
        return { kind: "fault", fault: fault("aborted", route.peer) };
      }
    }
    lane.busy += 1;
    const intake = new Intake();
    const dialled = await route.dial(signal, intake);
    lane.busy -= 1;
    if (dialled.kind === "fault") {
      this.#next(lane);
      return dialled;
    }
    if (this.#closed) {
      dialled.socket.destroy();
      return { kind: "fault", fault: fault("aborted", route.peer, "the client was closed") };
    }
    return { kind: "connection", connection: this.#hold(this.#adopt(lane, route.origin, dialled, intake), false) };
  }

  /** Closes every connection, idle or busy. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#all].map((client) => client.destroy()));
  }

  #lane(key: string): Lane {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { key, idle: new Set(), waiting: new Set(), busy: 0 };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #adopt(lane: Lane, origin: string, dialled: Extract<Dialled, { kind: "socket" }>, intake: Intake): Idle {
    let socket: typeof dialled.socket | undefined = dialled.socket;
    const client = new Client(origin, {
      connect: (_options, callback) => {
        const given = socket;
        socket = undefined;
        // undici is not ready for an answer while it is still asking.
        queueMicrotask(() => {
          if (given !== undefined) callback(null, given);
          else callback(Object.assign(new Error("socket is gone"), { code: "ECONNRESET" }), null);
        });
      },
      pipelining: 1,
      maxHeaderSize: 32 * 1024,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
    });
    const entry: Idle = { lane, client, intake, alive: true };
    this.#all.add(client);
    client.on("disconnect", () => this.#drop(entry));
    return entry;
  }

  #hold(entry: Idle, reused: boolean): Connection {
    const { lane, client, intake } = entry;
    lane.busy += 1;
    let held = true;
    const letGo = (keep: boolean) => {
      if (!held) return;
      held = false;
      lane.busy -= 1;
      if (keep && entry.alive) this.#park(entry);
      else this.#drop(entry);
      this.#next(lane);
    };
    return { client, reused, intake, release: () => letGo(true), destroy: () => letGo(false) };
  }

  #park(entry: Idle): void {
    entry.lane.idle.add(entry);
    this.#idle.add(entry);
    const [oldest] = this.#idle;
    if (this.#idle.size > maxIdle && oldest !== undefined) this.#drop(oldest);
  }

  #takeIdle(lane: Lane): Idle | undefined {
    const [entry] = lane.idle;
    if (entry === undefined || lane.busy >= this.#maxBusy) return undefined;
    lane.idle.delete(entry);
    this.#idle.delete(entry);
    return entry;
  }

  #drop(entry: Idle): void {
    entry.alive = false;
    entry.lane.idle.delete(entry);
    this.#idle.delete(entry);
    this.#all.delete(entry.client);
    entry.client.destroy().catch(() => {});
    this.#forgetWhenUnused(entry.lane);
  }

  #next(lane: Lane): void {
    const [wake] = lane.waiting;
    wake?.();
    this.#forgetWhenUnused(lane);
  }

  #forgetWhenUnused(lane: Lane): void {
    const unused = lane.busy === 0 && lane.idle.size === 0 && lane.waiting.size === 0;
    if (unused && this.#lanes.get(lane.key) === lane) this.#lanes.delete(lane.key);
  }
}

/** Waits until a connection of the route is free, or the signal aborts. */
function turn(lane: Lane, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      lane.waiting.delete(go);
      signal.removeEventListener("abort", go);
      resolve();
    };
    lane.waiting.add(go);
    signal.addEventListener("abort", go, { once: true });
    if (signal.aborted) go();
  });
}
