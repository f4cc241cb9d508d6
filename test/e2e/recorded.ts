import assert from "node:assert/strict";
import { Redacted } from "../../src/core/index.js";
import type { PullSecret } from "../../src/credentials/index.js";
import type { Finding } from "../../src/findings/index.js";
import type { NodeTruthCase } from "../support/lab/index.js";

/** A registry that is out of order fails the recorded pull and may be up a minute later. */
const outages = new Set([
  "RegistryNameNotFound",
  "RegistryConnectionRefused",
  "RegistryUnavailable",
  "RegistryRateLimited",
  "TokenServerUnavailable",
  "RegistryTimeout",
]);

/** The Secrets that lay in the recorded cluster. */
export function recordedSecrets({ secrets = {} }: NodeTruthCase): readonly PullSecret[] {
  return Object.entries(secrets).map(([name, { type, data }]) => ({
    namespace: "shop",
    name,
    type,
    resourceVersion: "1",
    data: new Map(Object.entries(data).map(([key, value]) => [key, new Redacted(value)])),
  }));
}

/** What a finding must be where the recorded node failed to pull. */
export function assertDenied(finding: Finding): void {
  const outage = finding.cause !== null && outages.has(finding.cause);
  assert.equal(finding.verdict, outage ? "unknown" : "unpullable", JSON.stringify(finding));
}
