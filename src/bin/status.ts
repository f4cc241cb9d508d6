import type { ServeConfig } from "../config/index.js";
import type { Clock } from "../core/index.js";
import type { Finding } from "../findings/index.js";
import type { StatusSource } from "../server/index.js";
import {
  createRecentFindings,
  createRegistryLedger,
  type RegistryHealthView,
  type RegistryLedger,
  type Status,
  statusJson,
  statusPage,
} from "../status/index.js";

/** What only the server knows of itself. */
export type ServerFacts = Pick<Status, "notReady" | "certificate">;

/** What others know; each is asked when somebody looks. */
export interface StatusParts {
  readonly configuration: () => Status["configuration"];
  readonly watches: () => Status["watches"];
  readonly nodes: () => Status["nodes"];
  readonly leases?: () => Status["leases"];
  readonly caches?: () => Status["cache"]["caches"];
  readonly health?: () => readonly RegistryHealthView[];
}

/** Keeps what `/statusz` tells; bounded, whoever creates what. */
export interface StatusKeeper {
  readonly registries: RegistryLedger;
  finding(finding: Finding): void;
  cacheRequest(result: "hit" | "miss" | "shared"): void;
  /** @param facts  asked when somebody looks */
  source(parts: StatusParts, facts: () => ServerFacts): StatusSource;
}

const maxFindings = 200;

export function createStatusKeeper(
  { statuszFindings }: Pick<ServeConfig, "statuszFindings">,
  { clock, version }: { readonly clock: Clock; readonly version: string },
): StatusKeeper {
  const startedMs = clock.nowMs();
  const registries = createRegistryLedger();
  const findings = createRecentFindings(maxFindings);
  const cache = { hit: 0, miss: 0, shared: 0 };
  const statusOf = (parts: StatusParts, facts: ServerFacts): Status => {
    const nodes = parts.nodes();
    return {
      version,
      nowMs: clock.nowMs(),
      startedMs,
      ...facts,
      leases: parts.leases?.() ?? [],
      configuration: parts.configuration(),
      cache: { hits: cache.hit, misses: cache.miss, shared: cache.shared, caches: parts.caches?.() ?? [] },
      registries: registries.list(parts.health?.()),
      watches: parts.watches(),
      ...(nodes === undefined ? {} : { nodes }),
      findings: findings.list(),
    };
  };
  const shows = (isLocal: boolean): boolean => statuszFindings === "all" || (statuszFindings === "local" && isLocal);
  return {
    registries,
    finding: (finding) => findings.note(finding, clock.nowMs()),
    cacheRequest: (result) => {
      cache[result] += 1;
    },
    source: (parts, facts) => ({
      page: ({ isLocal }) => statusPage(statusOf(parts, facts()), shows(isLocal)),
      json: ({ isLocal }) => statusJson(statusOf(parts, facts()), shows(isLocal)),
    }),
  };
}
