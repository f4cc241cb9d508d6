import { createAuthority } from "../support/authority.js";
import type { Lab } from "../support/lab/index.js";
import type { PullCredential } from "../support/real/index.js";
import type { NodeWithPulls, PodmanNode } from "./containers-image-node.js";
import type { ParityCase } from "./scenario.js";

interface Written {
  readonly name: string;
  readonly files: PodmanNode;
  readonly images: readonly (string | readonly [image: string, credential: PullCredential])[];
}

const conf = "/etc/containers/registries.conf";
const dropIn = (name: string): string => `/etc/containers/registries.conf.d/${name}`;
const policy = "/etc/containers/policy.json";
const cacheFile = "/var/cache/containers/short-name-aliases.conf";
const robot: PullCredential = { username: "robot", password: "s3cret-pass" };

const accept = [{ type: "insecureAcceptAnything" }];
const reject = [{ type: "reject" }];
const policyOf = (scopes: Readonly<Record<string, unknown>>, byDefault: unknown = accept): string =>
  JSON.stringify({ default: byDefault, transports: { docker: scopes } });

const app = "team/app:v1";
const ok = `ok.test/${app}`;
const registry = (...lines: readonly string[]): string => `[[registry]]\n${lines.join("\n")}\n`;
const mirror = (...lines: readonly string[]): string => `[[registry.mirror]]\n${lines.join("\n")}\n`;
const withConf = (name: string, text: string, images: Written["images"]): Written => ({
  name,
  files: { [conf]: text },
  images,
});

