import type { WorkloadRisk } from "../../src/audit/index.js";

/** A row of a report: what fails, unless said otherwise. */
export function riskRow(over: Partial<WorkloadRisk> = {}): WorkloadRisk {
  return {
    workload: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" },
    containers: ["app", "twin"],
    fieldPaths: ["spec.template.spec.containers[0].image"],
    image: "reg.test/app:v1",
    reference: "reg.test/app:v1",
    registry: "reg.test",
    digest: null,
    risk: "fails",
    verdict: "unpullable",
    cause: "TagNotFound",
    kubelet: { reason: "ErrImagePull" },
    message: "there is no tag v1",
    fix: "Push it.",
    notes: [],
    pods: 2,
    firstSeen: "2026-01-01T00:00:00.000Z",
    lastSeen: "2026-01-02T00:00:00.000Z",
    ...over,
  };
}
