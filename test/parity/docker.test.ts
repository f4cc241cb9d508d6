import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { spawnPrivately, whyNoDockerd } from "../support/real/index.js";
import { type Compared, falseDenials, missedFailures, renderComparison } from "./comparison.js";
import { daemonFiles, dockerWorlds } from "./docker-cases.js";
import { requireReal } from "./require-real.js";

/** Seed of the random nodes; another one each time unless told. */
const seed = process.env.PULLGUARD_SEED ?? String(Date.now() % 1_000_000_007);
/** How many of them at most, and for how long. */
const worlds = process.env.PULLGUARD_WORLDS ?? "25";
const randomMs = process.env.PULLGUARD_RANDOM_MS ?? "30000";
/** File to which everything that was compared is written, one line of JSON each. */
const recordTo = process.env.PULLGUARD_DOCKER_RECORD;

interface Start {
  readonly kind: "start";
  readonly name: string;
  readonly starts: boolean;
  readonly said: string;
  readonly predicted: readonly string[];
}

interface World {
  readonly kind: "world";
  readonly name: string;
  readonly runtime: string;
  readonly files: Readonly<Record<string, string>>;
  readonly compared: readonly Compared[];
}

async function runPrivately(): Promise<readonly (Start | World)[]> {
  const program = fileURLToPath(new URL("docker-program.js", import.meta.url));
  const child = spawnPrivately(program, {
    PULLGUARD_SEED: seed,
    PULLGUARD_WORLDS: worlds,
    PULLGUARD_RANDOM_MS: randomMs,
  });
  let written = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    written += chunk.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (recordTo !== undefined) writeFileSync(recordTo, written);
  assert.equal(code, 0, `the comparison ended early:\n${written.slice(-2000)}`);
  return written
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Start | World);
}

function told(world: World): string {
  return `${world.name}\n${JSON.stringify(world.files)}\n${renderComparison(world.compared)}`;
}

describe("parity with dockerd", function () {
  // A pull that hangs must not end the suite while others are still at work.
  this.timeout(600_000);
  let lines: readonly (Start | World)[] = [];
  const compared = (): readonly World[] => lines.filter((line) => line.kind === "world");

  before(async function () {
    requireReal(this, whyNoDockerd(), "a real dockerd");
    console.log(`\n  seed of the random nodes: ${seed} (PULLGUARD_SEED repeats them)`);
    lines = await runPrivately();
    const all = compared().flatMap((world) => world.compared);
    console.log(
      `\n  ${compared()[0]?.runtime}, ${compared().length} nodes, ${all.length} pulls\n${renderComparison(all)}`,
    );
  });

  it("starts with the daemon.json files that Pullguard finds sound and with no other", () => {
    const starts = lines.filter((line) => line.kind === "start");
    assert.equal(starts.length, daemonFiles.length);
    for (const { name, starts: didStart, said, predicted } of starts) {
      assert.equal(
        predicted.length === 0,
        didStart,
        `${name}: dockerd said ${said}, Pullguard ${predicted.join("; ")}`,
      );
    }
  });

  it("has every hand-written node and some random ones", () => {
    assert.ok(compared().length > dockerWorlds.length);
  });

  it("pulls nothing that Pullguard denies", () => {
    const wrong = compared().filter((world) => falseDenials(world.compared).length > 0);
    assert.equal(wrong.length, 0, wrong.map(told).join("\n\n"));
  });

  it("fails nothing that Pullguard passes", () => {
    const wrong = compared().filter((world) => missedFailures(world.compared).length > 0);
    assert.equal(wrong.length, 0, wrong.map(told).join("\n\n"));
  });
});
