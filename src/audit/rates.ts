import type { BudgetRate } from "./budget.js";

/** Requests a minute that any registry can spare; a rollout of a hundred nodes sends more in a second. */
export const usualRequestsPerMinute = 60;
/**
 * Docker Hub counts pulls for six hours (100 without an account, 10 of which are gone with every new Pod); only reads of
 * manifests count, which an audit does once for each new digest, but requests of all kinds are throttled by address as well.
 * Source: Docker documentation, "Docker Hub usage and limits"
 */
const dockerHubPerMinute = 12;
const dockerHub = /^(?:docker\.io|index\.docker\.io|registry-1\.docker\.io)$/;

/** What may be sent to one address; a quarter of a minute's worth at once. */
export function auditRate(host: string, requestsPerMinute = usualRequestsPerMinute): BudgetRate {
  const rate = dockerHub.test(host) ? Math.min(dockerHubPerMinute, requestsPerMinute) : requestsPerMinute;
  return { requestsPerMinute: rate, burst: Math.max(1, rate / 4) };
}
