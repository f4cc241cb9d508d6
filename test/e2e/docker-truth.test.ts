import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { Finding } from "../../src/findings/index.js";
import { createEngine, type Engine } from "../support/engine.js";
import { type Lab, loadNodeTruth, type NodeTruthCase, standardLab, startLab } from "../support/lab/index.js";
import { assertDenied, recordedSecrets } from "./recorded.js";

const runtime = "docker-20.10.24";

/** What only the bytes of a layer show. */
const deep = new Set(["content-notgzip", "integrity-corrupt"]);

const nodeSchema = z.object({
  "certs.d": z.record(z.string(), z.literal("ca-oracle")),
  "daemon.json": z.record(z.string(), z.unknown()),
});

function dockerFiles(lab: Lab): Record<string, string> {
  const recorded = nodeSchema.parse(JSON.parse(readFileSync("test/fixtures/docker-node.json", "utf8")));
  const files = Object.keys(recorded["certs.d"]).map((path) => [`/etc/docker/certs.d/${path}`, lab.caPem] as const);
  return { ...Object.fromEntries(files), "/etc/docker/daemon.json": JSON.stringify(recorded["daemon.json"]) };
}

describe(`what ${runtime} did`, () => {
  let lab: Lab;

  before(async () => {
    lab = await startLab(standardLab("ephemeral"));
  });

  after(() => lab.stop());

  const recorded = loadNodeTruth().filter(({ truth }) => truth[runtime] !== undefined);

  it("covers every class that was recorded", () => {
    assert.equal(recorded.length, 53);
  });

  for (const one of recorded) {
    it(`${one.id}: ${one.image}`, async () => {
      const engine = engineFor(lab, one);
      try {
        const finding = await engine.checkImage(lab.expand(one.image), {
          deadlineMs: one.id === "net-hang" ? 500 : 10_000,
          spec: { imagePullSecrets: (one.podSecrets ?? []).map((name) => ({ name })) },
        });
        assertAgrees(finding, one);
      } finally {
        await engine.close();
      }
    });
  }
});

function engineFor(lab: Lab, recorded: NodeTruthCase): Engine {
  return createEngine({
    lab,
    nodeFiles: dockerFiles(lab),
    runtime: "docker://20.10.24",
    platform: "linux/amd64",
    verify: deep.has(recorded.id),
    secrets: recordedSecrets(recorded),
  });
}

function assertAgrees(finding: Finding, { id, truth }: NodeTruthCase): void {
  const shown = JSON.stringify(finding);
  const outcome = truth[runtime]?.outcome;
  // A layer that takes minutes is a matter of time, not of the manifest.
  if (outcome === "pulled" || id === "integrity-drip") {
    assert.equal(finding.verdict, "pullable", shown);
    return;
  }
  assert.equal(outcome, "failed");
  assertDenied(finding);
}
