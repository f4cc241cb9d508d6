import assert from "node:assert/strict";
import fc from "fast-check";
import { keyringOf, secretWithUsers } from "./secrets.js";

/** One entry, known by its user name. */
interface Entry {
  readonly secret: number;
  readonly key: string;
  readonly user: string;
}

// A second, slow and plain telling of the kubelet's rules. It knows only keys made of the parts below: everything that
// Go's URL parser refuses or rewrites has its own table in the keyring's test.
function expected(entries: readonly Entry[], repository: string): readonly string[] {
  const slash = repository.indexOf("/");
  const address = repository.slice(0, slash);
  const path = repository.slice(slash);
  const normal = (key: string) => {
    const bare = key.replace("https://", "").replace("http://", "");
    const [host = "", ...rest] = bare.split("/");
    const versioned = rest.length > 1 && (rest[0] === "v1" || rest[0] === "v2");
    const steps = versioned ? rest.slice(1) : rest;
    return steps.join("/") === "" ? host : `${host}/${steps.join("/")}`;
  };
  const applies = (key: string) => {
    const [host = "", ...rest] = normal(key).split("/");
    // Go finds no port behind a class, so that the colon stays in the name.
    if (host.includes("[") && host.includes(":")) return false;
    const [name = "", port = ""] = host.split(":");
    const [wantedName = "", wantedPort = ""] = address.split(":");
    if (port !== wantedPort || !path.startsWith(rest.length === 0 ? "" : `/${rest.join("/")}`)) return false;
    const glob = name.split(".").map((label) => label.replaceAll("*", "[^.]*"));
    return new RegExp(`^${glob.join("\\.")}$`).test(wantedName);
  };
  const order = (a: Entry, b: Entry) => {
    if (normal(a.key) !== normal(b.key)) return normal(a.key) < normal(b.key) ? 1 : -1;
    return a.secret - b.secret;
  };
  const matched = entries.filter(({ key }) => applies(key));
  const isHub = address === "docker.io" || address === "index.docker.io" || !/[.:]/.test(address);
  const chosen =
    matched.length > 0 || !isHub ? matched : entries.filter(({ key }) => normal(key) === "index.docker.io");
  return [...chosen].sort(order).map(({ user }) => user);
}

const hosts = [
  "reg.io",
  "Reg.io",
  "a.reg.io",
  "docker.io",
  "index.docker.io",
  "registry-1.docker.io",
  "localhost",
  "reg",
];
const globs = ["*", "*.io", "*.*", "*.reg.io", "r*g.io", "*eg.io", "*.docker.io", "reg[0-9].io", "r[d-f]g.io"];
const keyPaths = ["", "", "/", "/v1/", "/v2/", "/v1", "/foo", "/foo/", "/fo", "/foo/bar", "/v2/foo", "/v1/v2/foo"];

const keys = fc
  .tuple(
    fc.constantFrom("", "", "https://", "http://"),
    fc.constantFrom(...hosts, ...globs),
    fc.constantFrom("", "", "", ":443", ":5000"),
    fc.constantFrom(...keyPaths),
  )
  .map((parts) => parts.join(""));

const repositories = fc
  .tuple(
    fc.constantFrom(...hosts, "reg7.io", "b.c.io", "FOO"),
    fc.constantFrom("", "", ":443", ":5000"),
    fc.constantFrom("/foo", "/foobar/x", "/foo/bar", "/library/nginx", "/v2/foo", "/v1"),
  )
  .map((parts) => parts.join(""));

/** Up to four Secrets of up to eight keys; two spellings of one key in one Secret have no order and are left out. */
const secretLists = fc.array(
  fc.uniqueArray(keys, {
    maxLength: 8,
    selector: (key) => key.replace(/^https?:\/\//, "").replace(/\/(v[12]\/)?$/, ""),
  }),
  { minLength: 1, maxLength: 4 },
);

describe("keyring against a plain telling of its rules", () => {
  it("offers the same credentials in the same order", function () {
    this.timeout(30_000);
    let matches = 0;
    fc.assert(
      fc.property(secretLists, fc.array(repositories, { minLength: 1, maxLength: 5 }), (lists, wanted) => {
        const entries = lists.flatMap((list, secret) =>
          list.map((key, at): Entry => ({ secret, key, user: `${secret}.${at}` })),
        );
        const keyring = keyringOf(...lists.map((list, secret) => secretOfKeys(list, secret)));
        for (const repository of wanted) {
          const got = keyring.lookup(repository).map(({ username }) => username);
          matches += got.length;
          assert.deepEqual(orderless(entries, got), orderless(entries, expected(entries, repository)), repository);
          assert.equal(got.length + keyring.nearMisses(repository).length, entries.length);
        }
      }),
      { numRuns: 2000 },
    );
    // Without matches the property would hold for an empty keyring as well.
    assert.ok(matches > 1000, `only ${matches} matches`);
  });
});

function secretOfKeys(list: readonly string[], secret: number) {
  return secretWithUsers(Object.fromEntries(list.map((key, at) => [key, `${secret}.${at}`])), `secret-${secret}`);
}

/** Neighbours of one Secret whose keys fall together come in no order. */
function orderless(entries: readonly Entry[], users: readonly string[]): readonly string[] {
  const label = (user: string) => {
    const entry = entries.find((candidate) => candidate.user === user);
    const key = (entry?.key ?? "")
      .replace(/^https?:\/\//, "")
      .replace(/\/v[12]\//, "/")
      .replace(/\/$/, "");
    return `${entry?.secret} ${key}`;
  };
  return users.map(label);
}
