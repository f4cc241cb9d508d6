import { emptyConfig, type Policy, type PullguardConfig } from "./config.js";
import type { ConfigFault } from "./config-schema.js";
import { parseConfig } from "./parse-config.js";
import type { Mode } from "./types.js";

/** Where a configuration comes from; the resource, where there is one, replaces the file. */
export type ConfigOrigin = "file" | "resource";

/** What became of a configuration that was offered. */
export type ConfigOutcome =
  | { readonly kind: "accepted"; readonly origin: ConfigOrigin; readonly config: PullguardConfig }
  | { readonly kind: "refused"; readonly origin: ConfigOrigin; readonly faults: readonly ConfigFault[] }
  | { readonly kind: "withdrawn"; readonly origin: ConfigOrigin };

/**
 * The policy that counts at this moment. A configuration that is not valid changes nothing: the last good one of the same
 * origin stays.
 */
export class PolicyInForce {
  readonly #mode: Mode;
  readonly #configs = new Map<ConfigOrigin, PullguardConfig>();
  #policy: Policy;

  /** @param mode  fills what no configuration says */
  constructor(mode: Mode) {
    this.#mode = mode;
    this.#policy = { config: emptyConfig, mode };
  }

  /** One object for as long as the policy is the same. */
  current(): Policy {
    return this.#policy;
  }

  /** Takes a document as it was read, or `undefined` where there is none any more. */
  offer(origin: ConfigOrigin, document: unknown): ConfigOutcome {
    if (document === undefined) {
      this.#configs.delete(origin);
      this.#settle();
      return { kind: "withdrawn", origin };
    }
    const parsed = parseConfig(document, origin);
    if (parsed.kind === "invalid") return { kind: "refused", origin, faults: parsed.faults };
    this.#configs.set(origin, parsed.config);
    this.#settle();
    return { kind: "accepted", origin, config: parsed.config };
  }

  #settle(): void {
    const config = this.#configs.get("resource") ?? this.#configs.get("file") ?? emptyConfig;
    this.#policy = { config, mode: this.#mode };
  }
}