/** Tables of registries.conf. */
const tables: readonly Written[] = [
  withConf("no file at all", "", [
    ok,
    "hub.test/team/app:v1",
    "twin.test/team/app:v1",
    "solo",
    "httpport.test:5000/team/app:v1",
  ]),
  withConf("a rewritten prefix", registry('prefix = "virtual.test/apps"', 'location = "ok.test/team"'), [
    "virtual.test/apps/app:v1",
    "virtual.test/apps/app@{none}",
    "virtual.test/appsx/app:v1",
    "virtual.test/app:v1",
  ]),
  withConf("a host in place of a path", registry('prefix = "virtual.test"', 'location = "ok.test/deep/er"'), [
    "virtual.test/path/app:v1",
  ]),
  withConf("a wildcard", registry('prefix = "*.twin.test"', 'location = "ok.test"'), [
    "a.sub.twin.test/team/app:v1",
    "b.twin.test/team/app:v1",
    "twin.test/team/app:v1",
  ]),
  withConf("a wildcard without location", registry('prefix = "*.test"', "blocked = true"), [
    ok,
    "twin.test/team/app:v1",
  ]),
  withConf("an insecure wildcard", registry('prefix = "*.test"', "insecure = true"), [
    "self.test/team/app:v1",
    "unknown.test/team/app:v1",
    "httpport.test:5000/team/app:v1",
    "http.test/team/app:v1",
    "expired.test/team/app:v1",
  ]),
  withConf(
    "the longest prefix",
    registry('location = "ok.test"', "blocked = true") +
      registry('prefix = "ok.test/team"', 'location = "ok.test/team"'),
    [ok, "ok.test/library/solo"],
  ),
  withConf(
    "a blocked location behind another prefix",
    registry('prefix = "virtual.test"', 'location = "ok.test"') + registry('location = "ok.test"', "blocked = true"),
    ["virtual.test/team/app:v1", ok],
  ),
  withConf(
    "a blocked prefix of another location",
    registry('prefix = "virtual.test"', 'location = "ok.test"', "blocked = true"),
    ["virtual.test/team/app:v1", ok],
  ),
  withConf(
    "a blocked mirror",
    registry('location = "twin.test"') +
      mirror('location = "ok.test"') +
      registry('location = "ok.test"', "blocked = true"),
    ["twin.test/team/app:v1"],
  ),
  withConf(
    "a blocked registry with a good mirror",
    registry('location = "twin.test"', "blocked = true") + mirror('location = "ok.test"'),
    ["twin.test/team/app:v1"],
  ),
  withConf(
    "mirrors in turn",
    registry('location = "e503.test"') +
      mirror('location = "e404all.test"') +
      mirror('location = "refused.test"') +
      mirror('location = "unknown.test"') +
      mirror('location = "ok.test"'),
    ["e503.test/team/app:v1"],
  ),
  withConf(
    "a mirror with a path",
    registry('prefix = "virtual.test"', 'location = "e503.test"') + mirror('location = "ok.test/deep/er"'),
    ["virtual.test/path/app:v1"],
  ),
  withConf(
    "an insecure mirror",
    registry('location = "twin.test"') + mirror('location = "plaintwin.test:5000"', "insecure = true"),
    ["twin.test/team/app:v1", "twin.test/idx:multi"],
  ),
  withConf(
    "an insecure table in front of secure mirrors",
    registry('location = "e503.test"', "insecure = true") + mirror('location = "plaintwin.test:5000"'),
    ["e503.test/team/app:v1"],
  ),
  withConf(
    "a mirror that its own table makes insecure",
    registry('location = "e503.test"') +
      mirror('location = "plaintwin.test:5000"') +
      registry('location = "plaintwin.test:5000"', "insecure = true"),
    ["e503.test/team/app:v1"],
  ),
  withConf(
    "mirrors by digest only",
    registry('location = "e503.test"', "mirror-by-digest-only = true") + mirror('location = "ok.test"'),
    ["e503.test/team/app:v1", "e503.test/team/app@{ok}"],
  ),
  withConf(
    "mirrors for tags and digests",
    registry('location = "e503.test"') + mirror('location = "ok.test"', 'pull-from-mirror = "tag-only"'),
    ["e503.test/team/app:v1", "e503.test/team/app@{ok}"],
  ),
  withConf(
    "digests from a mirror only",
    registry('location = "e503.test"') + mirror('location = "ok.test"', 'pull-from-mirror = "digest-only"'),
    ["e503.test/team/app:v1", "e503.test/team/app@{ok}"],
  ),
  withConf("a broken image on the mirror", registry('location = "twin.test"') + mirror('location = "ok.test"'), [
    "twin.test/idx:armonly",
    "twin.test/team/app:artifact",
    "twin.test/team/app:notjson",
    "twin.test/idx:dangling",
  ]),
  withConf(
    "credentials stay with the registry of the name",
    registry('prefix = "virtual.test"', 'location = "basic.test"') +
      registry('location = "e503.test"') +
      mirror('location = "basic.test"') +
      registry('prefix = "basic.test/alias"', 'location = "basic.test/team"'),
    [
      ["virtual.test/team/app:v1", robot],
      ["e503.test/team/app:v1", robot],
      ["basic.test/alias/app:v1", robot],
      ["basic.test/team/app:v1", robot],
    ],
  ),
  withConf(
    "a slash at the end",
    registry('location = "ok.test/"') + registry('location = "twin.test"') + mirror('location = "ok.test/"'),
    [ok, "twin.test/team/app:v1"],
  ),
  withConf(
    "a prefix that leads to Docker Hub",
    registry('prefix = "virtual.test"', 'location = "docker.io"') +
      registry('prefix = "docker.io"', 'location = "hub.test"'),
    ["virtual.test/solo", "virtual.test/library/solo", "virtual.test/team/app:v1"],
  ),
  withConf("Docker Hub elsewhere", registry('prefix = "docker.io"', 'location = "hub.test"'), [
    "docker.io/team/app:v1",
    "docker.io/solo",
    "docker.io/library/solo",
    "index.docker.io/team/app:v1",
  ]),
  withConf("the port is part of the name", registry('location = "okport.test"', "blocked = true"), [
    "okport.test:8443/deep/er/path/app:v1",
  ]),
  withConf("a location without its port", registry('prefix = "virtual.test"', 'location = "okport.test"'), [
    "virtual.test:8443/team/app:v1",
  ]),
  withConf(
    "the first of two equal prefixes",
    registry('prefix = "virtual.test"', 'location = "ok.test"') +
      registry('prefix = "virtual.test"', 'location = "e404all.test"'),
    ["virtual.test/team/app:v1"],
  ),
  withConf("keys in other cases", '[[Registry]]\nPrefix = "virtual.test"\nLOCATION = "ok.test"\n', [
    "virtual.test/team/app:v1",
  ]),
  withConf("unknown keys", `future = 1\n${registry('location = "ok.test"', "shiny = true")}`, [ok]),
];

/** Files that are refused as a whole. */
const refusedFiles: readonly Written[] = (
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
).map(([name, text]) => withConf(`refused: ${name}`, text, [ok, "solo"]));

