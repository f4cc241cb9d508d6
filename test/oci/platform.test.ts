import assert from "node:assert/strict";
import fc from "fast-check";
import { PullguardError } from "../../src/core/index.js";
import {
  formatPlatform,
  matchesPlatform,
  normalisePlatform,
  type Platform,
  parsePlatform,
  platformPreferences,
} from "../../src/oci/index.js";

describe("a platform as text", () => {
  const spelled: readonly { given: string; want: string }[] = [
    { given: "linux/amd64", want: "linux/amd64" },
    { given: "LINUX/x86_64", want: "linux/amd64" },
    { given: "linux/amd64/v1", want: "linux/amd64" },
    { given: "linux/amd64/v2", want: "linux/amd64/v2" },
    { given: "linux/aarch64", want: "linux/arm64" },
    { given: "linux/arm64/v8", want: "linux/arm64" },
    { given: "linux/arm64/8", want: "linux/arm64" },
    { given: "linux/arm64/v9", want: "linux/arm64/v9" },
    { given: "linux/arm", want: "linux/arm/v7" },
    { given: "linux/arm/6", want: "linux/arm/v6" },
    { given: "linux/arm/v7", want: "linux/arm/v7" },
    { given: "linux/armhf", want: "linux/arm/v7" },
    { given: "linux/armel", want: "linux/arm/v6" },
    { given: "linux/i386", want: "linux/386" },
    { given: "macos/arm64", want: "darwin/arm64" },
    { given: "linux/riscv64", want: "linux/riscv64" },
  ];
  for (const { given, want } of spelled) {
    it(`reads ${given} as ${want}`, () => assert.equal(formatPlatform(parsePlatform(given)), want));
  }

  for (const given of [
    "",
    "linux",
    "amd64",
    "linux/",
    "/amd64",
    "linux/arm/v7/x",
    "linux/*",
    "linux amd64",
    "linux/é",
  ]) {
    it(`refuses ${JSON.stringify(given)}`, () => {
      assert.throws(
        () => parsePlatform(given),
        (error) => error instanceof PullguardError && error.code === "InputInvalid",
      );
    });
  }

  it("is unknown without an os", () => assert.equal(formatPlatform({ os: "", architecture: "" }), "unknown"));

  it("does not change when it is normalised again", () => {
    const word = fc.constantFrom(
      "",
      "linux",
      "Windows",
      "amd64",
      "x86-64",
      "arm",
      "arm64",
      "ARMHF",
      "v1",
      "v8",
      "8",
      "7",
    );
    const raw = fc.record({ os: word, architecture: word, variant: word });
    fc.assert(
      fc.property(raw, (platform) => {
        const once = normalisePlatform(platform);
        assert.deepEqual(normalisePlatform(once), once);
      }),
    );
  });
});

