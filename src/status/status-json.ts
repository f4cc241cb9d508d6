import type { RecentFinding, RegistryStatus, Status } from "./types.js";

/**
 * What `/statusz.json` answers; docs/statusz.schema.json describes it. Times are ISO 8601 in UTC.
 * @param showsFindings  whether the reader may see images, namespaces and workloads
 */
export function statusJson(status: Status, showsFindings: boolean): object {
  const { certificate, configuration, cache, nodes } = status;
  const { lastError, sinceMs, ...config } = configuration;
  return {
    version: status.version,
    time: iso(status.nowMs),
    started: iso(status.startedMs),
    uptimeSeconds: Math.max(0, Math.floor((status.nowMs - status.startedMs) / 1000)),
    ready: status.notReady.length === 0,
    notReady: status.notReady,
    ...(certificate === undefined
      ? {}
      : {
          certificate: {
            expires: iso(certificate.notAfterMs),
            fingerprint256: certificate.fingerprint256,
            names: certificate.names,
          },
        }),
    leases: status.leases.map(({ lease, isHeld }) => ({ lease, held: isHeld })),
    configuration: {
      ...config,
      ...(sinceMs === undefined ? {} : { since: iso(sinceMs) }),
      ...(lastError === undefined ? {} : { lastError: { time: iso(lastError.atMs), reason: lastError.reason } }),
    },
    cache,
    registries: status.registries.map(registryJson),
    watches: status.watches.map(({ resource, isUp, lastSyncMs, lastFault }) => ({
      resource,
      up: isUp,
      ...(lastSyncMs === undefined ? {} : { lastSync: iso(lastSyncMs) }),
      ...(lastFault === undefined ? {} : { lastFault: { time: iso(lastFault.atMs), reason: lastFault.reason } }),
    })),
    ...(nodes === undefined
      ? {}
      : {
          nodes: {
            covered: nodes.covered,
            uncovered: nodes.uncovered,
            profiles: nodes.profiles.map(({ name, nodes: count, isHandWritten, isAged, confirmedMs }) => ({
              name,
              nodes: count,
              handWritten: isHandWritten,
              aged: isAged,
              ...(confirmedMs === undefined ? {} : { confirmed: iso(confirmedMs) }),
            })),
          },
        }),
    recentFindings: status.findings.length,
    ...(showsFindings ? { findings: status.findings.map(findingJson) } : {}),
  };
}

function registryJson({ lastSuccessMs, retryAtMs, pausedUntilMs, rateLimit, ...registry }: RegistryStatus): object {
  return {
    ...registry,
    ...(lastSuccessMs === undefined ? {} : { lastSuccess: iso(lastSuccessMs) }),
    ...(retryAtMs === undefined ? {} : { retryAt: iso(retryAtMs) }),
    ...(pausedUntilMs === undefined ? {} : { pausedUntil: iso(pausedUntilMs) }),
    ...(rateLimit === undefined
      ? {}
      : {
          rateLimit: {
            remaining: rateLimit.remaining,
            ...(rateLimit.limit === undefined ? {} : { limit: rateLimit.limit }),
            time: iso(rateLimit.atMs),
          },
        }),
  };
}

function findingJson({ atMs, ...finding }: RecentFinding): object {
  return { time: iso(atMs), ...finding };
}

function iso(atMs: number): string | null {
  const when = new Date(atMs);
  return Number.isNaN(when.getTime()) ? null : when.toISOString();
}