/** Several files. */
const dropIns: readonly Written[] = [
  {
    name: "a drop-in of version 1",
    files: { [dropIn("a.conf")]: '[registries.search]\nregistries = ["ok.test"]\n' },
    images: [ok],
  },
  {
    name: "an empty drop-in of version 1",
    files: { [dropIn("a.conf")]: "[registries.search]\nregistries = []\n" },
    images: [ok],
  },
  { name: "a broken drop-in", files: { [dropIn("z.conf")]: "=" }, images: [ok] },
  {
    name: "a broken file that is no drop-in",
    files: { [dropIn("z.toml")]: "=", [dropIn("README")]: "=" },
    images: [ok],
  },
  { name: "a folder among drop-ins", files: { [dropIn("sub/z.conf")]: "=" }, images: [ok] },
  {
    name: "the last drop-in wins",
    files: {
      [conf]: registry('prefix = "virtual.test"', 'location = "e503.test"'),
      [dropIn("1.conf")]: registry('prefix = "virtual.test"', 'location = "e404all.test"'),
      [dropIn("2.conf")]: registry('prefix = "virtual.test"', 'location = "ok.test"'),
    },
    images: ["virtual.test/team/app:v1"],
  },
  {
    name: "a drop-in takes mirrors away",
    files: {
      [conf]: registry('location = "e503.test"') + mirror('location = "ok.test"'),
      [dropIn("1.conf")]: registry('location = "e503.test"'),
    },
    images: ["e503.test/team/app:v1"],
  },
  {
    name: "a drop-in lifts a block",
    files: {
      [conf]: registry('location = "ok.test"', "blocked = true"),
      [dropIn("1.conf")]: registry('location = "ok.test"'),
    },
    images: [ok],
  },
  {
    name: "conflicts between files are none",
    files: {
      [conf]: registry('location = "ok.test"'),
      [dropIn("1.conf")]: registry('prefix = "virtual.test"', 'location = "ok.test"', "insecure = true"),
    },
    images: [ok, "virtual.test/team/app:v1"],
  },
  {
    name: "the user's own file replaces the system's",
    files: {
      [conf]: registry('location = "ok.test"', "blocked = true"),
      [dropIn("1.conf")]: "=",
      "/root/.config/containers/registries.conf": "",
    },
    images: [ok],
  },
  {
    name: "the user's drop-ins come last",
    files: {
      [conf]: registry('location = "ok.test"', "blocked = true"),
      "/root/.config/containers/registries.conf.d/1.conf": registry('location = "ok.test"'),
    },
    images: [ok],
  },
  {
    name: "version 1",
    files: {
      [conf]:
        '[registries.search]\nregistries = ["ok.test"]\n[registries.insecure]\nregistries = ["httpport.test:5000"]\n[registries.block]\nregistries = ["twin.test"]\n',
    },
    images: [ok, "team/app:v1", "httpport.test:5000/team/app:v1", "twin.test/team/app:v1"],
  },
];

const search = (...hosts: readonly string[]): string => `unqualified-search-registries = ${JSON.stringify(hosts)}\n`;

/** Names without registry. */
const shortNames: readonly Written[] = [
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
    ok,
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
      [conf]: search("e404all.test"),
      [dropIn("000-shortnames.conf")]: '[aliases]\nsolo = "ok.test/library/solo"\n',
    },
    images: ["solo"],
  },
  {
    name: "a drop-in takes an alias back",
    files: {
      [conf]: `${search("e404all.test")}[aliases]\nsolo = "ok.test/library/solo"\n`,
      [dropIn("1.conf")]: '[aliases]\nsolo = ""\n',
    },
    images: ["solo"],
  },
  {
    name: "the cache overrules",
    files: {
      [conf]: '[aliases]\nsolo = "e404all.test/solo"\n',
      [cacheFile]: '[aliases]\n"solo" = "ok.test/library/solo"\n',
    },
    images: ["solo"],
  },
  { name: "a broken cache", files: { [conf]: search("ok.test"), [cacheFile]: "=" }, images: ["solo", ok] },
  {
    name: "a search registry is rewritten",
    files: { [conf]: search("virtual.test") + registry('prefix = "virtual.test"', 'location = "ok.test"') },
    images: ["solo", "team/app:v1"],
  },
  {
    name: "a blocked search registry",
    files: { [conf]: search("twin.test", "ok.test") + registry('location = "twin.test"', "blocked = true") },
    images: ["solo"],
  },
  withConf(
    "Docker Hub among the search registries",
    search("docker.io") + registry('prefix = "docker.io"', 'location = "hub.test"'),
    ["solo", "team/app:v1", "nobody/none:v1"],
  ),
  withConf("credentials go to every search registry", search("basic.test"), [["team/app:v1", robot], "team/app:v1"]),
];