/** An index entry from `os/architecture/variant`, taken literally: entries are raw. */
function entry(text: string): Platform {
  const [os = "", architecture = "", variant] = text.split("/");
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

describe("the platforms a node takes", () => {
  const table: readonly {
    name: string;
    node: string;
    engine: "local" | "transfer";
    takes: string[];
    leaves: string[];
  }[] = [
    {
      name: "on amd64 include 386 for the local engine",
      node: "linux/amd64",
      engine: "local",
      takes: ["linux/amd64", "linux/amd64/v1", "linux/x86_64", "linux/386", "LINUX/AMD64", "/amd64"],
      leaves: ["linux/amd64/v2", "linux/amd64/v3", "unknown/unknown", "", "windows/amd64", "linux/arm64"],
    },
    {
      name: "on amd64 do not include 386 for the transfer engine",
      node: "linux/amd64",
      engine: "transfer",
      takes: ["linux/amd64", "linux/amd64/v1", "linux/x86_64", "LINUX/AMD64", "/amd64"],
      leaves: ["linux/386", "linux/amd64/v2", "unknown/unknown", ""],
    },
    {
      name: "on arm64 include 32-bit arm for the local engine",
      node: "linux/arm64",
      engine: "local",
      takes: ["linux/arm64", "linux/arm64/v8", "linux/arm/v8", "linux/arm/v7", "linux/arm", "linux/arm/v5"],
      leaves: ["linux/arm64/v9", "linux/arm64/v8.1", "linux/arm/v4", "linux/amd64"],
    },
    {
      name: "on arm64 are 64-bit only for the transfer engine",
      node: "linux/arm64",
      engine: "transfer",
      takes: ["linux/arm64", "linux/arm64/v8"],
      leaves: ["linux/arm/v8", "linux/arm/v7", "linux/arm64/v9"],
    },
  ];
  for (const { name, node, engine, takes, leaves } of table) {
    it(name, () => {
      const preferences = platformPreferences(parsePlatform(node), engine);
      const isTaken = (text: string) => preferences.some((wanted) => matchesPlatform(wanted, entry(text)));
      assert.deepEqual({ takes: takes.filter(isTaken), leaves: leaves.filter(isTaken) }, { takes, leaves: [] });
    });
  }

  const orders: readonly { node: string; want: string }[] = [
    { node: "linux/amd64", want: "linux/amd64 linux/386" },
    { node: "linux/amd64/v3", want: "linux/amd64/v3 linux/amd64/v2 linux/amd64 linux/386" },
    { node: "linux/arm64", want: "linux/arm64 linux/arm/v8 linux/arm/v7 linux/arm/v6 linux/arm/v5" },
    { node: "linux/arm/v7", want: "linux/arm/v7 linux/arm/v6 linux/arm/v5" },
    { node: "linux/s390x", want: "linux/s390x" },
  ];
  for (const { node, want } of orders) {
    it(`come best first on ${node}`, () => {
      assert.equal(platformPreferences(parsePlatform(node), "local").map(formatPlatform).join(" "), want);
    });
  }

  it("take the node's os for an entry that names none", () => {
    assert.equal(matchesPlatform({ os: "windows", architecture: "amd64" }, entry("/amd64")), true);
  });

  it("do not depend on the version of the os", () => {
    const offered = { os: "linux", architecture: "amd64", osVersion: "1.2" };
    assert.equal(matchesPlatform({ os: "linux", architecture: "amd64" }, offered), true);
  });
});

describe("newer releases of the platforms library", () => {
  const levels = { arm64Levels: true } as const;
  const taken = (node: string, reading = {}): string =>
    platformPreferences(parsePlatform(node), "local", reading).map(formatPlatform).join(" ");

  it("take the arm64 levels below the node's own", () => {
    assert.match(
      taken("linux/arm64/v9", levels),
      /^linux\/arm64\/v9 .*linux\/arm64\/v8\.5 .*linux\/arm64 .*linux\/arm\/v8 /,
    );
    assert.doesNotMatch(taken("linux/arm64/v9"), /v8\.5/);
    assert.doesNotMatch(taken("linux/arm64", levels), /v8\.1|v9/);
  });

  const windows = (osVersion?: string) => ({
    os: "windows",
    architecture: "amd64",
    ...(osVersion === undefined ? {} : { osVersion }),
  });
  for (const { host, container, abi, want } of [
    { host: "10.0.17763", container: "10.0.17763.5000", abi: false, want: true },
    { host: "10.0.17763", container: "10.0.20348.1", abi: true, want: false },
    { host: "10.0.20348", container: "10.0.17763.1", abi: true, want: false },
    { host: "10.0.26100", container: "10.0.20348.1", abi: true, want: true },
    { host: "10.0.26100", container: "10.0.20348.1", abi: false, want: false },
    { host: "10.0.20348", container: undefined, abi: true, want: true },
    { host: undefined, container: "10.0.17763.1", abi: true, want: true },
  ]) {
    it(`${want ? "run" : "do not run"} Windows ${container} on ${host}${abi ? " with the stable ABI" : ""}`, () => {
      assert.equal(matchesPlatform(windows(host), windows(container), { windowsStableAbi: abi }), want);
    });
  }

  it("want features that the node has, but for an old one of Windows", () => {
    const node = { os: "linux", architecture: "amd64", osFeatures: ["a"] };
    const entry = (...osFeatures: string[]) => ({ os: "linux", architecture: "amd64", osFeatures });
    assert.equal(matchesPlatform(node, entry("a"), { osFeatures: true }), true);
    assert.equal(matchesPlatform(node, entry("a", "b"), { osFeatures: true }), false);
    assert.equal(matchesPlatform(node, entry("a", "b")), true);
    assert.equal(matchesPlatform(windows(), { ...windows(), osFeatures: ["win32k"] }, { osFeatures: true }), true);
  });
});
