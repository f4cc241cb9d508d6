import assert from "node:assert/strict";
import { normalisePlatform } from "../../src/oci/index.js";
import { parseImagePattern, parseSkip, patternMatches } from "../../src/policy/index.js";
import { normalisedReference, parseReference, runtimeReference } from "../../src/reference/index.js";
import { checkTimeMs } from "../../src/server/index.js";
import { parsePodTemplatePath } from "../../src/workload/index.js";
import type { Random } from "../random.js";
import type { FuzzTarget, Told } from "../target.js";
import { secondReading } from "./second-reading.js";

const hex = "0123456789abcdef".repeat(4);
const images = [
  "nginx",
  "nginx:1.27",
  "library/nginx:latest",
  "docker.io/library/nginx",
  "index.docker.io/nginx@sha256:deadbeef",
  `registry.example.com:5000/team/app:v1@sha256:${hex}`,
  `quay.io/a/b__c.d-e@sha512:${hex}${hex}`,
  "localhost/app",
  "FOO/app",
  "[2001:db8::1]:5000/app:x",
  "my_host.example/app",
  hex,
  "reg.io/A",
  "a/b:c:d",
  "",
];
const parts = [
  "a",
  "b0",
  "A",
  "-",
  "--",
  ".",
  "_",
  "__",
  "___",
  "/",
  ":",
  "@",
  "5000",
  "sha256:",
  hex,
  "docker.io",
  "localhost",
  "[::1]",
  "\u0130",
  "é",
  " ",
];

function growName(random: Random): string {
  let name = random.pick(["", "docker.io/", "reg.io/", "reg.io:5000/", "localhost/", "index.docker.io/", "Foo/"]);
  for (let count = random.below(8); count >= 0; count -= 1) name += random.pick(parts);
  return name + random.pick(["", ":v1", ":latest", `@sha256:${hex}`, ":", "@", `@sha256:${hex.toUpperCase()}`]);
}

function readName(input: string): Told {
  const shapes = (["legacy", "current"] as const).map((grammar) => {
    const parsed = parseReference(input, grammar);
    if (input.length < 1000) assert.deepEqual(parsed, { ...parsed, ...secondReading(input, grammar) });
    if (parsed.kind === "invalid") return parsed.fault.code;
    const { reference } = parsed;
    // What was normalised once stays as it is, in the same grammar. A digest beside a tag is all that may be lost.
    const again = parseReference(normalisedReference(reference), grammar);
    const isSame =
      again.kind === "reference" && normalisedReference(again.reference) === normalisedReference(reference);
    if (!isSame && !tooLongNow(again)) assert.fail(`${JSON.stringify(reference)} becomes ${JSON.stringify(again)}`);
    runtimeReference(reference);
    return `${reference.tag === undefined} ${reference.digest === undefined} ${reference.domain === "docker.io"}`;
  });
  return { shape: shapes.join(" ") };
}

/** The older grammar counts the domain, which normalising may have added. */
function tooLongNow(again: ReturnType<typeof parseReference>): boolean {
  return again.kind === "invalid" && again.fault.code === "NameTooLong";
}

/** What kubelet and runtime take for an image name, against a second reading of the grammar. */
export const imageNames: FuzzTarget = {
  name: "image-names",
  weight: 100,
  seeds: images,
  words: parts,
  grow: growName,
  run: readName,
};

/** Patterns of policies, and images that they are compared with: `pattern`, a line break, `image`. */
export const imagePatterns: FuzzTarget = {
  name: "image-patterns",
  weight: 100,
  seeds: [
    "docker.io/**\ndocker.io/library/nginx",
    "reg.io/team-*/app:v?\nreg.io/team-a/app:v1",
    "**\n",
    "*/a**b*c\nx/aabc",
  ],
  words: ["*", "**", "?", "/", ":", "@", "\n", "reg.io", "docker.io/library/"],
  run(input) {
    const [pattern = "", ...image] = input.split("\n");
    const read = parseImagePattern(pattern);
    if (typeof read === "string") return { shape: `refused ${read.slice(0, 12)}`, said: [read] };
    const matches = patternMatches(read, image.join("\n"));
    if (pattern === "**") assert.ok(matches);
    return { shape: `${matches} ${read.hasVersion}` };
  },
};

/** Short texts of people: annotations, query parameters, paths of templates, platforms. */
export const shortTexts: FuzzTarget = {
  name: "short-texts",
  seeds: [
    "TagNotFound, RegistryTimeout: pushed later",
    "1m30.5s",
    "500ms",
    "spec.workers[*].template",
    "x86_64/v2",
    "+1h",
  ],
  words: ["TagNotFound", ":", ",", "ms", "h", ".", "[*]", "*", "1", "µs"],
  run(input) {
    const skip = parseSkip(input);
    const timeMs = checkTimeMs(input);
    assert.ok(timeMs > 0 && timeMs <= 30_000, `${timeMs} ms`);
    const path = parsePodTemplatePath(input);
    const [os = "", architecture = "", variant = ""] = input.split("/");
    const once = normalisePlatform({ os, architecture, variant });
    assert.deepEqual(normalisePlatform(once), once);
    return {
      shape: `${skip.kind} ${timeMs === 9000} ${path?.length}`,
      said: skip.kind === "malformed" ? [skip.message] : [],
    };
  },
};
