import { createHash } from "node:crypto";
import type { Budgets } from "./budget.js";
import { type ImageRecord, newer } from "./state.js";
import { type AuditChunk, encodeChunk } from "./stored.js";
import type { ExpiryForecast } from "./types.js";

/** A chunk as the cluster holds it. */
export interface StoredChunk {
  readonly name: string;
  readonly chunk: AuditChunk;
}

/** Port: where state survives. */
export interface AuditStore {
  /** Everything that is stored, by whomever; undefined until that is known. */
  chunks(): readonly StoredChunk[] | undefined;
  /** Counts changes of what `chunks` gives. */
  version(): number;
  /** @param body what `encodeChunk` made. False: somebody else has written it meanwhile. Rejects where it cannot be written */
  write(name: string, body: object, signal: AbortSignal): Promise<boolean>;
  remove(name: string, signal: AbortSignal): Promise<void>;
}

/** A chunk that grows beyond this is split; etcd takes 1.5 MB. */
const maxChunkBytes = 300_000;
const maxChunkImages = 250;

interface Place {
  readonly images: Set<string>;
  isDirty: boolean;
}

/** What one replica knows of one registry, and in which objects it is stored. Few writes: an object is written when its part has changed. */
export class RegistryState {
  readonly registry: string;
  readonly images = new Map<string, ImageRecord>();
  /** Who is asked for them. */
  readonly hosts = new Set<string>();
  forecasts: readonly ExpiryForecast[] = [];
  forecastMs = Number.NaN;
  readonly #places = new Map<string, Place>();
  readonly #placeOf = new Map<string, string>();
  readonly #obsolete = new Set<string>();

  constructor(registry: string) {
    this.registry = registry;
  }

  /** Takes over what is stored, where that is newer than what is known. */
  adopt(stored: readonly StoredChunk[], budgets: Budgets, nowMs: number): void {
    for (const { name, chunk } of stored) {
      if (chunk.registry !== this.registry) continue;
      const place = this.#place(name);
      for (const { host, state } of chunk.budgets) {
        this.hosts.add(host);
        budgets.restore(host, state, nowMs);
      }
      if (!Number.isNaN(chunk.forecastMs) && !(this.forecastMs >= chunk.forecastMs)) {
        this.forecastMs = chunk.forecastMs;
        this.forecasts = chunk.forecasts;
      }
      for (const record of chunk.images) {
        const known = this.images.get(record.image);
        this.images.set(record.image, known === undefined ? record : newer(known, record));
        if (this.#placeOf.has(record.image)) continue;
        this.#placeOf.set(record.image, name);
        place.images.add(record.image);
      }
    }
  }

  set(record: ImageRecord): void {
    this.images.set(record.image, record);
    const name = this.#placeOf.get(record.image) ?? this.#roomFor(record.image);
    this.#place(name).isDirty = true;
  }

  drop(image: string): void {
    this.images.delete(image);
    const name = this.#placeOf.get(image);
    this.#placeOf.delete(image);
    if (name === undefined) return;
    const place = this.#place(name);
    place.images.delete(image);
    place.isDirty = true;
  }

  setForecasts(forecasts: readonly ExpiryForecast[], nowMs: number): void {
    this.forecasts = forecasts;
    this.forecastMs = nowMs;
    this.#place(this.#first()).isDirty = true;
  }

  get isDirty(): boolean {
    return this.#obsolete.size > 0 || [...this.#places.values()].some(({ isDirty }) => isDirty);
  }

  /**
   * Writes what has changed.
   * @returns false where somebody else has written: adopt what is stored, then save again
   */
  async save(store: AuditStore, budgets: Budgets, nowMs: number, signal: AbortSignal): Promise<boolean> {
    for (const [name, body] of this.#changed(budgets, nowMs)) {
      const place = this.#place(name);
      place.isDirty = false;
      try {
        if (await store.write(name, body, signal)) continue;
        place.isDirty = true;
        return false;
      } catch (error) {
        place.isDirty = true;
        throw error;
      }
    }
    for (const name of this.#obsolete) {
      await store.remove(name, signal);
      this.#obsolete.delete(name);
    }
    return true;
  }

  #changed(budgets: Budgets, nowMs: number): readonly (readonly [string, object])[] {
    const changed: (readonly [string, object])[] = [];
    const left = [...this.#places].filter(([, { isDirty }]) => isDirty).map(([name]) => name);
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      const place = this.#place(name);
      if (place.images.size === 0 && name !== this.#first()) {
        this.#places.delete(name);
        this.#obsolete.add(name);
        continue;
      }
      const body = encodeChunk(this.#chunkOf(name, place, budgets, nowMs));
      if (place.images.size > 1 && JSON.stringify(body).length > maxChunkBytes) {
        left.push(name, this.#split(place));
        continue;
      }
      changed.push([name, body]);
    }
    return changed;
  }

  #chunkOf(name: string, { images }: Place, budgets: Budgets, nowMs: number): AuditChunk {
    const isFirst = name === this.#first();
    const records = [...images].flatMap((image) => this.images.get(image) ?? []);
    return {
      registry: this.registry,
      budgets: isFirst ? budgets.drawn(this.hosts, nowMs) : [],
      images: records,
      forecasts: isFirst ? this.forecasts : [],
      forecastMs: isFirst ? this.forecastMs : Number.NaN,
    };
  }

  /** Moves half of the images to an object of their own. */
  #split(place: Place): string {
    const name = this.#newName();
    const moved = [...place.images].slice(Math.ceil(place.images.size / 2));
    for (const image of moved) {
      place.images.delete(image);
      this.#place(name).images.add(image);
      this.#placeOf.set(image, name);
    }
    this.#place(name).isDirty = true;
    return name;
  }

  #roomFor(image: string): string {
    const found = [...this.#places].find(([, { images }]) => images.size < maxChunkImages);
    const name = found?.[0] ?? this.#newName();
    this.#place(name).images.add(image);
    this.#placeOf.set(image, name);
    return name;
  }

  #place(name: string): Place {
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const made = { images: new Set<string>(), isDirty: false };
    this.#places.set(name, made);
    this.#obsolete.delete(name);
    return made;
  }

  #first(): string {
    const [first] = this.#places.keys();
    return first ?? this.#newName();
  }

  #newName(): string {
    const base = `pullguard-${createHash("sha256").update(this.registry).digest("hex").slice(0, 12)}`;
    for (let part = 0; ; part += 1) {
      const name = `${base}-${part}`;
      if (!this.#places.has(name) && !this.#obsolete.has(name)) return name;
    }
  }
}
