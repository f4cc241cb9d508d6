import { addressOfSpec, loadNodeTruth, type RegistrySpec, standardLab } from "../support/lab/index.js";
import { answers } from "./answers.js";
import { authorization } from "./authorization.js";
import { type DockerWorld, daemonJson, transportRegistries } from "./docker-world.js";
import type { ParityCase } from "./scenario.js";

/** Only the bytes of a layer show these, and dockerd takes minutes to give up on one. */
const layerCases = /(notgzip|nolayer|corrupt|missblob|drip)/;
/** They never end, or dockerd reads them to the end of its memory. */
const endless = /(endless|hangbody|hangtls|handshake|hang|slow)/;

const standard = standardLab("real").registries;

/** Everything that any world's images are on. */
export const dockerRegistries: readonly RegistrySpec[] = [
  ...standard,
  ...answers.registries,
  ...authorization.registries,
  ...transportRegistries,
];

function recorded(): readonly ParityCase[] {
  return loadNodeTruth()
    .filter(({ truth, podSecrets }) => truth["docker-20.10.24"] !== undefined && podSecrets === undefined)
    .map(({ id, image }) => ({ id, image }));
}

/** The authority for every registry whose containerd configuration knows it. */
const authorityEverywhere = Object.fromEntries(
  [...standard, ...answers.registries, ...authorization.registries]
    .filter(({ node, transport }) => node !== undefined && transport.kind !== "http")
    .map((spec) => [`certs.d/${addressOfSpec(spec)}/ca.crt`, "{ca}"]),
);

const odd =
  "only386 amd64v2 amd64v1 x86-64 upper windows noplatform noplatform-arm64 emptyplatform liar nested empty dockerlist octet plainjson notype charset texttype index-as-manifest manifest-as-index docker-as-oci schema1 zero huge unknownlayer windows-single"
    .split(" ")
    .map((tag): ParityCase => ({ id: `odd-${tag}`, image: `ok.test/odd:${tag}` }));
const oddDigests = "nested windows dockerlist octet schema1 windows-single"
  .split(" ")
  .map((tag): ParityCase => ({ id: `odd-digest-${tag}`, image: `okport.test:8443/odd@{odd:${tag}}` }));

/** What registries answer: the recorded cases and all that was invented for containerd, on a node that trusts them. */
const registryAnswers: DockerWorld = {
  name: "registries of all kinds",
  showsHosts: true,
  files: {
    ...authorityEverywhere,
    ...daemonJson(["httpset.test:5000", "httpserver.test:5000", "tokenhttp.test:5000", "targethttp.test:5000"]),
  },
  cases: [...recorded(), ...answers.cases, ...authorization.cases, ...odd, ...oddDigests].filter(
    ({ id, image, level }) => level === undefined && !layerCases.test(image) && !endless.test(`${id} ${image}`),
  ),
};

function folderCase(
  id: string,
  address: string,
  files: Readonly<Record<string, string>>,
): readonly [ParityCase, Record<string, string>] {
  const placed = Object.entries(files).map(([name, body]) => [`certs.d/${name.replace("@", address)}`, body]);
  return [{ id, image: `${address}/team/app:v1` }, Object.fromEntries(placed)];
}

const folders: readonly (readonly [ParityCase, Record<string, string>])[] = [
  folderCase("crt", "trusted5000.test:5000", { "@/any name.crt": "{ca}" }),
  folderCase("crt-without-port", "trusted8443.test:8443", { "trusted8443.test/ca.crt": "{ca}" }),
  folderCase("crt-port-too-many", "trusted443.test", { "trusted443.test:443/ca.crt": "{ca}" }),
  folderCase("pem", "expired5000.test:5000", { "@/ca.pem": "{ca}" }),
  folderCase("cert-as-ca", "wrongname5000.test:5000", { "@/ca.cert": "{ca}", "@/ca.crt": "{ca}" }),
  folderCase("key-alone", "stranger5000.test:5000", { "@/client.key": "{key}", "@/ca.crt": "{stranger}" }),
  folderCase("stranger", "stranger8443.test:8443", { "@/ca.crt": "{stranger}" }),
  folderCase("client", "client5000.test:5000", { "@/ca.crt": "{ca}", "@/c.cert": "{client}", "@/c.key": "{key}" }),
  folderCase("client-absent", "client8443.test:8443", { "@/ca.crt": "{ca}" }),
  folderCase("client-cert-only", "client443.test", { "@/ca.crt": "{ca}", "@/c.cert": "{client}" }),
  folderCase("client-swapped", "client80.test:80", { "@/ca.crt": "{ca}", "@/c.cert": "{key}", "@/c.key": "{client}" }),
  folderCase("broken-crt", "trusted80.test:80", { "@/ca.crt": "no certificate\n", "@/more.crt": "{ca}" }),
  folderCase("broken-crt-only", "self8443.test:8443", { "@/ca.crt": "no certificate\n" }),
  folderCase("broken-pair", "self5000.test:5000", { "@/c.cert": "nothing\n", "@/c.key": "nothing\n" }),
  folderCase("hosts-toml", "self80.test:80", {
    "@/hosts.toml": '[host."https://self80.test:80"]\n skip_verify = true\n',
  }),
  folderCase("default-folder", "stranger80.test:80", { "_default/ca.crt": "{stranger}" }),
  folderCase("plain-http-with-certificates", "http5000.test:5000", { "@/ca.crt": "{ca}" }),
  folderCase("insecure-with-broken-folder", "self443.test", { "@/ca.cert": "{ca}" }),
];

