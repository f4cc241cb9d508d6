import assert from "node:assert/strict";
import { findHelm, openHelm } from "../support/chart/index.js";
import { findKubeAssets, startKube } from "../support/kube/index.js";
import { continuityTests } from "./chart-continuity.js";
import { deadlockTests } from "./chart-deadlock.js";
import { chartMatrixTests } from "./chart-matrix.js";
import type { ChartWorld } from "./chart-world.js";

const required = process.env.PULLGUARD_REQUIRE_REAL === "1";

describe("the chart on a real API server", function () {
  this.timeout(120_000);
  let world: ChartWorld | undefined;
  const started = (): ChartWorld => {
    assert.ok(world);
    return world;
  };

  before(async function () {
    const assets = findKubeAssets();
    const found = findHelm();
    const missing = [assets, found].find((each) => typeof each === "string");
    if (typeof assets === "string" || typeof found === "string" || assets.kubectl === undefined) {
      const reason = missing ?? "KUBEBUILDER_ASSETS has no kubectl";
      if (required) throw new Error(`PULLGUARD_REQUIRE_REAL is set, but ${String(reason)}`);
      console.warn(`\n  SKIPPED, the chart was not installed: ${String(reason)}\n`);
      this.skip();
    }
    const kube = await startKube(assets, ["nobody"]);
    const helm = openHelm(found.program, kube.writeKubeconfig("helm", kube.adminAccess));
    world = { kube, helm, kubectl: assets.kubectl };
  });
  after(async () => {
    world?.helm.close();
    await world?.kube.stop();
  });

  chartMatrixTests(started);
  deadlockTests(started);
  continuityTests(started);
});
