import { spawnSync } from "node:child_process";
import { Client } from "undici";
import { manifestAccept } from "../src/oci/index.js";
import { benchUser } from "./bench-user.js";
import { checkMany, checkOne } from "./cold-check.js";
import { type BenchEngine, createBenchEngine } from "./engine.js";
import { atMost, type BenchPlan, countOf, type Figure, figureOf, type Target } from "./figure.js";
import type { Companion } from "./processes.js";
import type { Access, Arrivals, Registries } from "./registry-process.js";
import { drcHead } from "./second-opinion.js";
import { ratioOf, spreadOf } from "./statistics.js";

/** Who is measured. The first three are other people's. */
const subjects = ["head", "drc", "skopeo", "first", "new", "known", "new-20", "known-20"] as const;
type Subject = (typeof subjects)[number];

const meanings: Readonly<Record<Exclude<Subject, "head" | "drc" | "skopeo">, string>> = {
  first: "a process's first check: no connection, nothing remembered",
  new: "an image that nobody asked for before, on a registry that was",
  known: "a tag that nobody asked for before, of an image that was",
  "new-20": "20 new images of one Pod",
  "known-20": "20 new tags of known images of one Pod",
};

const node = { runtime: "containerd://1.7.13", platform: "linux/amd64" };
const many = 20;

interface Setting {
  readonly access: Access;
  readonly delayMs: number;
  readonly rounds: number;
  readonly withSkopeo: boolean;
  readonly hasTime: () => boolean;
}

/** Group 2: checks of images whose answers are not remembered, on registries near and far. */
export async function measureCold(
  registry: Companion<Registries>,
  { isQuick, hasTime, note }: BenchPlan,
): Promise<readonly Figure[]> {
  const accesses: readonly Access[] = ["public", "basic", "bearer"];
  const figures: Figure[] = [];
  for (const access of accesses) {
    for (const delayMs of [0, 20, 100]) {
      if (isQuick && delayMs === 100 && (access !== "public" || !hasTime())) continue;
      note(`cold checks, ${access} registry, ${delayMs} ms`);
      const rounds = isQuick ? { 0: 10, 20: 4, 100: 1 }[delayMs] : { 0: 60, 20: 25, 100: 9 }[delayMs];
      const withSkopeo = !isQuick || (access === "public" && delayMs === 20);
      const bench = new ColdBench(registry, { access, delayMs, rounds: rounds ?? 1, withSkopeo, hasTime });
      figures.push(...(await bench.run()));
    }
  }
  return figures;
}

class ColdBench {
  readonly #registry: Companion<Registries>;
  readonly #setting: Setting;
  readonly #lasting: BenchEngine;
  readonly #head: Client;
  #count = 0;

  constructor(registry: Companion<Registries>, setting: Setting) {
    this.#registry = registry;
    this.#setting = setting;
    this.#lasting = createBenchEngine(registry.ready, node);
    // What a bare HEAD takes, even where a check must be let in first.
    this.#head = new Client(`http://${registry.ready.addresses.public}`, { pipelining: 1 });
  }