const certificates: DockerWorld = {
  name: "certs.d of all kinds",
  showsHosts: true,
  files: { ...Object.assign({}, ...folders.map(([, files]) => files)), ...daemonJson(["self443.test"]) },
  cases: folders.map(([asked]) => asked),
};

function pulls(...images: readonly string[]): readonly ParityCase[] {
  return images.map((image) => ({ id: image, image: `${image}/team/app:v1` }));
}

const everywhere = pulls(
  ...["http443.test", "http80.test", "http5000.test:5000", "http8443.test:8443", "stranger443.test"],
  ...["self5000.test:5000", "expired8443.test:8443", "wrongname443.test", "client443.test", "trusted80.test"],
  ...["both.test", "both.test:80", "Upper.test:5000", "198.18.200.1:5000", "198.18.200.2", "198.18.200.3:8443"],
);

function insecure(name: string, entries: readonly string[], showsHosts = true): DockerWorld {
  return { name: `insecure-registries ${name}`, showsHosts, files: daemonJson(entries), cases: everywhere };
}

/** Each decides about Docker Hub in another way; registry-1.docker.io itself is out of reach. */
function mirrored(
  name: string,
  mirrors: readonly string[],
  more: DockerWorld["files"] = {},
  insecures: readonly string[] = [],
): DockerWorld {
  const files = { ...daemonJson(insecures, mirrors), ...more };
  const cases = [
    { id: "hub", image: "solo" },
    { id: "hub-digest", image: "team/app:v2" },
    { id: "hub-missing", image: "team/app:nope" },
    { id: "hub-artifact", image: "team/app:artifact" },
    { id: "not-hub", image: "trusted5000.test:5000/team/app:v2" },
  ];
  return { name: `registry-mirrors ${name}`, showsHosts: true, files, cases };
}

/** The worlds written by hand. */
export const dockerWorlds: readonly DockerWorld[] = [
  registryAnswers,
  certificates,
  insecure("none", []),
  insecure("by name", [
    "http443.test",
    "http80.test",
    "stranger443.test",
    "client443.test",
    "both.test",
    "wrongname443.test",
  ]),
  insecure("by name and port", [
    "http5000.test:5000",
    "http8443.test:8443",
    "self5000.test:5000",
    "both.test:80",
    "upper.test:5000",
  ]),
  insecure("with schemes", [
    "http://http5000.test:5000",
    "HTTPS://self5000.test:5000",
    "Upper.test:5000",
    "https://expired8443.test:8443",
  ]),
  insecure("with the wrong port", [
    "http443.test:443",
    "http5000.test",
    "self5000.test:443",
    "198.18.200.1",
    "198.18.200.3:8443",
  ]),
  insecure("by network", ["198.18.0.0/16"]),
  insecure("by network, hosts not shown", ["198.18.0.0/16"], false),
  insecure("by another network, hosts not shown", ["10.0.0.0/8"], false),
  insecure("by address", ["198.18.200.1/32", "198.18.200.3:8443", "fd00::/8"]),
  insecure("docker.io", ["docker.io", "index.docker.io"]),
  {
    name: "the command line's names in daemon.json",
    showsHosts: true,
    files: {
      "daemon.json": '{"insecure-registry": ["http5000.test:5000"], "registry-mirror": ["http://http80.test"]}',
    },
    cases: [...pulls("http5000.test:5000"), { id: "hub", image: "solo" }],
  },
  mirrored("one", ["https://trusted443.test"], {
    "certs.d/trusted443.test/ca.crt": "{ca}",
    "certs.d/trusted5000.test:5000/ca.crt": "{ca}",
  }),
  mirrored("untrusted", ["https://trusted443.test"]),
  mirrored("plain", ["http://http5000.test:5000/"]),
  mirrored("insecure", ["https://self8443.test:8443"], {}, ["self8443.test:8443"]),
  mirrored("two", ["https://refused.test", "http://http80.test"]),
  mirrored("broken folder", ["http://http80.test"], { "certs.d/http80.test/ca.cert": "{ca}" }),
  mirrored("broken folder of the second", ["http://http80.test", "https://trusted8443.test:8443"], {
    "certs.d/trusted8443.test:8443/x.key": "{key}",
  }),
  mirrored("docker.io folder", ["http://http80.test"], {
    "certs.d/docker.io/x.cert": "{ca}",
    "certs.d/registry-1.docker.io/y.key": "{key}",
  }),
];

