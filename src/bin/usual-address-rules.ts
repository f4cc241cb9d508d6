import { addressRules, type DialSettings, emptyConfig } from "../policy/index.js";
import { type AddressRules, linkLocalRanges } from "../registry/index.js";

/** What a person's own command line may dial: everything but link-local and metadata addresses, unless told otherwise. */
export function usualAddressRules(dial: DialSettings = emptyConfig.registries.dial): () => AddressRules {
  const rules = addressRules(dial, linkLocalRanges);
  return () => rules;
}
