import {
  dropIn,
  registriesConf,
  registry,
  robot,
  search,
  soundImage,
  type WrittenNode,
  withConf,
} from "./containers-image-words.js";

const cacheFile = "/var/cache/containers/short-name-aliases.conf";

/** Names without registry. */
export const shortNames: readonly WrittenNode[] = [
  withConf("no search registries", "", ["solo", "team/app:v1", "localhost/team/app:v1"]),
  withConf("an empty list of search registries", search(), ["solo"]),
  withConf("one search registry", search("ok.test"), [
    "solo",
    "team/app:v1",
    "library/solo",
    "team/app:nope",
    "localhost:5000",
    "team/app@{ok}",
  ]),
  withConf("search registries in turn", search("refused.test", "e404all.test", "ok.test"), [
    "solo",
    "team/app:v1",
    "team/app:nope",
  ]),
  withConf("what is wrong with one image leads to the next", search("ok.test", "twin.test"), [
    "idx:armonly",
    "team/app:artifact",
    "idx:multi",
  ]),
  withConf("enforced, one registry", `${search("ok.test")}short-name-mode = "enforcing"\n`, ["solo", "team/app:v1"]),
  withConf("enforced, two registries", `${search("ok.test", "twin.test")}short-name-mode = "enforcing"\n`, [
    "solo",
    "team/app:v1",
    soundImage,
  ]),
  withConf("disabled, two registries", `${search("e404all.test", "ok.test")}short-name-mode = "disabled"\n`, ["solo"]),
  withConf(
    "an alias",
    `${search("e404all.test")}[aliases]\nsolo = "ok.test/library/solo"\n"team/app" = "ok.test/deep/er/path/app"\n`,
    ["solo", "solo:latest", "solo:nope", "team/app:v1", "docker.io/library/solo"],
  ),
  withConf(
    "an alias that leads to Docker Hub",
    `[aliases]\nsolo = "docker.io/solo"\n${registry('prefix = "docker.io"', 'location = "hub.test"')}`,
    ["solo"],
  ),
  withConf("an empty alias", `${search("ok.test")}[aliases]\nsolo = ""\n`, ["solo"]),
  {
    name: "a drop-in with aliases",
    files: {
      [registriesConf]: search("e404all.test"),
      [dropIn("000-shortnames.conf")]: '[aliases]\nsolo = "ok.test/library/solo"\n',
    },
    images: ["solo"],
  },
  {
    name: "a drop-in takes an alias back",
    files: {
      [registriesConf]: `${search("e404all.test")}[aliases]\nsolo = "ok.test/library/solo"\n`,
      [dropIn("1.conf")]: '[aliases]\nsolo = ""\n',
    },
    images: ["solo"],
  },
  {
    name: "the cache overrules",
    files: {
      [registriesConf]: '[aliases]\nsolo = "e404all.test/solo"\n',
      [cacheFile]: '[aliases]\n"solo" = "ok.test/library/solo"\n',
    },
    images: ["solo"],
  },
  {
    name: "a broken cache",
    files: { [registriesConf]: search("ok.test"), [cacheFile]: "=" },
    images: ["solo", soundImage],
  },
  {
    name: "a search registry is rewritten",
    files: { [registriesConf]: search("virtual.test") + registry('prefix = "virtual.test"', 'location = "ok.test"') },
    images: ["solo", "team/app:v1"],
  },
  {
    name: "a blocked search registry",
    files: { [registriesConf]: search("twin.test", "ok.test") + registry('location = "twin.test"', "blocked = true") },
    images: ["solo"],
  },
  withConf(
    "Docker Hub among the search registries",
    search("docker.io") + registry('prefix = "docker.io"', 'location = "hub.test"'),
    ["solo", "team/app:v1", "nobody/none:v1"],
  ),
  withConf("credentials go to every search registry", search("basic.test"), [["team/app:v1", robot], "team/app:v1"]),
];
