import type { Report } from "../../src/check/index.js";
import type { Finding, Verdict } from "../../src/findings/index.js";

/** A pullable image of a Deployment, with what a test wants otherwise. */
export function finding(over: Partial<Finding> = {}): Finding {
  return {
    image: "nginx:1.27",
    reference: "docker.io/library/nginx:1.27",
    digest: `sha256:${"a".repeat(64)}`,
    verdict: "pullable",
    cause: null,
    kubelet: { reason: null },
    message: "can be pulled",
    fix: null,
    workload: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" },
    fieldPaths: ["spec.template.spec.containers[0].image"],
    ...over,
  };
}

/** An image that cannot be pulled, with what a test wants otherwise. */
export function missing(over: Partial<Finding> = {}): Finding {
  return finding({
    image: "registry.example.com/app:nope",
    reference: "registry.example.com/app:nope",
    digest: null,
    verdict: "unpullable",
    cause: "TagNotFound",
    kubelet: { reason: "ErrImagePull" },
    message: "registry.example.com has no manifest for app:nope",
    fix: "Push the tag, or correct it.",
    ...over,
  });
}

/** The report of these findings, counted. */
export function reportOf(findings: readonly Finding[]): Report {
  const summary: Record<Verdict, number> = { pullable: 0, unpullable: 0, skipped: 0, unknown: 0 };
  for (const { verdict } of findings) summary[verdict] += 1;
  return { summary, findings };
}
