import type { DiagnosisContext } from "../../src/findings/index.js";
import type { RegistryHost } from "../../src/node/index.js";
import type { RegistryResponse } from "../../src/registry/index.js";

/** An https registry host with everything at its default. */
export function registryHost(address: string, values: Partial<RegistryHost> = {}): RegistryHost {
  return {
    scheme: "https",
    address,
    path: "/v2",
    capabilities: ["pull", "resolve", "push"],
    tls: { verify: true, extraCaPems: [], clientCertificates: [] },
    httpFallback: "never",
    headers: {},
    headersOnTokenRequests: false,
    dialTimeoutMs: 30_000,
    ...values,
  };
}

/** A registry's answer; 200 without a body unless told otherwise. */
export function registryResponse(values: Partial<RegistryResponse> = {}): RegistryResponse {
  return {
    kind: "response",
    url: "https://reg.test/v2/",
    method: "HEAD",
    status: 200,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    errors: [],
    authorization: "none",
    challenges: [],
    ...values,
  };
}

/** What a diagnosis sees when everything about the nodes is known and the Pod names no Secret. */
export function diagnosisContext(values: Partial<DiagnosisContext> = {}): DiagnosisContext {
  return {
    reference: { written: "reg.test/team/app:v1", domain: "reg.test", path: "team/app", tag: "v1" },
    namespace: "shop",
    profile: {
      trust: "known",
      credentials: { kind: "known", lookup: () => [], files: [] },
      hostsRoot: "/etc/containerd/certs.d",
      runtime: { name: "containerd", major: 1, minor: 7, patch: 13 },
    },
    issues: [],
    secrets: { readings: [], nearMisses: [], versionDependent: false, mayAppear: false },
    ...values,
  };
}

/** A clock that stands still until it is moved. Sleepers wake when their time has come. */
export function fakeClock(startMs = 0) {
  let now = startMs;
  let sleepers: readonly { readonly until: number; readonly wake: () => void }[] = [];
  return {
    nowMs: () => now,
    sleep(ms: number, signal?: AbortSignal): Promise<void> {
      return new Promise((resolve, reject) => {
        const giveUp = (): void => reject(signal?.reason);
        const wake = (): void => {
          signal?.removeEventListener("abort", giveUp);
          resolve();
        };
        signal?.addEventListener("abort", giveUp, { once: true });
        sleepers = [...sleepers, { until: now + ms, wake }];
      });
    },
    advance(ms: number): void {
      now += ms;
      const due = sleepers.filter(({ until }) => until <= now);
      sleepers = sleepers.filter(({ until }) => until > now);
      for (const { wake } of due) wake();
    },
  };
}
