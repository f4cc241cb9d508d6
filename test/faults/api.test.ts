import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { kubeconfigText } from "../cluster/api-server.js";
import { type Authority, createAuthority } from "../support/authority.js";
import { until } from "../support/until.js";
import { type ApiRow, apiRows } from "./api-faults.js";
import { type BreakableApi, startBreakableApi } from "./breakable-api.js";
import { type BreakableRegistry, startBreakableRegistry } from "./breakable-registry.js";
import { type ShiftingClock, shiftingClock } from "./clock.js";
import { createNames } from "./names.js";
import { watchProcess } from "./process-watch.js";
import { type FaultyWebhook, startFaultyWebhook } from "./webhook.js";

/** Watches that a webhook opens: accounts, nodes, profiles, leases, configuration. */
const allWatches = 5;
const sound = { allowed: true, texts: [], isInTime: true };

describe("faults of the API server", () => {
  const names = createNames();
  const process = watchProcess();
  let authority: Authority;
  let folder: string;
  let secured: BreakableRegistry;
  let open: BreakableRegistry;

  before(async () => {
    authority = await createAuthority("Fault Authority");
    folder = await mkdtemp(join(tmpdir(), "pullguard-api-"));
    const start = async (host: string, auth: { readonly auth?: "basic" }) =>
      await startBreakableRegistry({ host, certificate: await authority.issue({ names: [host] }), ...auth });
    secured = await start("secured.test", { auth: "basic" });
    open = await start("open.test", {});
  });
  after(async () => {
    await secured.stop();
    await open.stop();
    await rm(folder, { recursive: true });
    await process.assertClean();
  });

  interface Place {
    readonly api: BreakableApi;
    readonly clock: ShiftingClock;
    readonly webhook: FaultyWebhook;
  }

  async function withWebhook(name: string, use: (place: Place) => Promise<void>): Promise<void> {
    const api = await startBreakableApi([`${secured.host}:${secured.port}`]);
    const clock = shiftingClock();
    const kubeconfig = join(folder, name);
    await writeFile(kubeconfig, kubeconfigText(api.url));
    const rootsPem = authority.certificatePem;
    const webhook = await startFaultyWebhook({ clock, lookup: names.lookup, rootsPem, kubeconfig });
    try {
      await watching(api);
      await use({ api, clock, webhook });
    } finally {
      await webhook.stop();
      await api.stop();
    }
  }

  /** Retries wait for up to a minute. */
  async function watching(api: BreakableApi, clock?: ShiftingClock): Promise<void> {
    await until(
      () => api.watches() >= allWatches,
      async () => {
        clock?.pass(10_000);
        for (let turn = 0; turn < 20; turn += 1) await nextTurn();
      },
    );
  }

  async function play(row: ApiRow, index: number): Promise<void> {
    await withWebhook(`kubeconfig-${index}`, async ({ api, clock, webhook }) => {
      const { expected } = row;
      const wish = row.timeoutMs === undefined ? {} : { timeoutMs: row.timeoutMs };
      assert.deepEqual(await webhook.review([secured.image(`v1-${index}`)]), sound, "before");
      await row.inject({ api, clock });
      const [during, beside] = await Promise.all([
        webhook.review([secured.image(`v2-${index}`), open.image(`v2-${index}`)], wish),
        webhook.review([open.image(`v3-${index}`)], wish),
      ]);
      assert.ok(during.isInTime, "in time");
      const [text, ...others] = during.texts;
      assert.match(`${text}`, new RegExp(expected.says ?? "^undefined$"));
      assert.deepEqual(others, [], "nothing is said of the image that needs no Secret");
      assert.equal(during.allowed, expected.allowed);
      assert.deepEqual(beside, sound, "an image that needs no Secret");
      // Nobody told the webhook, whose watches were not there.
      await row.lift({ api, clock });
      await watching(api, clock);
      clock.pass(15_000);
      assert.deepEqual(await webhook.review([secured.image(`v2-${index}`)]), sound, "after");
      api.accountLists([]);
      api.tell("MODIFIED", {
        ...{ apiVersion: "v1", kind: "ServiceAccount", imagePullSecrets: [] },
        metadata: { namespace: "shop", name: "default", resourceVersion: "99" },
      });
      let last = await webhook.review([secured.image(`v4-${index}`)]);
      await until(
        () => !last.allowed,
        async () => {
          clock.pass(15_000);
          last = await webhook.review([secured.image(`v4-${index}`)]);
        },
      );
      assert.match(`${last.texts}`, /PullSecretMissing/, "the watch is heard again");
    });
  }

  for (const [index, row] of apiRows.entries()) {
    it(`${row.fault}: ${row.expected.says ?? "nothing to say"}, and over when it is mended`, () => play(row, index));
  }
});