const policies: readonly Written[] = [
  { name: "everything is rejected", files: { [policy]: policyOf({}, reject) }, images: [ok] },
  {
    name: "only one registry is accepted",
    files: { [policy]: policyOf({ "ok.test": accept }, reject) },
    images: [ok, "twin.test/team/app:v1"],
  },
  {
    name: "a repository is rejected",
    files: { [policy]: policyOf({ "ok.test/team/app": reject }) },
    images: [ok, "ok.test/library/solo"],
  },
  {
    name: "a tag is accepted",
    files: { [policy]: policyOf({ "ok.test/team/app:v1": accept, "ok.test/team/app": reject }) },
    images: [ok, "ok.test/team/app:v2", "ok.test/team/app@{ok}"],
  },
  {
    name: "a namespace is rejected",
    files: { [policy]: policyOf({ "ok.test/team": reject }) },
    images: [ok, "ok.test/library/solo"],
  },
  {
    name: "a wildcard is rejected",
    files: { [policy]: policyOf({ "*.test": reject, "ok.test": accept }) },
    images: [ok, "twin.test/team/app:v1", "okport.test:8443/team/app:v1"],
  },
  {
    name: "the transport's default",
    files: { [policy]: policyOf({ "": reject, "ok.test": accept }) },
    images: [ok, "twin.test/team/app:v1"],
  },
  {
    name: "the port is part of the scope",
    files: { [policy]: policyOf({ "okport.test": reject }) },
    images: ["okport.test:8443/team/app:v1"],
  },
  {
    name: "the name counts, not the place",
    files: {
      [policy]: policyOf({ "ok.test": reject }),
      [conf]: registry('prefix = "virtual.test"', 'location = "ok.test"'),
    },
    images: ["virtual.test/team/app:v1", ok],
  },
  { name: "two requirements", files: { [policy]: policyOf({ "ok.test": [...accept, ...reject] }) }, images: [ok] },
  {
    name: "another transport's scopes",
    files: {
      [policy]: JSON.stringify({
        default: accept,
        transports: { atomic: { "ok.test": reject }, "docker-daemon": { "": reject } },
      }),
    },
    images: [ok],
  },
  {
    name: "the user's own policy",
    files: { [policy]: policyOf({}, reject), "/root/.config/containers/policy.json": policyOf({}) },
    images: [ok],
  },
  ...(
    [
      ["no JSON", "{"],
      ["no default", "{}"],
      ["an unknown key", JSON.stringify({ default: accept, other: {} })],
      ["an unknown requirement", JSON.stringify({ default: [{ type: "hope" }] })],
      ["an empty list", JSON.stringify({ default: [] })],
      ["a key too many", JSON.stringify({ default: [{ type: "reject", why: "no" }] })],
      ["scopes that are no object", JSON.stringify({ default: accept, transports: { docker: [] } })],
      ["a list", "[]"],
    ] as const
  ).map(([name, text]): Written => ({ name: `policy with ${name}`, files: { [policy]: text }, images: [ok] })),
];

