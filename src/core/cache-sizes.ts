/** What a cache holds now. `cache`: its name; `bytes`: as estimated. */
export interface CacheSize {
  readonly cache: string;
  readonly entries: number;
  readonly bytes: number;
}

/** What of an `lru-cache` that is bounded by bytes tells how full it is. */
export interface Measured {
  readonly size: number;
  readonly calculatedSize: number;
}

/** Port: where whoever remembers something makes known how much that is. Costs nothing until somebody looks. */
export interface CacheRegister {
  /** @param name  of this program, never of what is remembered; the cache is known for as long as the register is */
  add(name: string, cache: Measured): void;
}

/** The caches of one program. */
export interface CacheSizes extends CacheRegister {
  sizes(): readonly CacheSize[];
}

/** An empty register. Two caches with one name count as one. */
export function createCacheSizes(): CacheSizes {
  const known = new Map<string, Measured[]>();
  return {
    add: (name, cache) => {
      known.set(name, [...(known.get(name) ?? []), cache]);
    },
    sizes: () =>
      [...known].map(([cache, parts]) => {
        const entries = parts.reduce((sum, { size }) => sum + size, 0);
        const bytes = parts.reduce((sum, { calculatedSize }) => sum + calculatedSize, 0);
        return { cache, entries, bytes };
      }),
  };
}

/** A register whose names all begin alike, for parts that are there twice. */
export function namedCaches(prefix: string, register: CacheRegister): CacheRegister {
  return { add: (name, cache) => register.add(`${prefix}${name}`, cache) };
}
