import fc from "fast-check";
import { type Lab, labUser } from "../support/lab/index.js";
import type { NodeWithPulls, PodmanNode } from "./containers-image-node.js";
import type { ParityCase } from "./scenario.js";

/** Nodes of one run; with five pulls each they take about a minute. */
const nodeCount = 48;
const pullsEach = 5;

/** `PULLGUARD_SEED`, or a new one. */
export function seedOfRun(): number {
  return Number(process.env.PULLGUARD_SEED ?? Math.floor(Math.random() * 2 ** 31));
}

const hosts = [
  "ok.test",
  "okport.test:8443",
  "twin.test",
  "a.sub.twin.test",
  "plaintwin.test:5000",
  "httpport.test:5000",
  "hub.test",
  "unknown.test",
  "self.test",
  "expired.test",
  "wrongname.test",
  "basic.test",
  "bearerpub.test",
  "e404all.test",
  "e503.test",
  "refused.test",
  "nosuch-name.test",
  "virtual.test",
  "docker.io",
];
const paths = ["/team", "/team/app", "/library", "/deep/er", "/deep/er/path/app", "/tea"];
/** Most of what is asked for should be there: a node on which nothing works shows little. */
const goodHosts = [
  "ok.test",
  "ok.test",
  "twin.test",
  "a.sub.twin.test",
  "okport.test:8443",
  "plaintwin.test:5000",
  "hub.test",
];

const weighted = <T>(...choices: readonly (readonly [number, T])[]): fc.Arbitrary<T> =>
  fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));
const host = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...goodHosts) },
  { weight: 1, arbitrary: fc.constantFrom(...hosts) },
);
const path = fc.oneof({ weight: 4, arbitrary: fc.constant("") }, { weight: 1, arbitrary: fc.constantFrom(...paths) });
const place = fc.tuple(host, path).map(([name, below]) => name + below);
const flag = weighted([6, undefined], [1, false], [2, true]);
const rarely = weighted([14, undefined], [1, true]);

