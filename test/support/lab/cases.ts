import { readFileSync } from "node:fs";
import { z } from "zod";

const truthSchema = z.object({
  outcome: z.enum(["pulled", "present", "failed", "pending"]),
  kubeletReason: z.string().optional(),
  message: z.string().optional(),
});

const caseSchema = z.object({
  id: z.string(),
  class: z.string(),
  image: z.string(),
  initImage: z.string().optional(),
  imagePullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).optional(),
  alreadyOnNode: z.boolean().optional(),
  secrets: z.record(z.string(), z.object({ type: z.string(), data: z.record(z.string(), z.string()) })).optional(),
  podSecrets: z.array(z.string()).optional(),
  saSecrets: z.array(z.string()).optional(),
  truth: z.partialRecord(
    z.enum(["containerd-1.6.20", "containerd-1.7.13", "docker-20.10.24", "podman-4.3.1"]),
    truthSchema,
  ),
});

/** One recorded Pod and what became of it on each runtime. See `test/fixtures/node-truth.md`. */
export type NodeTruthCase = z.infer<typeof caseSchema>;

/** The recorded cases, in their order. Reads from the repository root, where tests run. */
export function loadNodeTruth(): readonly NodeTruthCase[] {
  return z.array(caseSchema).parse(JSON.parse(readFileSync("test/fixtures/node-truth.json", "utf8")));
}
