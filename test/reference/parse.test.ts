import assert from "node:assert/strict";
import fc from "fast-check";
import { normalisedReference, parseReference, type ReferenceGrammar } from "../../src/reference/index.js";

const hex64 = "0123456789abcdef".repeat(4);
const digest = `sha256:${hex64}`;
const grammars: readonly ReferenceGrammar[] = ["current", "legacy"];

/** The whole reference in one string, or the fault as `Code: message`. */
function answer(written: string, grammar: ReferenceGrammar): string {
  const parsed = parseReference(written, grammar);
  return parsed.kind === "reference"
    ? normalisedReference(parsed.reference)
    : `${parsed.fault.code}: ${parsed.fault.message}`;
}

const badFormat = "InvalidFormat: invalid reference format";
const tooLong = "NameTooLong: repository name must not be more than 255 characters";

describe("an image name both grammars read alike", () => {
  const table: readonly { name: string; given: string; want: string }[] = [
    {
      name: "is completed with Docker Hub, library and latest",
      given: "nginx",
      want: "docker.io/library/nginx:latest",
    },
    { name: "gets library on docker.io", given: "docker.io/nginx", want: "docker.io/library/nginx:latest" },
    {
      name: "gets docker.io for its former name",
      given: "index.docker.io/nginx",
      want: "docker.io/library/nginx:latest",
    },
    { name: "keeps a Hub account", given: "index.docker.io/a/b", want: "docker.io/a/b:latest" },
    {
      name: "gets no library elsewhere",
      given: "registry-1.docker.io/nginx",
      want: "registry-1.docker.io/nginx:latest",
    },
    { name: "takes localhost for a registry", given: "localhost/x", want: "localhost/x:latest" },
    {
      name: "takes a port without a slash for a tag",
      given: "localhost:5000",
      want: "docker.io/library/localhost:5000",
    },
    {
      name: "takes a host without a slash for a name",
      given: "example.com",
      want: "docker.io/library/example.com:latest",
    },
    { name: "keeps a port", given: "localhost:5000/a:v1", want: "localhost:5000/a:v1" },
    { name: "keeps upper case in a host with a dot", given: "FOO.com/bar", want: "FOO.com/bar:latest" },
    { name: "keeps upper case in a tag", given: "nginx:LATEST", want: "docker.io/library/nginx:LATEST" },
    {
      name: "joins words by one or two underscores and any dashes",
      given: "a__b/c---d",
      want: "docker.io/a__b/c---d:latest",
    },
    { name: "gets no tag where it has a digest", given: `x@${digest}`, want: `docker.io/library/x@${digest}` },
    { name: "keeps a tag beside a digest", given: `r.io/x:v1@${digest}`, want: `r.io/x:v1@${digest}` },
    {
      name: "may have sha384",
      given: `x@sha384:${"a".repeat(96)}`,
      want: `docker.io/library/x@sha384:${"a".repeat(96)}`,
    },
    {
      name: "may have sha512",
      given: `x@sha512:${"a".repeat(128)}`,
      want: `docker.io/library/x@sha512:${"a".repeat(128)}`,
    },
    { name: "may be called sha256", given: `sha256:${hex64}`, want: `docker.io/library/sha256:${hex64}` },
    {
      name: "is dialled at its first word though that is no host name",
      given: "my_host.io/x",
      want: "my_host.io/x:latest",
    },
    {
      name: "may have a tag of 128 characters",
      given: `x:${"t".repeat(128)}`,
      want: `docker.io/library/x:${"t".repeat(128)}`,
    },
    { name: "may have a path of hex digits", given: `a/${hex64}`, want: `docker.io/a/${hex64}:latest` },
    { name: "refuses three underscores", given: "a___b", want: badFormat },
    { name: "refuses a leading dash", given: "-x/y", want: badFormat },
    { name: "refuses an empty tag", given: "x:", want: badFormat },
    { name: "refuses a tag of 129 characters", given: `x:${"t".repeat(129)}`, want: badFormat },
    { name: "refuses a tag that begins with a dash", given: "x:-a", want: badFormat },
    { name: "refuses a space", given: "a b", want: badFormat },
    { name: "refuses a leading space", given: " nginx", want: badFormat },
    { name: "refuses a trailing newline", given: "nginx\n", want: badFormat },
    { name: "refuses a URL", given: "https://reg.io/x", want: badFormat },
    { name: "refuses a short digest", given: "x@sha256:abc", want: badFormat },
    { name: "refuses a digest alone", given: `@${digest}`, want: badFormat },
    { name: "refuses an empty component", given: "reg.io//x", want: badFormat },
    { name: "refuses a host alone", given: "reg.io/", want: badFormat },
    { name: "refuses a port that is no number", given: "reg.io:x/y", want: badFormat },
    { name: "refuses a host label that ends in a dash", given: "reg-.io:1/y", want: badFormat },
    { name: "refuses nothing at all", given: "", want: "EmptyName: invalid reference format" },
    {
      name: "refuses bare image ids",
      given: hex64,
      want: `BareHexName: invalid repository name (${hex64}), cannot specify 64-byte hexadecimal strings`,
    },
    {
      name: "refuses an unknown digest algorithm",
      given: `x@md5:${"a".repeat(32)}`,
      want: "InvalidDigest: unsupported digest algorithm",
    },
    {
      name: "refuses an algorithm in upper case",
      given: `x:v@SHA256:${hex64}`,
      want: "InvalidDigest: invalid checksum digest format",
    },
    {
      name: "refuses a digest of the wrong length",
      given: `x@sha256:${"a".repeat(63)}`,
      want: "InvalidDigest: invalid checksum digest length",
    },
    {
      name: "refuses a digest in upper case",
      given: `x@sha256:${"A".repeat(64)}`,
      want: "InvalidDigest: invalid checksum digest format",
    },
  ];
  for (const grammar of grammars) {
    for (const { name, given, want } of table) {
      it(`${name} (${grammar})`, () => assert.equal(answer(given, grammar), want));
    }
  }
});

