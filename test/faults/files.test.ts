import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Authority, createAuthority } from "../support/authority.js";
import { until } from "../support/until.js";
import { type BreakableRegistry, startBreakableRegistry } from "./breakable-registry.js";
import { shiftingClock } from "./clock.js";
import { type FileRow, fileRows } from "./file-faults.js";
import { createNames } from "./names.js";
import { watchProcess } from "./process-watch.js";
import { startFaultyWebhook } from "./webhook.js";

const sound = { allowed: true, texts: [], isInTime: true };

describe("faults of files and of the clock", () => {
  const names = createNames();
  const process = watchProcess();
  let authority: Authority;
  let registry: BreakableRegistry;

  before(async () => {
    authority = await createAuthority("Fault Authority");
    const notAfter = new Date(Date.now() + 90 * 86_400_000);
    const certificate = await authority.issue({ names: ["files.test"], notAfter });
    registry = await startBreakableRegistry({ host: "files.test", certificate });
  });
  after(async () => {
    await registry.stop();
    await process.assertClean();
  });

  async function play(row: FileRow, index: number): Promise<void> {
    const clock = shiftingClock();
    const webhook = await startFaultyWebhook({ clock, lookup: names.lookup, rootsPem: authority.certificatePem });
    const look = async (logged: string): Promise<void> => {
      const before = webhook.logged.length;
      const isLogged = () => webhook.logged.slice(before).some(({ msg }) => `${msg}`.includes(logged));
      await until(isLogged, async () => {
        clock.pass(11_000);
        for (let turn = 0; turn < 50; turn += 1) await nextTurn();
      });
    };
    const world = { webhook, clock, registry, look };
    try {
      assert.deepEqual(await webhook.review([registry.image(`v1-${index}`)]), sound, "before");
      await row.inject(world);
      await row.shows?.(world);
      // Over a connection that stands, and over a new one.
      for (const nth of [2, 3]) {
        const { allowed, texts, isInTime } = await webhook.review([registry.image(`v${nth}-${index}`)]);
        assert.match(`${texts[0]}`, new RegExp(row.expected.says ?? "^undefined$"));
        assert.equal(allowed, row.expected.allowed);
        assert.ok(isInTime);
        webhook.hangUp();
      }
      await row.lift(world);
      assert.deepEqual(await webhook.review([registry.image(`v4-${index}`)]), sound, "after");
    } finally {
      await webhook.stop();
    }
  }

  for (const [index, row] of fileRows.entries()) {
    it(`${row.fault}: ${row.expected.says ?? "nothing to say"}, and over when it is mended`, () => play(row, index));
  }

  it("a failed answer is believed no longer for a clock that is set back", async () => {
    const clock = shiftingClock();
    const webhook = await startFaultyWebhook({ clock, lookup: names.lookup, rootsPem: authority.certificatePem });
    try {
      await registry.break({ isDown: true });
      assert.match(`${(await webhook.review([registry.image("v90")])).texts}`, /RegistryConnectionRefused/);
      await registry.mend();
      clock.jump(-3_600_000);
      clock.pass(61_000);
      assert.deepEqual(await webhook.review([registry.image("v90")]), sound);
    } finally {
      await webhook.stop();
    }
  });

  it("a registry that is asked while the clock is set forward does not count as silent", async () => {
    const clock = shiftingClock();
    const webhook = await startFaultyWebhook({ clock, lookup: names.lookup, rootsPem: authority.certificatePem });
    try {
      await registry.break({
        request: (_request, _response, soundly) => {
          clock.jump(86_400_000);
          soundly();
        },
      });
      const tags = Array.from({ length: 12 }, (_, index) => registry.image(`v8${index}`));
      assert.deepEqual(await webhook.review(tags), sound);
      await registry.mend();
      assert.deepEqual(await webhook.review([registry.image("v99")]), sound);
    } finally {
      await webhook.stop();
    }
  });
});
