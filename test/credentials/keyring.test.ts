import assert from "node:assert/strict";
import { buildKeyring, type Keyring } from "../../src/credentials/index.js";
import { deps, dockerConfigSecret, entryOf, keyringOf, secretWithUsers } from "./secrets.js";

function users(keyring: Keyring, repository: string): readonly string[] {
  return keyring.lookup(repository).map((credential) => credential.username);
}

const mixed = {
  "https://index.docker.io/v1/": "hub",
  "reg.io/foo": "foo",
  "reg.io": "reg",
  "*.io": "glob",
  "reg.io:443": "p443",
  "Reg.io": "case",
};

const lookups: readonly { name: string; keys: Record<string, string>; repository: string; want: readonly string[] }[] =
  [
    {
      name: "a glob switches the Docker Hub alias off",
      keys: mixed,
      repository: "docker.io/library/nginx",
      want: ["glob"],
    },
    { name: "a host without dot or port counts as Docker Hub", keys: mixed, repository: "localhost/x", want: ["hub"] },
    { name: "a host with a port does not", keys: mixed, repository: "localhost:5000/x", want: [] },
    {
      name: "a path is a plain prefix and all matches count",
      keys: mixed,
      repository: "reg.io/foobar/x",
      want: ["foo", "reg", "glob"],
    },
    { name: "case counts, not for a star", keys: mixed, repository: "REG.io/a", want: ["glob"] },
    { name: "ports are compared as written", keys: mixed, repository: "reg.io:443/a", want: ["p443"] },
    { name: "a star is one label", keys: mixed, repository: "a.b.io/x", want: [] },
    {
      name: "index.docker.io stands for docker.io",
      keys: { "index.docker.io": "hub" },
      repository: "docker.io/library/nginx",
      want: ["hub"],
    },
    {
      name: "an upper-case first component counts as Docker Hub",
      keys: { "index.docker.io": "hub" },
      repository: "FOO/bar",
      want: ["hub"],
    },
    {
      name: "the alias is for no other registry",
      keys: { "index.docker.io": "hub" },
      repository: "reg.io/x",
      want: [],
    },
    {
      name: "docker.io switches the alias off",
      keys: { "index.docker.io": "hub", "docker.io": "own" },
      repository: "docker.io/a/b",
      want: ["own"],
    },
    {
      name: "the alias needs its slash",
      keys: { "https://index.docker.io/v1": "hub" },
      repository: "docker.io/library/nginx",
      want: [],
    },
    {
      name: "registry-1.docker.io is not Docker Hub",
      keys: { "registry-1.docker.io": "hub" },
      repository: "docker.io/library/nginx",
      want: [],
    },
    { name: "a scheme is dropped", keys: { "http://reg.io": "a" }, repository: "reg.io/x", want: ["a"] },
    { name: "a scheme in capitals is not", keys: { "HTTPS://reg.io": "a" }, repository: "reg.io/x", want: [] },
    {
      name: "user, query and fragment are dropped",
      keys: { "https://me:pw@reg.io/?a=b#c": "a" },
      repository: "reg.io/x",
      want: ["a"],
    },
    { name: "/v2/ before a path is dropped", keys: { "reg.io/v2/foo": "a" }, repository: "reg.io/foo/x", want: ["a"] },
    { name: "/v2 at the end is a path", keys: { "https://reg.io/v2": "a" }, repository: "reg.io/foo", want: [] },
    { name: "port 443 is not no port", keys: { "reg.io:443": "a" }, repository: "reg.io/x", want: [] },
    { name: "an empty port is no port", keys: { "reg.io:": "a" }, repository: "reg.io/x", want: ["a"] },
    { name: "no globs in a port", keys: { "reg.io:*": "a" }, repository: "reg.io:5000/x", want: [] },
    { name: "no globs in a path", keys: { "reg.io/*": "a" }, repository: "reg.io/x", want: [] },
    { name: "a question mark begins a query", keys: { "re?.io": "a", re: "b" }, repository: "re/x", want: ["a", "b"] },
    {
      name: "a host that begins with a class is no URL",
      keys: { "[a-r]eg.io": "a" },
      repository: "reg.io/x",
      want: [],
    },
    {
      name: "a class keeps a port from being one",
      keys: { "reg[0-9].io:443": "a" },
      repository: "reg7.io:443/x",
      want: [],
    },
    {
      name: "a control character voids the key, wherever it stands",
      keys: { "reg.io?\u0001": "a" },
      repository: "reg.io/x",
      want: [],
    },
    { name: "a class in a host", keys: { "reg[0-9].io": "a" }, repository: "reg7.io/x", want: ["a"] },
    {
      name: "an escaped question mark in a path ends it",
      keys: { "reg.io/a%3Fb": "a" },
      repository: "reg.io/ax",
      want: ["a"],
    },
    {
      name: "a key that is no URL is skipped, the others stay",
      keys: { "reg.io:x": "a", "reg.io": "b" },
      repository: "reg.io/x",
      want: ["b"],
    },
    {
      name: "a star sorts behind letters and digits",
      keys: { "*.io": "glob", "r*.io": "r", "reg.io": "reg" },
      repository: "reg.io/x",
      want: ["reg", "r", "glob"],
    },
    {
      name: "longer is not earlier by itself",
      keys: { "*.io/foo": "glob", "reg.io": "reg" },
      repository: "reg.io/foo",
      want: ["reg", "glob"],
    },
    { name: "an IPv6 host with a port", keys: { "[::1]:5000": "a" }, repository: "[::1]:5000/x", want: ["a"] },
    { name: "a bracketed host without a port is a class", keys: { "[::1]": "a" }, repository: "[::1]/x", want: [] },
  ];