/** Folders of certificates; `untrusted.test` is signed by the laboratory's authority and in nobody's folder else. */
function certificates(
  ca: string,
  stranger: string,
  client: { readonly cert: string; readonly key: string },
): readonly Written[] {
  const image = `twin.test/${app}`;
  const at = (name: string, files: PodmanNode, images: Written["images"] = [image]): Written => ({
    name: `certificates: ${name}`,
    files: { none: "", ...files },
    images,
  });
  const own = "/etc/containers/certs.d/twin.test";
  const docker = "/etc/docker/certs.d/twin.test";
  return [
    at("none", {}),
    at("a CA", { [`${own}/ca.crt`]: ca }),
    at("a CA of any name", { [`${own}/x.y.crt`]: ca }),
    at("a CA that ends in .pem", { [`${own}/ca.pem`]: ca }),
    at("a CA that ends in .cert", { [`${own}/ca.cert`]: ca }),
    at("a stranger's CA", { [`${own}/ca.crt`]: stranger }),
    at("two CAs", { [`${own}/a.crt`]: stranger, [`${own}/b.crt`]: ca }),
    at("two CAs in one file", { [`${own}/a.crt`]: stranger + ca }),
    at("noise", { [`${own}/a.crt`]: "noise\n" }),
    at("noise beside a CA", { [`${own}/a.crt`]: "noise\n", [`${own}/b.crt`]: ca }),
    at("Docker's folder", { [`${docker}/ca.crt`]: ca }),
    at("both folders", { [`${own}/a.crt`]: stranger, [`${docker}/ca.crt`]: ca }),
    at("an empty folder in front", { [`${own}/`]: "", [`${docker}/ca.crt`]: ca }),
    at("a file in place of the folder", { [own]: "x", [`${docker}/ca.crt`]: ca }),
    at("the user's folder", { "/root/.config/containers/certs.d/twin.test/ca.crt": ca }),
    at("a client pair", { [`${own}/ca.crt`]: ca, [`${own}/c.cert`]: client.cert, [`${own}/c.key`]: client.key }),
    at("a client certificate without key", { [`${own}/ca.crt`]: ca, [`${own}/c.cert`]: client.cert }),
    at("a key without certificate", { [`${own}/ca.crt`]: ca, [`${own}/c.key`]: client.key }),
    at("a pair that is none", { [`${own}/ca.crt`]: ca, [`${own}/c.cert`]: ca, [`${own}/c.key`]: client.key }),
    at("a broken pair", { [`${own}/ca.crt`]: ca, [`${own}/c.cert`]: "x", [`${own}/c.key`]: "y" }),
    at("a broken pair of an insecure registry", {
      [conf]: registry('location = "twin.test"', "insecure = true"),
      [`${own}/c.cert`]: "x",
      [`${own}/c.key`]: "y",
    }),
    at("a folder without the port", { "/etc/containers/certs.d/okport.test/ca.crt": ca }, [
      "okport.test:8443/team/app:v1",
    ]),
    at("a folder with the port", { "/etc/containers/certs.d/okport.test:8443/ca.crt": ca }, [
      "okport.test:8443/team/app:v1",
    ]),
    at("a folder with port 443", { "/etc/containers/certs.d/twin.test:443/ca.crt": ca }, [
      image,
      "twin.test:443/team/app:v1",
    ]),
    at(
      "the mirror's folder counts",
      { [conf]: registry('location = "e503.test"') + mirror('location = "twin.test"'), [`${own}/ca.crt`]: ca },
      ["e503.test/team/app:v1"],
    ),
    at("a broken folder of a mirror", {
      [conf]: registry('location = "twin.test"') + mirror('location = "ok.test"'),
      [`${own}/ca.crt`]: ca,
      "/etc/containers/certs.d/ok.test/c.key": client.key,
    }),
    at(
      "Docker Hub under its own name",
      {
        [conf]: registry('prefix = "docker.io"', 'location = "hub.test"'),
        "/etc/containers/certs.d/docker.io/ca.crt": ca,
      },
      ["docker.io/team/app:v1"],
    ),
    at(
      "Docker Hub under the other's name",
      {
        [conf]: registry('prefix = "docker.io"', 'location = "hub.test"'),
        "/etc/containers/certs.d/hub.test/ca.crt": ca,
      },
      ["docker.io/team/app:v1"],
    ),
    at("loopback is trusted no more than others", {}, ["127.0.77.230:5000/team/app:v1"]),
    at("loopback, insecure", { [conf]: registry('location = "127.0.77.230:5000"', "insecure = true") }, [
      "127.0.77.230:5000/team/app:v1",
    ]),
  ];
}

/** Registries whose authority a node knows unless a case is about that. */
const trusted = [
  "ok.test",
  "okport.test:8443",
  "twin.test",
  "a.sub.twin.test",
  "hub.test",
  "e404all.test",
  "e503.test",
  "basic.test",
  "expired.test",
];

/** Nodes written by hand, each with what is to be seen there. */
export async function writtenNodes(lab: Lab): Promise<readonly NodeWithPulls[]> {
  const other = await createAuthority("Another Authority");
  const { certificatePem, keyPem } = await other.issue({ names: ["client.test"] });
  const trust = Object.fromEntries(trusted.map((host) => [`/etc/containers/certs.d/${host}/ca.crt`, lab.caPem]));
  const tlsCases = certificates(lab.caPem, other.certificatePem, { cert: certificatePem, key: keyPem });
  const others = [...tables, ...refusedFiles, ...dropIns, ...shortNames, ...policies];
  return [
    ...tlsCases.map(({ files: { none: _, ...files }, ...rest }) => toNode(lab, { ...rest, files })),
    ...others.map((one) => toNode(lab, { ...one, files: { ...trust, ...one.files } })),
  ];
}

function toNode(lab: Lab, { name, files, images }: Written): NodeWithPulls {
  const okDigest = lab.digestOf("ok.test", "team/app", "v1");
  const cases = images.map((given): ParityCase => {
    const [written, credential] = typeof given === "string" ? [given, undefined] : given;
    const image = written.replace("{ok}", okDigest).replace("{none}", `sha256:${"0".repeat(64)}`);
    return { id: `${name}: ${image}`, image, ...(credential === undefined ? {} : { credential }) };
  });
  return { node: files, cases };
}