describe("an image name the two grammars read differently", () => {
  const longHost = `${"h".repeat(60)}.example.com`;
  const table: readonly { name: string; given: string; current: string; legacy: string }[] = [
    {
      name: "has an upper-case first word",
      given: "Foo/bar",
      current: "Foo/bar:latest",
      legacy: "UppercaseName: invalid reference format: repository name must be lowercase",
    },
    { name: "has an IPv6 host", given: "[::1]:5000/x", current: "[::1]:5000/x:latest", legacy: badFormat },
    {
      name: "has upper case in its path",
      given: "foo/Bar",
      current: "UppercaseName: invalid reference format: repository name (foo/Bar) must be lowercase",
      legacy: "UppercaseName: invalid reference format: repository name must be lowercase",
    },
    {
      name: "has upper case in its only word",
      given: "Nginx:v1",
      current: "UppercaseName: invalid reference format: repository name (library/Nginx) must be lowercase",
      legacy: "UppercaseName: invalid reference format: repository name must be lowercase",
    },
    {
      name: "has an upper-case first word that cannot be a host",
      given: "A_B/x",
      current: "UppercaseName: repository name must be lowercase",
      legacy: "UppercaseName: invalid reference format: repository name must be lowercase",
    },
    {
      name: "has a path of 255 characters",
      given: `${longHost}/${"p".repeat(255)}`,
      current: `${longHost}/${"p".repeat(255)}:latest`,
      legacy: tooLong,
    },
    { name: "has a path of 256 characters", given: `r.io/${"p".repeat(256)}`, current: tooLong, legacy: tooLong },
  ];
  for (const { name, given, current, legacy } of table) {
    it(name, () => assert.deepEqual([answer(given, "current"), answer(given, "legacy")], [current, legacy]));
  }
});

describe("parsing an image name", () => {
  const fragment = fc.constantFrom(
    ..."aA0._-/:@[] \n\u00e9\u212a\u0130".split(""),
    "nginx",
    "library/",
    "docker.io/",
    "index.docker.io/",
    "reg.io:5000/",
    "localhost/",
    "Host/",
    "[::1]:5000/",
    "my_host.io/",
    ":v1",
    ":latest",
    `@${digest}`,
    hex64,
  );
  const anyName = fc.oneof(
    fc.string(),
    fc.array(fragment, { maxLength: 8 }).map((parts) => parts.join("")),
  );

  it("never throws and gives back what it was given", () => {
    fc.assert(
      fc.property(anyName, fc.constantFrom(...grammars), (written, grammar) => {
        const parsed = parseReference(written, grammar);
        if (parsed.kind === "reference") assert.equal(parsed.reference.written, written);
        else assert.notEqual(parsed.fault.message, "");
      }),
      { numRuns: 2000 },
    );
  });

  it("reads its own full spelling as the same reference again", () => {
    fc.assert(
      fc.property(anyName, fc.constantFrom(...grammars), (written, grammar) => {
        const first = parseReference(written, grammar);
        if (first.kind === "invalid") return;
        const spelled = normalisedReference(first.reference);
        const again = parseReference(spelled, grammar);
        assert.deepEqual(again, { kind: "reference", reference: { ...first.reference, written: spelled } });
      }),
      { numRuns: 2000 },
    );
  });

  const megabyte = 1_000_000;
  const hostile: readonly { name: string; given: string }[] = [
    { name: "one word", given: "a".repeat(megabyte) },
    { name: "dashes", given: `a${"-".repeat(megabyte)}` },
    { name: "words and dots", given: "a.".repeat(megabyte / 2) },
    { name: "slashes", given: "a/".repeat(megabyte / 2) },
    { name: "host labels", given: `${"a.".repeat(megabyte / 2)}a/-` },
    { name: "colons", given: ":".repeat(megabyte) },
    { name: "at signs", given: `a${"@".repeat(megabyte)}` },
    { name: "a digest without end", given: `a@sha256:${"a".repeat(megabyte)}` },
    { name: "a digest algorithm without end", given: `a@${"b+".repeat(megabyte / 2)}c:${hex64}` },
    { name: "an address without end", given: `[${":".repeat(megabyte)}]/a` },
    { name: "upper case", given: `a/${"A".repeat(megabyte)}` },
  ];
  for (const { name, given } of hostile) {
    it(`takes no more than a moment for a megabyte of ${name}`, () => {
      const start = performance.now();
      for (const grammar of grammars) parseReference(given, grammar);
      assert.ok(performance.now() - start < 1000);
    });
  }
});