/** daemon.json files with which dockerd starts or does not. */
export const daemonFiles: readonly { readonly name: string; readonly text: string }[] = [
  { name: "an empty object", text: "{}" },
  { name: "an empty file", text: "" },
  { name: "null", text: "null" },
  { name: "a list", text: "[]" },
  { name: "broken JSON", text: '{"insecure-registries": ["a.test:5000"}' },
  { name: "a trailing comma", text: '{"insecure-registries": ["a.test:5000"],}' },
  { name: "an unknown key", text: '{"insecure-registry": ["a.test:5000"]}' },
  { name: "a key in capitals", text: '{"Insecure-Registries": ["a.test:5000"]}' },
  { name: "a key of containerd's", text: '{"registry": {"mirrors": {}}}' },
  { name: "known keys below an unknown one", text: '{"anything": {"debug": true}}' },
  { name: "proxies before 23", text: '{"proxies": {"http-proxy": "http://p.test:3128"}}' },
  { name: "a string for a list", text: '{"insecure-registries": "a.test:5000"}' },
  { name: "null for a list", text: '{"insecure-registries": null}' },
  { name: "numbers in a list", text: '{"insecure-registries": [5000]}' },
  { name: "a path", text: '{"insecure-registries": ["a.test/team"]}' },
  { name: "another scheme", text: '{"insecure-registries": ["ftp://a.test"]}' },
  { name: "a scheme with a slash at the end", text: '{"insecure-registries": ["http://a.test:5000/"]}' },
  { name: "a hyphen", text: '{"insecure-registries": ["-a.test"]}' },
  { name: "an underscore", text: '{"insecure-registries": ["a_b.test"]}' },
  { name: "a port too large", text: '{"insecure-registries": ["a.test:70000"]}' },
  { name: "an impossible network", text: '{"insecure-registries": ["10.0.0.0/33"]}' },
  { name: "an IPv6 address", text: '{"insecure-registries": ["fd00::1"]}' },
  { name: "an IPv6 address and port", text: '{"insecure-registries": ["[fd00::1]:5000"]}' },
  { name: "an empty entry", text: '{"insecure-registries": [""]}' },
  { name: "a wildcard", text: '{"insecure-registries": ["*.test"]}' },
  { name: "a mirror without scheme", text: '{"registry-mirrors": ["m.test"]}' },
  { name: "a mirror with a path", text: '{"registry-mirrors": ["https://m.test/hub"]}' },
  { name: "a mirror with a query", text: '{"registry-mirrors": ["https://m.test?x=1"]}' },
  { name: "a mirror with a user", text: '{"registry-mirrors": ["https://u:p@m.test"]}' },
  { name: "a mirror with ftp", text: '{"registry-mirrors": ["ftp://m.test"]}' },
  { name: "a mirror in order", text: '{"registry-mirrors": ["https://m.test:5000/"]}' },
  { name: "a negative number of downloads", text: '{"max-concurrent-downloads": -1}' },
  { name: "downloads in order", text: '{"max-concurrent-downloads": 6, "features": {"buildkit": true}}' },
  { name: "a feature that is no truth", text: '{"features": {"buildkit": "yes"}}' },
  { name: "log options", text: '{"log-opts": {"max-size": "10m"}, "log-driver": "json-file"}' },
];
