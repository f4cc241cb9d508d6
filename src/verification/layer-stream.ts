import { createHash } from "node:crypto";
import { type ArchiveRules, type BlobSource, blobRequest, type LayerPacking } from "../prediction/index.js";
import type { BodySink, BodyStart, Exchange } from "../registry/index.js";
import { LayerUnpack, type Unpacking } from "./layer-unpack.js";
import type { RateLimit } from "./rate-limit.js";

/** A layer to be read once from its first byte to its last. */
export interface LayerOrder {
  readonly source: BlobSource;
  readonly digest: string;
  /** The size in the manifest, in bytes. */
  readonly sizeBytes: number;
  /** Whether reading may end as soon as the layer is longer than that. */
  readonly comparesSizes: boolean;
  /** Absent: the layer is only stored. */
  readonly packing?: LayerPacking;
  readonly archive: ArchiveRules;
}

/** What the bytes of a layer turned out to be, whatever a config says about them. */
export type LayerFacts =
  | {
      readonly kind: "read";
      readonly digest: string;
      /** What arrived; more may have been to come where it is more than the manifest says. */
      readonly sizeBytes: number;
      readonly unpacking?: Unpacking;
    }
  | { readonly kind: "missing" }
  /** It could not be read to its end. `reason` is one line for people. */
  | { readonly kind: "unread"; readonly reason: string };

export interface LayerStreamDeps {
  readonly rate: RateLimit;
  /** Told of every piece that arrives. */
  readonly onBytes?: (bytes: number) => void;
}

/** Connections that break off without having brought anything new. Source: containerd httpreadseeker.go `maxRetry` */
const maxFruitlessTries = 3;

/**
 * Reads one layer and hashes, unpacks and walks it on the way; no more than some chunks are held at a time. A connection
 * that breaks off is taken up again where it ended, with all state kept. Never rejects.
 */
export async function readLayer(deps: LayerStreamDeps, order: LayerOrder, signal: AbortSignal): Promise<LayerFacts> {
  const reading = new LayerReading(deps, order, signal);
  try {
    return await reading.run();
  } finally {
    reading.destroy();
  }
}

class LayerReading implements BodySink {
  readonly #deps: LayerStreamDeps;
  readonly #order: LayerOrder;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #hash: ReturnType<typeof createHash>;
  readonly #unpack: LayerUnpack | undefined;
  #received = 0;
  /** Bytes of this answer that were taken before, where the registry starts over. */
  #toSkip = 0;
  #declined: string | undefined;

  constructor(deps: LayerStreamDeps, order: LayerOrder, signal: AbortSignal) {
    this.#deps = deps;
    this.#order = order;
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
    this.#hash = createHash(order.digest.split(":", 1)[0] ?? "sha256");
    this.#unpack = order.packing === undefined ? undefined : new LayerUnpack(order.packing, order.archive);
  }

  async run(): Promise<LayerFacts> {
    let fruitless = 0;
    for (;;) {
      const before = this.#received;
      const got = await this.#askHosts();
      if (got.kind === "answer" || this.#stop.signal.aborted) return await this.#finish();
      if (got.kind !== "broken") return got;
      fruitless = this.#received > before ? 0 : fruitless + 1;
      if (fruitless > maxFruitlessTries) return unread(got.reason);
    }
  }

  destroy(): void {
    this.#unpack?.destroy();
  }

  begin(start: BodyStart): boolean {
    this.#declined = this.#objection(start);
    this.#toSkip = start.status === 200 ? this.#received : 0;
    return this.#declined === undefined;
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    const fresh = this.#toSkip === 0 ? chunk : chunk.subarray(Math.min(this.#toSkip, chunk.byteLength));
    this.#toSkip -= chunk.byteLength - fresh.byteLength;
    if (fresh.byteLength === 0) return undefined;
    this.#received += fresh.byteLength;
    this.#hash.update(fresh);
    this.#deps.onBytes?.(fresh.byteLength);
    // The runtime would read on and then refuse the layer for its length.
    if (this.#order.comparesSizes && this.#order.sizeBytes >= 0 && this.#received > this.#order.sizeBytes) {
      this.#stop.abort();
      return undefined;
    }
    const unpacked = this.#unpack?.write(fresh);
    const paced = this.#deps.rate.take(fresh.byteLength);
    if (paced === undefined) return unpacked;
    return unpacked === undefined ? paced : Promise.all([unpacked, paced]).then(() => undefined);
  }

  #objection({ status, contentRange, contentEncoding }: BodyStart): string | undefined {
    if (contentEncoding !== "") return `it is sent as ${contentEncoding.slice(0, 20)}`;
    if (status === 206 && contentRange?.first !== this.#received) return "another part than was asked for is sent";
    return undefined;
  }

  async #askHosts(): Promise<Asked> {
    let missing = this.#order.source.hosts.length > 0;
    let reason = "no host serves it";
    for (const host of this.#order.source.hosts) {
      const got = await this.#ask(host);
      if (this.#declined !== undefined) return unread(this.#declined);
      if (isServed(got, this.#received)) return { kind: "answer" };
      if (got.kind !== "response" || got.status !== 404) missing = false;
      reason = reasonOf(got);
      if (this.#signal.aborted) return unread(reason);
      if (got.kind === "fault" && breaksOff.has(got.fault.kind)) return { kind: "broken", reason };
    }
    return missing ? { kind: "missing" } : unread(reason);
  }

  #ask(host: BlobSource["hosts"][number]): Promise<Exchange> {
    const { source, digest } = this.#order;
    const range = this.#received === 0 ? {} : { range: { first: this.#received } };
    const request = blobRequest(source, host, digest, { method: "GET", sink: this, ...range });
    return source.session.exchange(request, this.#signal);
  }

  async #finish(): Promise<LayerFacts> {
    const [algorithm] = this.#order.digest.split(":", 1);
    const digest = `${algorithm}:${this.#hash.digest("hex")}`;
    const found = { kind: "read", digest, sizeBytes: this.#received } as const;
    // Other bytes than promised: what they unpack to is nobody's concern, and the runtime does not look.
    if (digest !== this.#order.digest || this.#unpack === undefined) return found;
    return { ...found, unpacking: await this.#unpack.end() };
  }
}

type Asked = LayerFacts | { readonly kind: "answer" } | { readonly kind: "broken"; readonly reason: string };

/** A range behind the last byte shows that everything had arrived before the connection broke off. */
function isServed(got: Exchange, received: number): boolean {
  if (got.kind !== "response") return false;
  return got.status === 200 || got.status === 206 || (got.status === 416 && received > 0);
}

/** Faults of a connection that may be taken up again. */
const breaksOff: ReadonlySet<string> = new Set(["reset", "malformed-response", "timeout"]);

function unread(reason: string): Extract<LayerFacts, { kind: "unread" }> {
  return { kind: "unread", reason };
}

function reasonOf(got: Exchange): string {
  switch (got.kind) {
    case "fault":
      return got.fault.message;
    case "refused":
      return "the registry refuses the credentials for it";
    case "response":
      return `the registry answers ${got.status}`;
  }
}
