import fc from "fast-check";
import { labUser } from "../support/lab/index.js";
import { askedDomains, namedHosts, trueUrl } from "./containerd-random-lab.js";

/** The folders that a node may have for registries. */
const containerdRoot = "/etc/containerd/certs.d";
const dockerRoot = "/etc/docker/certs.d";

/** Files by absolute path; `{ca}` stands for the authority that nodes may know. */
export type NodeFiles = Readonly<Record<string, string>>;

/** One pull, with the laboratory's user or with none. */
export interface RandomPull {
  readonly image: string;
  readonly withUser: boolean;
}

/** A state of a node's certs.d, and what is pulled then. */
export interface RandomRound {
  readonly certs: NodeFiles;
  readonly pulls: readonly RandomPull[];
}

/** A node's config.toml with what it names, and several certs.d after one another: only the first needs a restart. */
export interface RandomNode {
  readonly config: NodeFiles;
  readonly rounds: readonly RandomRound[];
}

const quoted = (text: string): string => JSON.stringify(text);
const often = <T>(value: fc.Arbitrary<T>, weight: number, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: value }, { weight: 10 - weight, arbitrary: other });
const maybe = (line: fc.Arbitrary<string>, weight: number): fc.Arbitrary<readonly string[]> =>
  often<readonly string[]>(
    line.map((text) => [text]),
    weight,
    fc.constant([]),
  );
const anyOf = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const lines = (...parts: readonly fc.Arbitrary<readonly string[]>[]): fc.Arbitrary<readonly string[]> =>
  fc.tuple(...parts).map((all) => all.flat());

const looseEndpoint = fc
  .tuple(
    anyOf("https://", "http://", ""),
    anyOf(...namedHosts),
    anyOf("", "", "", "/", "/v2", "/proxy", "/proxy/v2", "/v2/"),
  )
  .map((parts) => parts.join(""));

/** As often right as anything. */
const endpoint = often(anyOf(...namedHosts).map(trueUrl), 5, looseEndpoint);

const caLine = often(
  anyOf('ca = "lab-ca.pem"', 'ca = ["lab-ca.pem"]', `ca = "${containerdRoot}/lab-ca.pem"`),
  9,
  anyOf('ca = "absent.pem"', 'ca = "broken.pem"', "ca = []"),
);

/** Lines of a host table, or of the top of a hosts.toml. */
const hostFields = lines(
  maybe(caLine, 6),
  maybe(anyOf("skip_verify = true", "skip_verify = true", "skip_verify = false"), 4),
  maybe(
    often(
      anyOf('["pull", "resolve"]', '["pull", "resolve", "push"]', "[]", '["PULL", "Resolve"]'),
      8,
      anyOf('["pull"]', '["resolve"]', '["push"]', '["fly"]', '["pull", "resolve", "referrers"]'),
    ).map((list) => `capabilities = ${list}`),
    3,
  ),
  maybe(anyOf("override_path = true", "override_path = false"), 2),
  maybe(anyOf('dial_timeout = "5s"', 'dial_timeout = "0s"'), 1),
  maybe(
    often(
      anyOf('client = "pair.pem"', 'client = [["pair.pem", "pair.pem"]]'),
      8,
      anyOf('client = "lab-ca.pem"', 'client = "absent.pem"'),
    ),
    1,
  ),
);

const headerTable = (name: string): fc.Arbitrary<readonly string[]> =>
  maybe(anyOf('x-door = "open"', 'x-door = ["open"]', 'x-door = "shut"'), 3).map((found) =>
    found.length === 0 ? [] : [`[host.${quoted(name)}.header]`, ...found],
  );

const hostTable = endpoint.chain((name) =>
  lines(fc.constant([`[host.${quoted(name)}]`]), hostFields, headerTable(name)),
);

const brokenFiles = [
  "[host",
  "",
  "# nothing yet",
  "server = 3",
  'server = "https://trusted.test"',
  '[host."https://trusted.test"]\nskip_verify = "yes"',
  'host = "https://trusted.test"',
  '[[host]]\nname = "x"',
  "\u0000\u0001\u0002",
  'server = "https://%zz"',
  "ca = 3\n[host]",
];

function hostsToml(domain: string): fc.Arbitrary<string> {
  const own = often(fc.constant(trueUrl(domain)), 6, anyOf(`https://${domain}`, `http://${domain}`, domain));
  const server = maybe(
    often(own, 7, endpoint).map((value) => `server = ${quoted(value)}`),
    5,
  );
  const table = fc.tuple(own, hostFields).map(([name, fields]) => [`[host.${quoted(name)}]`, ...fields]);
  const tables = fc.array(often(table, 5, hostTable), { maxLength: 3 }).map((all) => all.flat());
  const unknown = maybe(anyOf('colour = "red"', "deep = { a = { b = [1, 2] } }"), 1);
  const whole = lines(server, unknown, hostFields, tables).map((all) => `${all.join("\n")}\n`);
  return often(whole, 9, anyOf(...brokenFiles));
}