function lines(settings: Readonly<Record<string, string | boolean | undefined>>): string {
  const set = Object.entries(settings).filter(([, value]) => value !== undefined);
  return set.map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`).join("");
}

const mirror = fc
  .record({
    location: place,
    insecure: flag,
    "pull-from-mirror": weighted<string | undefined>([8, undefined], [1, "all"], [1, "digest-only"], [1, "tag-only"]),
  })
  .map((settings) => `[[registry.mirror]]\n${lines(settings)}`);

const prefix = fc.oneof(
  { weight: 6, arbitrary: place },
  { weight: 1, arbitrary: fc.constantFrom("*.test", "*.twin.test", "*.sub.twin.test", "*.io") },
);
const table = fc
  .record({
    prefix: fc.option(prefix, { nil: undefined }),
    location: fc.oneof({ weight: 40, arbitrary: place }, { weight: 1, arbitrary: fc.constant(undefined) }),
    insecure: flag,
    blocked: rarely,
    "mirror-by-digest-only": rarely,
  })
  .chain((settings) =>
    fc
      .array(mirror, { maxLength: settings["mirror-by-digest-only"] === undefined ? 3 : 1 })
      .map((mirrors) => `[[registry]]\n${lines(settings)}${mirrors.join("")}`),
  );

const searchRegistries = fc
  .option(fc.array(host, { maxLength: 3 }), { nil: undefined })
  .map((found) => (found === undefined ? "" : `unqualified-search-registries = ${JSON.stringify(found)}\n`));
const mode = weighted(
  [4, ""],
  [1, 'short-name-mode = "permissive"\n'],
  [1, 'short-name-mode = "enforcing"\n'],
  [1, 'short-name-mode = "disabled"\n'],
);
const aliases = fc
  .dictionary(
    fc.constantFrom("solo", "team/app", "library/solo", "app"),
    fc.constantFrom(
      "ok.test/library/solo",
      "hub.test/team/app",
      "twin.test/team/app",
      "docker.io/solo",
      "e404all.test/x",
      "",
    ),
    { maxKeys: 2 },
  )
  .map((found) => (Object.keys(found).length === 0 ? "" : `[aliases]\n${quotedLines(found)}`));

function quotedLines(found: Readonly<Record<string, string>>): string {
  return Object.entries(found)
    .map(([name, value]) => `${JSON.stringify(name)} = ${JSON.stringify(value)}\n`)
    .join("");
}

const registriesFile = (tables: number): fc.Arbitrary<string> =>
  fc
    .tuple(searchRegistries, mode, fc.array(table, { maxLength: tables }), aliases)
    .map(([search, shortNames, found, names]) => search + shortNames + found.join("") + names);

const version1 = fc
  .record({
    search: fc.array(host, { maxLength: 2 }),
    insecure: fc.array(host, { maxLength: 2 }),
    block: fc.array(host, { maxLength: 1 }),
  })
  .map((lists) =>
    Object.entries(lists)
      .map(([name, found]) => `[registries.${name}]\nregistries = ${JSON.stringify(found)}\n`)
      .join(""),
  );
const mainFile = fc.oneof(
  { weight: 20, arbitrary: registriesFile(3) },
  { weight: 2, arbitrary: version1 },
  { weight: 1, arbitrary: fc.tuple(version1, table).map(([old, young]) => old + young) },
);

const dropIns = fc
  .dictionary(
    fc.constantFrom("000-shortnames.conf", "10-site.conf", "99.conf", "ignored.toml"),
    fc.oneof({ weight: 10, arbitrary: registriesFile(2) }, { weight: 1, arbitrary: version1 }),
    { maxKeys: 2 },
  )
  .map((found) => prefixed("/etc/containers/registries.conf.d/", found));

const cache = fc
  .option(aliases, { nil: "", freq: 3 })
  .map((text): PodmanNode => (text === "" ? {} : { "/var/cache/containers/short-name-aliases.conf": text }));

const demand = fc.constantFrom(
  [{ type: "insecureAcceptAnything" }],
  [{ type: "insecureAcceptAnything" }],
  [{ type: "reject" }],
);
const scope = fc.oneof(place, fc.constantFrom("", "*.test", "*.twin.test", "ok.test/team/app:v1", "docker.io/library"));
const policy = fc
  .option(
    fc.record({ default: demand, transports: fc.record({ docker: fc.dictionary(scope, demand, { maxKeys: 3 }) }) }),
    { nil: undefined, freq: 2 },
  )
  .map((found): PodmanNode => (found === undefined ? {} : { "/etc/containers/policy.json": JSON.stringify(found) }));

function prefixed(folder: string, files: Readonly<Record<string, string>>): PodmanNode {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [folder + name, text]));
}

/** `{ca}` becomes the certificate of the laboratory's authority. */
const hostFolder = weighted<Readonly<Record<string, string>>>(
  [24, { "ca.crt": "{ca}" }],
  [1, { "lab.crt": "noise\n{ca}" }],
  [1, { "ca.pem": "{ca}" }],
  [1, { "ca.cert": "{ca}" }],
  [1, { "client.key": "noise\n" }],
  [1, { "a.crt": "noise\n", README: "x" }],
  [2, {}],
);
const certificates = fc
  .tuple(
    ...hosts.map(() =>
      fc.tuple(hostFolder, weighted([9, "/etc/containers"], [1, "/etc/docker"], [1, "/root/.config/containers"])),
    ),
  )
  .map((folders) =>
    Object.assign({}, ...folders.map(([files, root], index) => prefixed(`${root}/certs.d/${hosts[index]}/`, files))),
  );

const image = fc.oneof(
  { weight: 8, arbitrary: host.map((name) => `${name}/team/app:v1`) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        host,
        fc.constantFrom(
          "library/solo",
          "deep/er/path/app:v1",
          "idx:multi",
          "idx:armonly",
          "app:v1",
          "path/app:v1",
          "solo",
          "team/app:nope",
        ),
      )
      .map(([name, path]) => `${name}/${path}`),
  },
  { weight: 3, arbitrary: host.map((name) => `${name}/team/app@{ok}`) },
  { weight: 3, arbitrary: fc.constantFrom("solo", "team/app:v1", "app:v1", "library/solo", "team/app@{ok}") },
);
const withUser = weighted([4, false], [1, true]);

const node = fc
  .tuple(mainFile, dropIns, cache, policy, certificates)
  .map((parts) => Object.assign({ "/etc/containers/registries.conf": parts[0] }, ...parts.slice(1)) as PodmanNode);

/** Nodes of this seed, each with a few images to pull. */
export function nodesAtRandom(lab: Lab, seed: number): readonly NodeWithPulls[] {
  const asked = fc.array(fc.tuple(image, withUser), { minLength: pullsEach, maxLength: pullsEach });
  const samples = fc.sample(fc.tuple(node, asked), { seed, numRuns: nodeCount });
  const digest = lab.digestOf("ok.test", "team/app", "v1");
  return samples.map(([files, images], index) => ({
    node: Object.fromEntries(
      Object.entries(files).map(([path, text]) => [path, text.replaceAll("{ca}", lab.caPem)] as const),
    ),
    cases: images.map(([written, user], place): ParityCase => {
      const name = written.replace("{ok}", digest);
      const credential = user ? { credential: labUser } : {};
      return { id: `${index}.${place} ${name}${user ? " as robot" : ""}`, image: name, ...credential };
    }),
  }));
}
