/** The value if it belongs to the set, else `other`. */
export function oneOf(known: ReadonlySet<string>, value: string): string {
  return known.has(value) ? value : "other";
}

/** Everybody's registries: they have their labels whatever comes before them. */
const wellKnown = [
  "docker.io",
  "registry-1.docker.io",
  "ghcr.io",
  "quay.io",
  "gcr.io",
  "registry.k8s.io",
  "public.ecr.aws",
  "mcr.microsoft.com",
  "registry.gitlab.com",
  "nvcr.io",
  "registry.access.redhat.com",
  "registry.redhat.io",
] as const;

const longestLabel = 128;

/**
 * Keeps the label `registry`, which whoever may create a Pod chooses, from growing without end: well-known registries, then
 * the first `limit` names, then `other`. Half of the places are kept for registries that have answered, so that a stream of
 * made-up names cannot take them all from those that are really used.
 */
export class RegistryLabels {
  readonly #limit: number;
  readonly #seen = new Set<string>(wellKnown);
  #first = 0;
  #proven = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  of(registry: string): string {
    if (this.#seen.has(registry)) return registry;
    if (registry.length > longestLabel || this.#first >= Math.ceil(this.#limit / 2)) return "other";
    this.#first += 1;
    this.#seen.add(registry);
    return registry;
  }

  /** The registry has answered with something that it has. */
  prove(registry: string): void {
    if (this.#seen.has(registry) || registry.length > longestLabel) return;
    if (this.#proven >= Math.floor(this.#limit / 2)) return;
    this.#proven += 1;
    this.#seen.add(registry);
  }
}
