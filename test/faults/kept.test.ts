import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { kubeconfigText } from "../cluster/api-server.js";
import { type Authority, createAuthority } from "../support/authority.js";
import { type BreakableRegistry, startBreakableRegistry } from "./breakable-registry.js";
import { shiftingClock } from "./clock.js";
import { bundleOf, type KeptRow, keptNamespace, keptObjects, keptRows, setBundle } from "./kept-faults.js";
import { createNames } from "./names.js";
import { startObjectApi } from "./object-api.js";
import { watchProcess } from "./process-watch.js";
import { startFaultyWebhook } from "./webhook.js";

const maxLooks = 30_000;
const sound = { allowed: true, texts: [], isInTime: true };

describe("faults of what certificates are kept in", () => {
  const names = createNames();
  const process = watchProcess();
  let authority: Authority;
  let registry: BreakableRegistry;
  let folder: string;

  before(async () => {
    authority = await createAuthority("Fault Authority");
    registry = await startBreakableRegistry({
      host: "kept.test",
      certificate: await authority.issue({ names: ["kept.test"] }),
    });
    folder = await mkdtemp(join(tmpdir(), "pullguard-kept-"));
  });
  after(async () => {
    await registry.stop();
    await rm(folder, { recursive: true });
    await process.assertClean();
  });

  async function play(row: KeptRow, index: number): Promise<void> {
    const api = await startObjectApi(keptObjects);
    const clock = shiftingClock();
    const kubeconfig = join(folder, `kubeconfig-${index}`);
    await writeFile(kubeconfig, kubeconfigText(api.url));
    const order = { clock, lookup: names.lookup, rootsPem: authority.certificatePem, kubeconfig };
    const webhook = await startFaultyWebhook({ ...order, keptIn: keptNamespace });
    const until = async (holds: () => boolean, what = `${holds}`): Promise<void> => {
      for (let look = 0; !holds(); look += 1) {
        // What does not come within hours does not come, and must not keep the run from ending.
        if (look > maxLooks) assert.fail(`not within ${maxLooks / 7200} h: ${what}`);
        clock.pass(500);
        for (let turn = 0; turn < 20; turn += 1) await nextTurn();
      }
    };
    let seen = 0;
    const logs = async (text: string): Promise<void> => {
      const isLogged = (): boolean => webhook.logged.slice(seen).some(({ msg }) => `${msg}` === text);
      await until(isLogged, text);
      seen = webhook.logged.length;
    };
    // As an API server that makes a new connection, and trusts what the configuration says now.
    const review = (tag: string) => {
      webhook.trust(bundleOf(api), `pullguard.${keptNamespace}.svc`);
      return webhook.review([registry.image(`${tag}-${index}`)]);
    };
    const world = { api, clock, logs, until };
    try {
      await until(() => bundleOf(api) !== "" && webhook.logged.some(({ msg }) => msg === "serving certificate loaded"));
      assert.deepEqual(await review("v1"), sound, "before");
      seen = webhook.logged.length;
      await row.inject(world);
      const { allowed, texts, isInTime } = await review("v2");
      assert.deepEqual({ allowed, texts, isInTime }, { ...sound, allowed: row.expected.allowed });
      await row.lift(world);
      assert.deepEqual(await review("v3"), sound, "after");
      // Whatever it was, somebody keeps the certificates now.
      const bundle = bundleOf(api);
      setBundle(api, "");
      await until(() => bundleOf(api) !== "");
      assert.ok(bundleOf(api).includes(bundle) || bundle.includes(bundleOf(api)), "the CAs are those that were there");
      assert.deepEqual(await review("v4"), sound, "kept");
      assert.equal((await webhook.get("/readyz")).status, 200);
    } finally {
      await webhook.stop();
      await api.stop();
    }
  }

  for (const [index, row] of keptRows.entries()) {
    it(`${row.fault}: nothing to say, and over when it is mended`, () => play(row, index));
  }
});
