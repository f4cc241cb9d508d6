import { type AddressRules, type ForbiddenRange, metadataHosts } from "../registry/index.js";
import type { DialSettings } from "./config.js";

/**
 * Which addresses may be dialled: what is forbidden of itself, and what the configuration adds and takes away.
 * @param forbidden  ranges that depend on where Pullguard runs
 */
export function addressRules(dial: DialSettings, forbidden: readonly ForbiddenRange[]): AddressRules {
  return {
    forbidden: [...forbidden, ...dial.denyCIDRs.map((range): ForbiddenRange => ({ range, kind: "configured" }))],
    allowed: dial.allowCIDRs,
    forbiddenHosts: [...metadataHosts, ...dial.denyHosts],
    allowedHosts: dial.allowHosts,
  };
}