describe("keyring", () => {
  for (const { name, keys, repository, want } of lookups) {
    it(name, () => assert.deepEqual(users(keyringOf(secretWithUsers(keys)), repository), want));
  }

  it("goes by key first and by Secret second", () => {
    const first = secretWithUsers({ "reg.io": "a1", "*.io": "a2" }, "a");
    const second = secretWithUsers({ "reg.io/x": "b1", "reg.io": "b2" }, "b");
    assert.deepEqual(users(keyringOf(first, second), "reg.io/x"), ["b1", "a1", "b2", "a2"]);
  });

  it("tries both of two spellings of one key", () => {
    const keyring = keyringOf(secretWithUsers({ "https://reg.io": "a", "reg.io/v1/": "b" }));
    assert.deepEqual(users(keyring, "reg.io/x").toSorted(), ["a", "b"]);
  });

  it("tells origin and key as written of every credential", () => {
    const [credential] = keyringOf(secretWithUsers({ "https://reg.io/v1/": "a" })).lookup("reg.io/x");
    const want = { kind: "secret", namespace: "shop", name: "regcred", key: "https://reg.io/v1/" };
    assert.deepEqual(credential?.origin, want);
  });

  it("keeps an entry without user, which suppresses the pull without credentials", () => {
    assert.deepEqual(users(keyringOf(dockerConfigSecret('{"auths":{"reg.io":{}}}')), "reg.io/x"), [""]);
  });

  it("says which keys depend on the kubelet's version, for the repositories they apply to", () => {
    const keyring = keyringOf(secretWithUsers({ "reg[0-9].io": "a", "reg7.io": "b" }));
    assert.deepEqual(
      keyring.versionDependent("reg7.io/x").map(({ key }) => key),
      ["reg[0-9].io"],
    );
    assert.deepEqual(keyring.versionDependent("other.io/x"), []);
  });

  it("offers nothing without sources", () => {
    const keyring = buildKeyring([], deps);
    assert.deepEqual([keyring.lookup("reg.io/x"), keyring.nearMisses("reg.io/x")], [[], []]);
  });

  it("orders keys by their bytes, also beyond the basic plane", () => {
    const text = `{"auths":{"reg.io/":${entryOf("plain")},"*.\u{1F600}":${entryOf("a")},"*.\uFFEE":${entryOf("b")}}}`;
    const keyring = keyringOf(dockerConfigSecret(text));
    const keys = keyring.nearMisses("x.y.z/x").map(({ origin }) => origin.key);
    assert.deepEqual(keys, ["reg.io/", "*.\u{1F600}", "*.\uFFEE"]);
  });
});