  async run(): Promise<readonly Figure[]> {
    const { delayMs, rounds, withSkopeo, hasTime } = this.#setting;
    const asked = subjects.filter((subject) => withSkopeo || subject !== "skopeo");
    const times = new Map<Subject, number[]>(asked.map((subject) => [subject, []]));
    try {
      await this.#registry.ask("delay:0");
      for (let round = 0; round < 30; round += 1)
        for (const subject of ["head", "new", "known"] as const) await this.#ask(subject);
      for (const subject of ["drc", "new-20", "known-20"] as const) await this.#ask(subject);
      await this.#registry.ask(`delay:${delayMs}`);
      for (let round = 0; round < rounds && (round === 0 || hasTime()); round += 1) {
        for (let turn = 0; turn < asked.length; turn += 1) {
          const subject = asked[(turn + round) % asked.length] ?? "head";
          const startMs = performance.now();
          await this.#ask(subject);
          times.get(subject)?.push(performance.now() - startMs);
        }
      }
      return [...this.#figures(times), ...(await this.#requests())];
    } finally {
      await this.#registry.ask("delay:0");
      await Promise.all([this.#lasting.close(), this.#head.close()]);
    }
  }

  async #ask(subject: Subject): Promise<void> {
    const address = this.#registry.ready.addresses[this.#setting.access];
    this.#count += 1;
    const fresh = `${this.#setting.access}${this.#setting.delayMs}/n${this.#count}`;
    switch (subject) {
      case "head":
        return await bareHead(this.#head);
      case "drc":
        return await drcHead(address, "team/app", "v1", this.#setting.access !== "public");
      case "skopeo":
        return skopeoInspect(address, this.#setting.access !== "public");
      case "first":
        return await this.#firstCheck(`${address}/team/app:v1`);
      case "new":
        return await checkOne(this.#lasting.check, `${address}/${fresh}:v1`);
      case "known":
        return await checkOne(this.#lasting.check, `${address}/team/app:t${this.#count}`);
      case "new-20":
        return await checkMany(
          this.#lasting.check,
          severalOf((index) => `${address}/${fresh}/i${index}:v1`),
        );
      case "known-20":
        return await checkMany(
          this.#lasting.check,
          severalOf((index) => `${address}/team/i${index}:t${this.#count}`),
        );
    }
  }

  async #firstCheck(image: string): Promise<void> {
    const engine = createBenchEngine(this.#registry.ready, node);
    try {
      await checkOne(engine.check, image);
    } finally {
      await engine.close();
    }
  }

  #figures(times: ReadonlyMap<Subject, readonly number[]>): readonly Figure[] {
    const { access, delayMs } = this.#setting;
    const of = (subject: Subject): readonly number[] => times.get(subject) ?? [];
    const figure = (subject: keyof typeof meanings, baseline: Subject, target?: Target): readonly Figure[] => {
      if (of(baseline).length === 0) return [];
      const measured = { ms: spreadOf(of(subject)).median, baselineMs: spreadOf(of(baseline)).median };
      const given = {
        name: `cold.${access}.${delayMs}ms.${subject}/${baseline}`,
        group: "cold",
        meaning: `${meanings[subject]}, over ${baselines[baseline] ?? baseline}`,
        unit: "ratio",
        measured,
        ...(target === undefined ? {} : { target }),
      } as const;
      return [figureOf(given, ratioOf(of(subject), of(baseline)), of(subject).length)];
    };
    const isPublic = access === "public";
    const single = (["first", "new", "known"] as const).flatMap((subject) => [
      ...figure(subject, "head", isPublic && subject !== "first" ? atMost(1.25) : undefined),
      ...figure(subject, "drc", isPublic && subject !== "first" ? atMost(0.5) : undefined),
      ...figure(subject, "skopeo"),
    ]);
    const twenty = delayMs === 20 ? atMost(2.5) : undefined;
    return [...single, ...figure("new-20", "new", twenty), ...figure("known-20", "known", twenty)];
  }

  /** What arrives for one check of each kind. */
  async #requests(): Promise<readonly Figure[]> {
    const { access, delayMs } = this.#setting;
    if (delayMs !== 0) return [];
    const figures: Figure[] = [];
    for (const subject of ["drc", "first", "new", "known"] as const) {
      await this.#registry.ask<Arrivals>("take");
      await this.#ask(subject);
      const arrived = (await this.#registry.ask<Arrivals>("take"))[access];
      const name = `cold.${access}.requests.${subject}`;
      const meaning = `${subject === "drc" ? baselines.drc : meanings[subject]}: ${arrived.map(shortened).join(", ")}`;
      figures.push(countOf({ name, group: "cold", meaning, unit: "requests" }, arrived.length));
    }
    return figures;
  }
}

const baselines: Readonly<Partial<Record<Subject, string>>> = {
  head: "one bare undici HEAD on a connection that is open (to the public registry)",
  drc: "docker-registry-client's HEAD of a manifest",
  skopeo: "skopeo inspect of the same image, the start of its process included",
  new: "one new image",
  known: "one new tag of a known image",
};

function severalOf(image: (index: number) => string): readonly string[] {
  return Array.from({ length: many }, (_, index) => image(index));
}

const headers = { accept: manifestAccept.join(", ") };

async function bareHead(client: Client): Promise<void> {
  const { body } = await client.request({ method: "HEAD", path: "/v2/team/app/manifests/v1", headers, reset: false });
  await body.dump();
}

function skopeoInspect(address: string, withLogin: boolean): void {
  const login = withLogin ? ["--creds", `${benchUser.username}:${benchUser.password}`] : [];
  const args = ["inspect", "--tls-verify=false", "--no-tags", ...login, `docker://${address}/team/app:v1`];
  const { status, error } = spawnSync("skopeo", args, { stdio: ["ignore", "ignore", "ignore"] });
  if (status !== 0) throw new Error("skopeo inspect failed", { cause: error });
}

function shortened(line: string): string {
  return line
    .replace(/\/v2\/.*\/(manifests|blobs)\//, "$1/")
    .replace(/sha256:\w+/, "sha256:…")
    .replace(/ robot.*$/, "");
}
