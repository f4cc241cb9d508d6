import {
  dropIn,
  mirror,
  registriesConf,
  registry,
  soundImage,
  type WrittenNode,
  withConf,
} from "./containers-image-words.js";

/** Files that are refused as a whole. */
export const refusedFiles: readonly WrittenNode[] = (
  [
    ["no TOML", "location = \n"],
    ["a scheme in a location", registry('location = "https://ok.test"')],
    ["a scheme in a mirror", registry('location = "twin.test"') + mirror('location = "http://ok.test"')],
    ["neither prefix nor location", registry("insecure = true")],
    ["a prefix without location", registry('prefix = "ok.test"')],
    ["a mirror without location", registry('location = "twin.test"') + mirror("insecure = true")],
    ["a wildcard with a path", registry('prefix = "*.test/team"', 'location = "ok.test"')],
    ["a wildcard with a port", registry('prefix = "*.test:5000"', 'location = "ok.test"')],
    ["pull-from-mirror of a registry", registry('location = "ok.test"', 'pull-from-mirror = "all"')],
    [
      "pull-from-mirror of another kind",
      registry('location = "ok.test"') + mirror('location = "twin.test"', 'pull-from-mirror = "never"'),
    ],
    [
      "both ways to say digests only",
      registry('location = "ok.test"', "mirror-by-digest-only = true") +
        mirror('location = "twin.test"', 'pull-from-mirror = "all"'),
    ],
    [
      "one location, twice insecure or not",
      registry('location = "ok.test"', "insecure = true") + registry('prefix = "virtual.test"', 'location = "ok.test"'),
    ],
    [
      "one location, twice blocked or not",
      registry('location = "ok.test"', "blocked = true") + registry('prefix = "virtual.test"', 'location = "ok.test"'),
    ],
    ["a mode that is none", 'short-name-mode = "sometimes"\n'],
    ["a search registry with a path", 'unqualified-search-registries = ["ok.test/team"]\n'],
    ["a search registry with a scheme", 'unqualified-search-registries = ["https://ok.test"]\n'],
    ["both versions", '[registries.search]\nregistries = ["ok.test"]\n[[registry]]\nlocation = "twin.test"\n'],
    ["a text for a flag", registry('location = "ok.test"', 'insecure = "true"')],
    ["a table for a list of tables", '[registry]\nlocation = "ok.test"\n'],
    ["an alias with a tag", '[aliases]\nx = "ok.test/x:v1"\n'],
    ["an alias without registry", '[aliases]\nx = "team/app"\n'],
    ["an alias of a full name", '[aliases]\n"ok.test/x" = "ok.test/team/app"\n'],
    ["a newline inside an inline table", 'registry = [{ location = "ok.test",\n insecure = true }]\n'],
    ["a list for a text", registry('location = ["ok.test"]')],
  ] as const
).map(([name, text]) => withConf(`refused: ${name}`, text, [soundImage, "solo"]));

/** Several files. */
export const dropIns: readonly WrittenNode[] = [
  {
    name: "a drop-in of version 1",
    files: { [dropIn("a.conf")]: '[registries.search]\nregistries = ["ok.test"]\n' },
    images: [soundImage],
  },
  {
    name: "an empty drop-in of version 1",
    files: { [dropIn("a.conf")]: "[registries.search]\nregistries = []\n" },
    images: [soundImage],
  },
  { name: "a broken drop-in", files: { [dropIn("z.conf")]: "=" }, images: [soundImage] },
  {
    name: "a broken file that is no drop-in",
    files: { [dropIn("z.toml")]: "=", [dropIn("README")]: "=" },
    images: [soundImage],
  },
  { name: "a folder among drop-ins", files: { [dropIn("sub/z.conf")]: "=" }, images: [soundImage] },
  {
    name: "the last drop-in wins",
    files: {
      [registriesConf]: registry('prefix = "virtual.test"', 'location = "e503.test"'),
      [dropIn("1.conf")]: registry('prefix = "virtual.test"', 'location = "e404all.test"'),
      [dropIn("2.conf")]: registry('prefix = "virtual.test"', 'location = "ok.test"'),
    },
    images: ["virtual.test/team/app:v1"],
  },
  {
    name: "a drop-in takes mirrors away",
    files: {
      [registriesConf]: registry('location = "e503.test"') + mirror('location = "ok.test"'),
      [dropIn("1.conf")]: registry('location = "e503.test"'),
    },
    images: ["e503.test/team/app:v1"],
  },
  {
    name: "a drop-in lifts a block",
    files: {
      [registriesConf]: registry('location = "ok.test"', "blocked = true"),
      [dropIn("1.conf")]: registry('location = "ok.test"'),
    },
    images: [soundImage],
  },
  {
    name: "conflicts between files are none",
    files: {
      [registriesConf]: registry('location = "ok.test"'),
      [dropIn("1.conf")]: registry('prefix = "virtual.test"', 'location = "ok.test"', "insecure = true"),
    },
    images: [soundImage, "virtual.test/team/app:v1"],
  },
  {
    name: "the user's own file replaces the system's",
    files: {
      [registriesConf]: registry('location = "ok.test"', "blocked = true"),
      [dropIn("1.conf")]: "=",
      "/root/.config/containers/registries.conf": "",
    },
    images: [soundImage],
  },
  {
    name: "the user's drop-ins come last",
    files: {
      [registriesConf]: registry('location = "ok.test"', "blocked = true"),
      "/root/.config/containers/registries.conf.d/1.conf": registry('location = "ok.test"'),
    },
    images: [soundImage],
  },
  {
    name: "version 1",
    files: {
      [registriesConf]:
        '[registries.search]\nregistries = ["ok.test"]\n[registries.insecure]\nregistries = ["httpport.test:5000"]\n[registries.block]\nregistries = ["twin.test"]\n',
    },
    images: [soundImage, "team/app:v1", "httpport.test:5000/team/app:v1", "twin.test/team/app:v1"],
  },
];
