import assert from "node:assert/strict";
import fc from "fast-check";
import { mapConcurrently } from "../../src/check/concurrently.js";
import { nodeFilesFromMap, parseRuntime, seenNodeProfile } from "../../src/node/index.js";
import { createAuthority } from "../support/authority.js";
import { type Lab, labUser, startLab } from "../support/lab/index.js";
import { type RealContainerd, startContainerd, versionOnPath, whyNoContainerd } from "../support/real/index.js";
import { type Compared, falseDenials, missedFailures, renderComparison } from "./comparison.js";
import { randomRegistries } from "./containerd-random-lab.js";
import { type NodeFiles, type RandomRound, randomNode } from "./containerd-random-node.js";
import { createPredictions } from "./predict.js";
import { pullAll } from "./reality.js";
import { requireReal } from "./require-real.js";
import type { ParityCase } from "./scenario.js";

/** Set it to see the nodes of an earlier run again. */
const seed = Number(process.env.PULLGUARD_SEED ?? Date.now() % 1_000_000_000);
/** No further node is tried after so long. */
const budgetMs = Number(process.env.PULLGUARD_PARITY_SECONDS ?? 45) * 1000;
const concurrentPredictions = 8;

/** Pulls that the two disagree about, each with all that led to it. */
function shown(compared: readonly Compared[], files: NodeFiles): string {
  const places = compared.map(({ image }) => image.split("/")[0] ?? "").map((domain) => domain.replace(/:(\d+)$/, ""));
  const relevant = Object.entries(files).filter(
    ([path]) =>
      !/\.(pem|crt)$/.test(path) &&
      (/\/(config|registry)\.toml$|_default/.test(path) || places.some((place) => path.includes(`/${place}`))),
  );
  const texts = relevant.map(([path, text]) => `--- ${path}\n${text}`);
  return `${renderComparison(compared)}\n${texts.join("\n")}`;
}

function casesOf({ pulls }: RandomRound, place: string): readonly ParityCase[] {
  const credential = { username: labUser.username, password: labUser.password };
  return pulls.map(({ image, withUser }) => ({
    id: `${place}: ${image}${withUser ? " with a user" : ""}`,
    image,
    ...(withUser && { credential }),
  }));
}

describe("parity with containerd on nodes configured at random", function () {
  this.timeout(600_000);
  let lab: Lab;
  let pair = "";

  before(async function () {
    requireReal(this, whyNoContainerd());
    lab = await startLab({ ports: "real", registries: randomRegistries });
    const client = await (await createAuthority("Client")).issue({ names: ["client"] });
    pair = `${client.chainPem}${client.keyPem}`;
  });
  after(() => lab?.stop());

  function filled(files: NodeFiles): NodeFiles {
    return Object.fromEntries(
      Object.entries(files).map(([path, text]) => [
        path,
        text.replaceAll("{ca}", lab.caPem).replaceAll("{pair}", pair),
      ]),
    );
  }

  async function compare(containerd: RealContainerd, files: NodeFiles, cases: readonly ParityCase[]) {
    const reality = await pullAll(containerd, lab, cases);
    lab.reset();
    const predictions = createPredictions(lab, containerd.version, files);
    try {
      return await mapConcurrently(reality, concurrentPredictions, async (one) => ({
        ...one,
        prediction: await predictions.predict(one.image, one.asked.credential),
      }));
    } finally {
      await predictions.close();
    }
  }

  it("denies nothing that it pulls and passes nothing that it does not", async () => {
    const startedMs = Date.now();
    const all: Compared[] = [];
    let disagreements = "";
    let nodes = 0;
    const version = versionOnPath();
    const arbitrary = randomNode(!version.startsWith("containerd 1."));
    for (let place = 0; Date.now() - startedMs < budgetMs; place++) {
      // Each node has a seed of its own, so that one alone can be seen again.
      const [node] = fc.sample(arbitrary, { seed: seed + place, numRuns: 1 });
      assert.ok(node);
      const config = filled(node.config);
      const refused = refusalOf(version, config);
      const containerd = await startContainerd(lab, config).catch((error: unknown) => {
        if (refused === undefined) disagreements += `${String(error)}\n${shown([], node.config)}`;
        return undefined;
      });
      nodes += 1;
      if (containerd === undefined) continue;
      if (refused !== undefined) disagreements += `it came up, but Pullguard says: ${refused}\n`;
      try {
        for (const [turn, round] of node.rounds.entries()) {
          const files = { ...config, ...filled(round.certs) };
          containerd.replaceCerts(files);
          const compared = await compare(containerd, files, casesOf(round, `seed ${seed + place}, round ${turn}`));
          const wrong = [...falseDenials(compared), ...missedFailures(compared)];
          if (wrong.length > 0) disagreements += shown(wrong, { ...node.config, ...round.certs });
          all.push(...compared);
        }
      } finally {
        await containerd.stop();
      }
    }
    console.log(`\nseed ${seed} (PULLGUARD_SEED), ${nodes} nodes, ${all.length} pulls\n${renderComparison(all)}`);
    if (disagreements !== "") console.log(disagreements);
    assert.ok(disagreements === "", "the runtime and Pullguard disagree, see above");
  });
});

/** Why the daemon will not come up with these files, as Pullguard sees it. */
function refusalOf(version: string, files: NodeFiles): string | undefined {
  const profile = seenNodeProfile({
    name: "asked",
    files: nodeFilesFromMap(files),
    runtime: parseRuntime(version.replace(" ", "://")),
    identityKey: new Uint8Array(32),
  });
  return profile.issues.find(({ code, message }) => code === "RuntimeConfigInvalid" && /does not start/.test(message))
    ?.message;
}
