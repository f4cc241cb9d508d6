import assert from "node:assert/strict";
import { array, assert as assertProperty, constantFrom, oneof, property, string, tuple } from "fast-check";
import { all, entries, late1, newest, old, read, two } from "./readings.js";

describe("hosts.toml: which hosts, in which order", () => {
  const cases: readonly {
    name: string;
    text: string;
    want: readonly (readonly [readonly string[], readonly string[] | "ignored"])[];
  }[] = [
    {
      name: "host tables come in file order, the server last",
      text: 'server = "https://s"\n[host."https://b"]\n[host."https://a"]\n',
      want: [[all, ["https://b", "https://a", "https://s"]]],
    },
    {
      name: "a name that is a number keeps its place",
      text: "[host.b]\n[host.5000]\n[host.1]\n",
      want: [[all, ["b", "5000", "1", ""]]],
    },
    {
      name: "a file with a server alone is ignored before 1.7.32",
      text: 'server = "https://s"\n',
      want: [
        [[old, "1.7.13", "1.7.31"], "ignored"],
        [["1.7.32", late1, two], ["https://s"]],
      ],
    },
    {
      name: "an empty host table makes such a file count",
      text: 'server = "https://s"\n[host]\n',
      want: [[all, ["https://s"]]],
    },
    {
      name: "a table that is only opened by its header table counts",
      text: '[host.a.header]\nx = "y"\n[host.b]\n',
      want: [[all, ["a", "b", ""]]],
    },
    {
      name: "2.x lists a host again when it is taken up after another one",
      text: '[host.a]\n[host.b]\n[host.a.header]\nx = "y"\n',
      want: [
        [
          [old, late1],
          ["a", "b", ""],
        ],
        [
          [two, newest],
          ["a", "b", "a", ""],
        ],
      ],
    },
    {
      name: "hosts in an inline table exist for 1.x only",
      text: 'host = { "https://a" = { ca = "a" }, "https://b" = {} }\n',
      want: [
        [
          [old, late1],
          ["https://a", "https://b", ""],
        ],
        [[two, newest], [""]],
      ],
    },
    {
      name: "hosts in dotted keys exist for 1.x only",
      text: 'host."https://b".ca = "x"\nhost."https://a".ca = "y"\n',
      want: [
        [
          [old, late1],
          ["https://b", "https://a", ""],
        ],
        [[two, newest], [""]],
      ],
    },
    {
      name: "hosts as keys of [host] exist for 1.x only",
      text: '[host]\n"https://z" = {}\n[host.a]\n',
      want: [
        [
          [old, late1],
          ["https://z", "a", ""],
        ],
        [
          [two, newest],
          ["a", ""],
        ],
      ],
    },
    {
      name: "what looks like a header inside a long string, an array or a comment is none",
      text: '[host.a]\nx = """\n[host.q]\n\\"""\n[host.q]\n"""\ncapabilities = [ # ]\n"pull", # [host.q]\n]\n# [host.q]\n[host.c]\n',
      want: [[all, ["a", "c", ""]]],
    },
    {
      name: "spaces, literal quotes, comments and CRLF around a header do not matter",
      text: "[ host . \"a\" ] # x\r\n[host.'c']\r\n",
      want: [[all, ["a", "c", ""]]],
    },
    {
      name: "2.x knows a long string that ends in a quote of its own",
      text: 'x = """a""""\n[host.a]\ny = """b"""""\n[host.b]\n',
      want: [
        [
          [two, newest],
          ["a", "b", ""],
        ],
      ],
    },
    {
      name: "Host is not host",
      text: "[Host.a]\n",
      want: [
        [[old], "ignored"],
        [[late1, two, newest], [""]],
      ],
    },
    {
      name: "a blank file has no host table",
      text: "  \n",
      want: [
        [[old], "ignored"],
        [[late1, two], [""]],
      ],
    },
    { name: "an array of tables is no host", text: "[[host.a]]\n", want: [[all, "ignored"]] },
    { name: "a host must be a table", text: "[host]\na = 1\n", want: [[all, "ignored"]] },
    { name: "host must be a table", text: 'host = "x"\n', want: [[all, "ignored"]] },
    { name: "a table may not appear twice", text: "[host.a]\n[host.a]\n", want: [[all, "ignored"]] },
    { name: "a key may not appear twice", text: '[host.a]\nca = "1"\nca = "2"\n', want: [[all, "ignored"]] },
    {
      name: "2.x takes no inline table over several lines",
      text: '[host.a]\nheader = {\n x = "y"\n}\n',
      want: [
        [
          [old, late1],
          ["a", ""],
        ],
        [[two, newest], "ignored"],
      ],
    },
    {
      name: "no version takes a comma at the end of an inline table",
      text: '[host.a]\nheader = { x = "y", }\n',
      want: [[all, "ignored"]],
    },
    {
      name: "an inline table may hold an array over several lines",
      text: '[host.a]\nheader = { x = [\n"y",\n] }\n',
      want: [[all, ["a", ""]]],
    },
    {
      name: "2.x takes no byte order mark",
      text: "\ufeff[host.a]\n",
      want: [
        [
          [old, late1],
          ["a", ""],
        ],
        [[two, newest], "ignored"],
      ],
    },
    {
      name: "1.x takes no ] in a table name, hence no IPv6 host",
      text: '[host."https://[::1]:5000"]\n',
      want: [
        [[old, late1], "ignored"],
        [
          [two, newest],
          ["https://[::1]:5000", ""],
        ],
      ],
    },
    {
      name: "an integer beyond 2^53 in an unknown key is nobody's concern",
      text: "z = 9223372036854775807\n[host.a]\n",
      want: [[all, ["a", ""]]],
    },
    {
      name: "unknown keys and tables are passed over",
      text: "[host.a]\nfoo = [1, { b = 2 }]\n[problem]\nproblem = 1\n",
      want: [[all, ["a", ""]]],
    },
  ];
  for (const { name, text, want } of cases) {
    for (const [versions, names] of want) {
      it(`${name} (${versions.join(", ")})`, () => {
        for (const version of versions) {
          const reading = read(text, version);
          const got = reading.kind === "ignored" ? "ignored" : reading.entries.map((entry) => entry.name);
          assert.deepEqual(got, names, version);
        }
      });
    }
  }

  it("each entry knows its line", () => {
    assert.deepEqual(
      entries('# c\nserver = "s"\n\n[host.a]\nca = """\n\n"""\n[host.b]\n', newest).map(({ line }) => line),
      [4, 8, 2],
    );
  });
});

