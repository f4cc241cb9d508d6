import { type CacheSizes, createCacheSizes } from "../core/index.js";
import type { Status } from "../status/index.js";
import type { OpenAudit } from "./audit.js";
import type { OpenCertificates } from "./certificates.js";

/** What metrics and `/statusz` tell of parts that are opened one after the other. */
export interface LiveFacts {
  /** Every part adds its own. */
  readonly register: CacheSizes;
  caches(): Status["cache"]["caches"];
  leases(): Status["leases"];
  certificates(opened: OpenCertificates): void;
  audit(opened: OpenAudit | undefined): void;
}

export function createLiveFacts(): LiveFacts {
  const register = createCacheSizes();
  let kept: OpenCertificates | undefined;
  let audited: OpenAudit | undefined;
  return {
    register,
    caches: register.sizes,
    leases: () => [
      ...(kept?.leases?.() ?? []),
      ...(audited === undefined ? [] : [{ lease: "audit", isHeld: audited.isMember() }]),
    ],
    certificates: (opened) => {
      kept = opened;
    },
    audit: (opened) => {
      audited = opened;
    },
  };
}