/** The files of one folder of certs.d. */
function folderOf(domain: string): fc.Arbitrary<NodeFiles> {
  const file = (name: string, weight: number, body: fc.Arbitrary<string>) =>
    often<NodeFiles>(
      body.map((text) => ({ [name]: text })),
      weight,
      fc.constant({}),
    );
  return fc
    .tuple(
      file("hosts.toml", 8, hostsToml(domain)),
      file("ca.crt", 3, often(fc.constant("{ca}"), 9, fc.constant("not a certificate\n"))),
      file("client.cert", 1, anyOf("{ca}", "{pair}")),
      fc.constant<NodeFiles>({ "lab-ca.pem": "{ca}", "broken.pem": "not a certificate\n", "pair.pem": "{pair}" }),
    )
    .map((parts) => Object.assign({}, ...parts) as NodeFiles);
}

function namesOf(domain: string): fc.Arbitrary<string> {
  const colon = domain.indexOf(":");
  if (colon < 0) return anyOf(domain);
  const [host, port] = [domain.slice(0, colon), domain.slice(colon + 1)];
  return anyOf(`${host}_${port}_`, domain, domain, host);
}

/** A tree of certs.d: for most registries a folder, sometimes one for all others. */
const tree: fc.Arbitrary<NodeFiles> = fc
  .tuple(
    fc.tuple(
      ...askedDomains.map((domain) =>
        often<NodeFiles>(
          fc
            .tuple(often(fc.constant(containerdRoot), 8, fc.constant(dockerRoot)), namesOf(domain), folderOf(domain))
            .map(([root, name, files]) => placed(`${root}/${name}`, files)),
          8,
          fc.constant({}),
        ),
      ),
    ),
    often<NodeFiles>(
      fc.constant({}),
      8,
      folderOf("trusted.test").map((files) => placed(`${containerdRoot}/_default`, files)),
    ),
  )
  .map(([folders, rest]) => Object.assign({ [`${containerdRoot}/lab-ca.pem`]: "{ca}" }, ...folders, rest) as NodeFiles);

function placed(folder: string, files: NodeFiles): NodeFiles {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));
}

const legacyRoot = "/etc/containerd/old";

/** The lines of `registry` below a section. At least as many configurations use `config_path` as do not. */
function registryLines(section: string, knowsTls: boolean): fc.Arbitrary<readonly string[]> {
  const header = `[plugins.${quoted(section)}.registry`;
  const table = (key: string, body: readonly string[]): string[] => [`${header}.${key}]`, ...body];
  const path = anyOf(
    ...Array.from({ length: 6 }, () => containerdRoot),
    dockerRoot,
    `${containerdRoot}:${dockerRoot}`,
    `${dockerRoot}:${containerdRoot}`,
    "/etc/containerd/certs",
  ).map((value) => [`${header}]`, `config_path = ${quoted(value)}`]);
  const auth = maybe(
    anyOf(
      `username = ${quoted(labUser.username)}\npassword = ${quoted(labUser.password)}`,
      `auth = ${quoted(Buffer.from(`${labUser.username}:${labUser.password}`).toString("base64"))}`,
      `username = "nobody"\npassword = "wrong"`,
    ),
    3,
  ).map((found) => (found.length === 0 ? [] : table('configs."basic.test".auth', found)));
  const headers = maybe(anyOf('x-door = ["open"]', 'x-door = ["shut"]'), 2).map((found) =>
    found.length === 0 ? [] : table("headers", found),
  );
  const mirror = fc
    .tuple(often(anyOf(...askedDomains), 8, fc.constant("*")), fc.array(endpoint, { maxLength: 2 }))
    .map(([name, list]) => ({ key: `mirrors.${quoted(name)}`, body: [`endpoint = ${JSON.stringify(list)}`] }));
  const tls = fc
    .tuple(
      anyOf(...namedHosts),
      lines(
        maybe(
          anyOf(
            `ca_file = "${legacyRoot}/ca.pem"`,
            `ca_file = "${legacyRoot}/broken.pem"`,
            `ca_file = "${legacyRoot}/absent.pem"`,
          ),
          6,
        ),
        maybe(anyOf("insecure_skip_verify = true", "insecure_skip_verify = true", "insecure_skip_verify = false"), 6),
        maybe(fc.constant(`cert_file = "${legacyRoot}/pair.pem"\nkey_file = "${legacyRoot}/pair.pem"`), 1),
      ),
    )
    .map(([name, body]) => ({ key: `configs.${quoted(name)}.tls`, body }));
  const own = <T extends { readonly key: string }>(entry: fc.Arbitrary<T>, maxLength: number) =>
    fc.uniqueArray(entry, { maxLength, selector: ({ key }) => key });
  const legacy = fc
    .tuple(own(mirror, 12), knowsTls ? own(tls, 12) : fc.constant([]))
    .map(([mirrors, configs]) => [...mirrors, ...configs].flatMap(({ key, body }) => table(key, body)));
  return lines(
    fc.oneof(
      { weight: 5, arbitrary: path },
      { weight: 1, arbitrary: fc.constant([]) },
      { weight: 4, arbitrary: legacy },
    ),
    auth,
    headers,
  );
}