describe("hosts.toml: any text", () => {
  const pieces = constantFrom(
    "[host.a]",
    '[host."https://b"]',
    "[host]",
    "[[host.c]]",
    "[host.a.header]",
    "server",
    "ca",
    "=",
    '"',
    '"""',
    "'",
    "\n",
    "\r\n",
    "{",
    "}",
    "[",
    "]",
    ",",
    "#",
    "\\",
    "\\u0041",
    "1",
    "true",
    "__proto__",
    "constructor",
    ".",
    " ",
    "capabilities",
    "\ufeff",
  );
  it("never makes the parser throw", () => {
    const text = oneof(
      string({ unit: "binary" }),
      array(pieces, { maxLength: 40 }).map((parts) => parts.join("")),
    );
    assertProperty(
      property(tuple(text, constantFrom(...all)), ([body, version]) => {
        const reading = read(body, version);
        assert.ok(reading.kind === "ignored" || reading.entries.length > 0);
      }),
      { numRuns: 500 },
    );
  });

  it("of 10 MB is read in one pass", () => {
    const body = `[host.a]\nx = """${'[host.q] # "\n'.repeat(800_000)}"""\n[host.b]\n`;
    assert.ok(body.length > 10_000_000);
    assert.deepEqual(
      entries(body, newest).map(({ name }) => name),
      ["a", "b", ""],
    );
  }).timeout(20_000);
});
