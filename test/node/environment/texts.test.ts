import assert from "node:assert/strict";
import { parseEnvironmentFile } from "../../../src/node/environment/environment-file.js";
import { parseUnit } from "../../../src/node/environment/unit-text.js";
import { splitWords } from "../../../src/node/environment/words.js";

describe("the words of a unit's setting", () => {
  const cases: readonly { readonly name: string; readonly given: string; readonly want: unknown }[] = [
    { name: "are split at blanks", given: " A=1  B=2\tC=3 ", want: { words: ["A=1", "B=2", "C=3"] } },
    { name: "lose quotes around the whole", given: `"A=x y" 'B=p q'`, want: { words: ["A=x y", "B=p q"] } },
    { name: "lose quotes around a part", given: `A="x y"z`, want: { words: ["A=x yz"] } },
    { name: "keep the other quote inside", given: `"A='1'"`, want: { words: ["A='1'"] } },
    { name: "may be empty", given: `""`, want: { words: [""] } },
    {
      name: "are unescaped as in C",
      given: String.raw`A=\x41\102\u00e9\sB\\ 'C=\''`,
      want: { words: ["A=AB\u00e9 B\\", "C='"] },
    },
    { name: "end where a quote stays open", given: `A=1 "B=2`, want: { words: ["A=1"], invalid: true } },
    { name: "end at an escape that is none", given: String.raw`A=1 B=\q C=3`, want: { words: ["A=1"], invalid: true } },
    { name: "keep a hash", given: "A=1#2 #B=3", want: { words: ["A=1#2", "#B=3"] } },
  ];
  for (const { name, given, want } of cases) {
    it(name, () => assert.deepEqual(splitWords(given), want));
  }
});

describe("a unit's text", () => {
  const lines = (text: string) =>
    parseUnit(text).map(({ section, key, value, line }) => `${line} [${section}] ${key}=${value}`);
  const cases: readonly { readonly name: string; readonly given: string; readonly want: readonly string[] }[] = [
    {
      name: "has settings in sections, blanks around the equals sign or not",
      given: "[Unit]\nA = 1\n\n[Service]\n  B=2  \nno setting\n",
      want: ["2 [Unit] A=1", "5 [Service] B=2"],
    },
    { name: "has comments of two kinds", given: "[S]\n# A=1\n;B=2\n  # C=3\nD=4 # 5", want: ["5 [S] D=4 # 5"] },
    {
      name: "goes on after a backslash, comments between or not",
      given: '[S]\nA="1" \\\n# not this\n  "2"\nB=3',
      want: ['2 [S] A="1"    "2"', "5 [S] B=3"],
    },
    { name: "ends a line at two backslashes", given: "[S]\nA=1\\\\\nB=2", want: ["2 [S] A=1\\\\", "3 [S] B=2"] },
    { name: "may have Windows line ends", given: "[S]\r\nA=1\r\nB=2\r\n", want: ["2 [S] A=1", "3 [S] B=2"] },
  ];
  for (const { name, given, want } of cases) {
    it(name, () => assert.deepEqual(lines(given), want));
  }
});

describe("an environment file", () => {
  const cases: readonly { readonly name: string; readonly given: string; readonly want: readonly string[] }[] = [
    { name: "has one assignment a line", given: "A=1\n B = 2 \n\nC=3", want: ["1 A=1", "2 B=2", "4 C=3"] },
    { name: "has comments of two kinds", given: "# A=1\n;B=2\nC=3 # 4", want: ["3 C=3 # 4"] },
    { name: "joins the parts of a quoted value", given: `A="1 2" '3 '4`, want: ["1 A=1 23 4"] },
    { name: "keeps quotes inside an unquoted value", given: `A=1"2"`, want: ['1 A=1"2"'] },
    {
      name: "unescapes in double quotes what a shell would",
      given: String.raw`A="\"\$\n"`,
      want: [String.raw`1 A="$\n`],
    },
    { name: "unescapes anything outside quotes", given: "A=a\\ b\\ \nB=1", want: ["1 A=a b ", "2 B=1"] },
    { name: "goes on after a backslash", given: "A=1\\\n2\nB=3", want: ["1 A=12", "3 B=3"] },
    { name: "may have values over several lines in quotes", given: "A='1\n2'\nB=3", want: ["1 A=1\n2", "3 B=3"] },
    { name: "knows no export", given: "export A=1\nB=2", want: ["2 B=2"] },
    { name: "may have empty values", given: 'A=\nB=""', want: ["1 A=", "2 B="] },
    { name: "passes over lines without an equals sign", given: "A\nB=2", want: ["2 B=2"] },
  ];
  for (const { name, given, want } of cases) {
    it(name, () => {
      assert.deepEqual(
        parseEnvironmentFile(given).map((found) => `${found.line} ${found.name}=${found.value}`),
        want,
      );
    });
  }
});