const sections = { 1: "cri", 2: "io.containerd.grpc.v1.cri", 3: "io.containerd.cri.v1.images" } as const;

/** Everything but `registry`: what lets the runtime work here at all, and settings that choose the pull engine. */
function frame(version: 1 | 2 | 3, written: boolean, engine: readonly string[], runtimes: boolean): string[] {
  const section = `plugins.${quoted(sections[version])}`;
  return [
    ...(written ? [`version = ${version}`] : []),
    ...(version === 1 ? ["[plugins.scheduler]"] : ['[plugins."io.containerd.gc.v1.scheduler"]']),
    "deletion_threshold = 1",
    `[${section}]`,
    ...engine,
    ...(version === 3 ? [] : [`[${section}.containerd]`, 'snapshotter = "native"']),
    // What 2.x brings over from older versions depends on it.
    ...(version === 2 && runtimes
      ? [`[${section}.containerd.runtimes.runc]`, 'runtime_type = "io.containerd.runc.v2"']
      : []),
  ];
}

/** Another snapshotter than the usual one, which two plugins of 2.x must know of; version 2 always has it. */
const snapshotter = fc.tuple(often(fc.constant(false), 8, fc.constant(true)), fc.boolean()).map(([native, told]) => ({
  native,
  transfer:
    native && told
      ? ['[[plugins."io.containerd.transfer.v1.local".unpack_config]]', 'platform = "linux"', 'snapshotter = "native"']
      : [],
}));

/** @param isTwo whether it is for containerd 2.x */
function configuration(isTwo: boolean): fc.Arbitrary<NodeFiles> {
  const version = isTwo ? anyOf<1 | 2 | 3>(1, 2, 2, 3, 3, 3) : anyOf<1 | 2 | 3>(1, 2, 2, 2);
  const engine = (written: 1 | 2 | 3) =>
    lines(
      maybe(anyOf("max_concurrent_downloads = 3", "max_concurrent_downloads = 5"), 3),
      written === 3
        ? maybe(anyOf("use_local_image_pull = true", "disable_snapshot_annotations = false"), 3)
        : fc.constant([]),
    );
  return version.chain((number) => {
    // Now and then the section is that of another version, which is not read.
    const section = often<string>(fc.constant(sections[number]), 9, anyOf(...Object.values(sections)));
    return fc
      .tuple(
        engine(number),
        section.chain((name) => registryLines(name, !isTwo)),
        number === 1 ? fc.boolean() : fc.constant(true),
        often(fc.constant(false), 7, fc.constant(true)),
        snapshotter,
      )
      .map(([chosen, registry, written, inDropIn, other]): NodeFiles => {
        const image = number === 3 && other.native ? ['snapshotter = "native"'] : [];
        const main = [
          ...frame(number, written, [...chosen, ...image], other.native),
          ...(number > 1 ? other.transfer : []),
        ];
        const legacy = {
          [`${legacyRoot}/ca.pem`]: "{ca}",
          [`${legacyRoot}/broken.pem`]: "no certificate\n",
          [`${legacyRoot}/pair.pem`]: "{pair}",
        };
        const name = "/etc/containerd/config.toml";
        if (!inDropIn) return { ...legacy, [name]: `${[...main, ...registry].join("\n")}\n` };
        // Before 2.0 a drop-in's section takes the place of the whole one, so it needs the frame as well.
        const dropIn = isTwo ? [...(written ? [`version = ${number}`] : []), ...registry] : [...main, ...registry];
        return {
          ...legacy,
          [name]: `imports = ["conf.d/*.toml"]\n${main.join("\n")}\n`,
          "/etc/containerd/conf.d/registry.toml": `${dropIn.join("\n")}\n`,
        };
      });
  });
}

const pulls: fc.Arbitrary<readonly RandomPull[]> = fc
  .tuple(
    ...askedDomains.map((domain) =>
      fc
        .tuple(
          anyOf("team/app:v1", "team/app:v1", "team/app:v1", "team/app:absent", `team/app@{team/app:v1}`, "idx:multi"),
          fc.boolean(),
        )
        .map(([name, odd]) => ({
          image: domain === "docker.io" ? name.replace(/^idx/, "docker.io/idx") : `${domain}/${name}`,
          withUser: odd && domain === "basic.test",
        })),
    ),
  )
  .map((all) => all);

const rounds = fc.array(fc.record({ certs: tree, pulls }), { minLength: 6, maxLength: 6 });

/** Nodes for containerd 1.x or 2.x. */
export function randomNode(isTwo: boolean): fc.Arbitrary<RandomNode> {
  return fc.record({ config: configuration(isTwo), rounds });
}
