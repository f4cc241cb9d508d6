import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadCluster, watchConfig } from "../../src/cluster/index.js";
import { fakeClock } from "../support/builders.js";
import { until } from "../support/until.js";
import { kubeconfigText, startApiServer } from "./api-server.js";

describe("watches that have lost their API server", () => {
  it("come back at different times, spread over the whole wait", async () => {
    const path = "/apis/pullguard.dev/v1/pullguardconfigs";
    const api = await startApiServer(new Map([[path, { status: 503, body: "no" }]]));
    const folder = mkdtempSync(join(tmpdir(), "pullguard-resync-"));
    try {
      const file = join(folder, "kubeconfig");
      writeFileSync(file, kubeconfigText(api.url));
      const access = loadCluster({ kind: "file", path: file });
      assert.ok(access);
      const waits: number[] = [];
      for (const share of [0, 0.25, 0.5, 0.75, 1]) {
        const before = waits.length;
        const watch = watchConfig({
          ...{ access, clock: fakeClock(), name: "default", random: () => share, onConfig: () => undefined },
          onEvent: (event) => event.kind === "fault" && waits.push(event.retryMs),
        });
        await until(() => waits.length > before);
        watch.stop();
      }
      assert.deepEqual(waits, [100, 325, 550, 775, 1_000]);
    } finally {
      rmSync(folder, { recursive: true });
      await api.close();
    }
  });
});
