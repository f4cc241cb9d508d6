import assert from "node:assert/strict";
import { Redacted } from "../../src/core/index.js";
import { inMemorySecretSource } from "../../src/credentials/index.js";
import { createAuthority } from "../support/authority.js";
import { labUser } from "../support/lab/index.js";
import { type BreakableRegistry, startBreakableRegistry } from "./breakable-registry.js";
import { shiftingClock } from "./clock.js";
import { createNames } from "./names.js";
import { watchProcess } from "./process-watch.js";
import { registryRows } from "./registry-faults.js";
import type { RegistryRow, RegistryWorld } from "./registry-row.js";
import { type FaultyWebhook, type Reviewed, startFaultyWebhook } from "./webhook.js";

const dayMs = 86_400_000;

/** What a row came to: the answers before, during and after the fault, and those of a neighbour meanwhile. */
interface Course {
  readonly before: Reviewed;
  /** The broken registry's image and a sound one in one review. */
  readonly during: Reviewed;
  /** A sound image in a review of its own. */
  readonly beside: Reviewed;
  readonly after: Reviewed;
}

/** The account's login for registries that ask for one. */
function loginFor(registries: readonly BreakableRegistry[]) {
  const auths = Object.fromEntries(registries.map(({ host, port }) => [`${host}:${port}`, labUser]));
  return inMemorySecretSource({
    secrets: [
      {
        ...{ namespace: "shop", name: "login", type: "kubernetes.io/dockerconfigjson", resourceVersion: "1" },
        data: new Map([[".dockerconfigjson", new Redacted(JSON.stringify({ auths }))]]),
      },
    ],
    serviceAccounts: [{ namespace: "shop", name: "default", imagePullSecrets: ["login"] }],
    absent: { kind: "not-found" },
  });
}

/** Every fault of a registry, all at the same time and on one webhook: whatever one of them did to another would show. */
describe("faults of registries", function () {
  this.timeout(60_000);
  const clock = shiftingClock();
  const names = createNames();
  const started: BreakableRegistry[] = [];
  const process = watchProcess();
  let webhook: FaultyWebhook;
  let neighbour: BreakableRegistry;
  let courses: Promise<readonly Course[]>;

  before(async () => {
    const [known, stranger] = await Promise.all([createAuthority("Fault Authority"), createAuthority("Stranger")]);
    const start = async (host: string, more: Partial<Parameters<typeof startBreakableRegistry>[0]> = {}) => {
      const certificate = await known.issue({ names: [host] });
      const registry = await startBreakableRegistry({ host, certificate, ...more });
      started.push(registry);
      return registry;
    };
    neighbour = await start("neighbour.test");
    const worldOf = async ({ auth }: RegistryRow, index: number): Promise<RegistryWorld> => {
      const host = `fault${index}.test`;
      const past = { notBefore: new Date(Date.now() - 9 * dayMs), notAfter: new Date(Date.now() - dayMs) };
      const tokens = auth === undefined ? neighbour : await start(`tokens${index}.test`);
      return {
        ...{ names, tokens },
        registry: await start(host, auth === undefined ? {} : { auth, realm: `https://${tokens.host}:${tokens.port}` }),
        certificates: {
          expired: await known.issue({ names: [host], ...past }),
          wrongName: await known.issue({ names: ["elsewhere.test"] }),
          stranger: await stranger.issue({ names: [host] }),
        },
      };
    };
    const worlds = await Promise.all(registryRows.map(worldOf));
    webhook = await startFaultyWebhook({
      ...{ clock, lookup: names.lookup, rootsPem: known.certificatePem },
      secrets: loginFor(
        worlds.filter((_, index) => registryRows[index]?.auth !== undefined).map((each) => each.registry),
      ),
    });
    courses = playAll(worlds);
  });

  after(async () => {
    await courses.catch(() => undefined);
    await webhook?.stop();
    await Promise.all(started.map((registry) => registry.stop()));
    await process.assertClean();
  });

  /** Time goes by between the phases only: within one, whoever is waited for would seem to be late. */
  async function playAll(worlds: readonly RegistryWorld[]): Promise<readonly Course[]> {
    const before = await Promise.all(worlds.map(({ registry }) => webhook.review([registry.image("v1")])));
    // No token that was given until here is still good.
    clock.pass(3_600_000);
    const during = await Promise.all(registryRows.map((row, index) => breakDown(row, worlds[index] as RegistryWorld)));
    // What failed is believed for some seconds, and a registry that failed again and again is spared for some more.
    clock.pass(120_000);
    const after = await Promise.all(worlds.map(({ registry }) => webhook.review([registry.image("v2")])));
    return before.map((each, index) => ({ before: each, after: after[index], ...during[index] }) as Course);
  }

  async function breakDown(row: RegistryRow, world: RegistryWorld): Promise<Pick<Course, "during" | "beside">> {
    const { registry } = world;
    await row.inject(world);
    const wish = row.timeoutMs === undefined ? {} : { timeoutMs: row.timeoutMs };
    const sound = neighbour.image(`v1-${registry.host}`);
    const [during, beside] = await Promise.all([
      webhook.review([registry.image("v2"), sound], wish),
      webhook.review([`${sound}-beside`], wish),
    ]);
    await row.lift(world);
    return { during, beside };
  }

  const sound = { allowed: true, texts: [], isInTime: true };

  for (const [index, { fault, expected }] of registryRows.entries()) {
    it(`${fault}: ${expected.says ?? "nothing to say"}, and over when it is mended`, async () => {
      const course = (await courses)[index];
      assert.ok(course);
      assert.deepEqual(course.before, sound, "before");
      const { allowed, texts, isInTime } = course.during;
      assert.ok(isInTime, "in time");
      const [text, ...others] = texts;
      assert.match(`${text}`, new RegExp(expected.says ?? "^undefined$"));
      assert.deepEqual(others, [], "nothing is said of the sound image");
      if (expected.says !== undefined) assert.match(`${text}`, /fault\d+\.test/, "the text names the registry");
      assert.equal(allowed, expected.allowed, text);
      assert.deepEqual(course.beside, sound, "other registries");
      assert.deepEqual(course.after, sound, "after");
    });
  }
});
