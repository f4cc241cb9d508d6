import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "../../src/cli/index.js";
import { Redacted } from "../../src/core/index.js";
import type { SecretLookup, SecretSource } from "../../src/credentials/index.js";
import { fakeIo, noNodes } from "./fake-io.js";

const password = "Tr0ub4dor-and-3";
const dockerConfigJson = "kubernetes.io/dockerconfigjson";
const auth = Buffer.from(`robot:${password}`).toString("base64");

function manifest(config: unknown, type = dockerConfigJson, key = ".dockerconfigjson"): string {
  const text = typeof config === "string" ? config : JSON.stringify(config);
  const metadata = { name: "regcred", namespace: "shop" };
  return JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata, type, stringData: { [key]: text } });
}

const several = {
  credsStore: "desktop",
  auths: {
    "https://index.docker.io/v1/": { auth },
    "ghcr.io:443": { username: "port", password },
    "ghcr.io": { username: "all", password },
    "ghcr.io/acme": { auth, identitytoken: password },
    "Ghcr.io": { username: "case", password },
    "*.ghcr.io": { username: "wild", password: "" },
  },
};

describe("pullguard explain secret", () => {
  /** Runs with the Secret's manifest on standard input and shows that no password came out, however encoded. */
  async function run(argv: readonly string[], stdin = "", lookup?: SecretLookup) {
    const asked: string[] = [];
    const secrets: SecretSource = {
      secret: async (namespace, name) => {
        asked.push(`${namespace}/${name}`);
        return lookup ?? { kind: "not-found" };
      },
      serviceAccount: async () => ({ kind: "not-found" }),
    };
    const openCluster = async () => ({
      server: "https://api.test",
      namespace: "context-s",
      secrets,
      listNodes: noNodes,
    });
    const io = fakeIo({ stdin, ...(lookup === undefined ? {} : { deps: { openCluster } }) });
    const code = await runCli(["explain", "secret", ...argv], io);
    for (const text of [io.out(), io.err()]) assert.ok(!text.includes(password) && !text.includes(auth), text);
    return { code, out: io.out(), err: io.err(), asked, json: () => JSON.parse(io.out()) };
  }
  const fromFile = (config: unknown, args: readonly string[], type?: string, key?: string) =>
    run(["regcred", "-n", "shop", "-f", "-", "--no-cluster", ...args], manifest(config, type, key));

  it("lists the entries of a usable Secret, passwords masked, with what does not count", async () => {
    const { code, out } = await fromFile(several, []);
    assert.equal(code, 0);
    assert.match(
      out,
      /^Secret shop\/regcred \(kubernetes\.io\/dockerconfigjson\): the kubelet uses it; .* 6 entries$/m,
    );
    assert.match(out, /^ {2}1\. https:\/\/index\.docker\.io\/v1\/ {2}user robot, password \*{8}$/m);
    assert.match(out, /^ {2}6\. \*\.ghcr\.io {20}user wild, no password$/m);
    assert.match(out, /Note: credHelpers and credsStore/);
    assert.match(out, /Note: identitytoken .* ghcr\.io\/acme /);
  });

  it("looks where kubectl would: in the context's namespace, unless another is named", async () => {
    const missing = { kind: "not-found" } as const;
    assert.deepEqual((await run(["login"], "", missing)).asked, ["context-s/login"]);
    assert.deepEqual((await run(["login", "-n", "shop"], "", missing)).asked, ["shop/login"]);
    assert.match((await run(["login"], "", missing)).out, /context-s\/login/);
  });

  it("shows what would be tried for an image in the kubelet's order, then near misses with the reason", async () => {
    const { code, out } = await fromFile(several, ["ghcr.io/acme/app:v1"]);
    assert.equal(code, 0);
    const [, tried = "", missed = ""] = out.split(
      /For ghcr\.io\/acme\/app the kubelet tries.*\n|Entries that do not.*\n/,
    );
    assert.match(tried, /^ {2}1\. ghcr\.io\/acme {2}user robot, password \*{8}\n {2}2\. ghcr\.io {7}user all, pass/);
    assert.match(
      missed,
      /^ {2}- ghcr\.io:443: another port.* \(wanted: ghcr\.io\)\n {2}- Ghcr\.io: upper and lower case/,
    );
    assert.match(missed, /- https:\/\/index\.docker\.io\/v1\/: another registry/);
  });

  it("says the same as JSON, where a password is no more than there or not", async () => {
    const { code, json } = await fromFile(several, ["ghcr.io/acme/app:v1", "-o", "json"]);
    assert.equal(code, 0);
    const { image, entries, notes, ...rest } = json();
    assert.deepEqual(rest, {
      apiVersion: "pullguard.dev/v1",
      kind: "SecretExplanation",
      secret: { file: null, namespace: "shop", name: "regcred", type: dockerConfigJson },
      reading: "usable",
      reason: null,
      kubeletError: null,
    });
    assert.deepEqual(entries.at(-1), { key: "*.ghcr.io", username: "wild", hasPassword: false });
    assert.deepEqual(notes, [
      { code: "CredentialHelpersIgnored", key: null },
      { code: "TokenIgnored", key: "ghcr.io/acme" },
    ]);
    assert.equal(image.repository, "ghcr.io/acme/app");
    assert.deepEqual(image.tried, [
      { key: "ghcr.io/acme", username: "robot", hasPassword: true },
      { key: "ghcr.io", username: "all", hasPassword: true },
    ]);
    assert.deepEqual(image.notApplying.slice(0, 2), [
      { key: "ghcr.io:443", reason: "port-differs" },
      { key: "Ghcr.io", reason: "case-differs" },
    ]);
  });

  it("exits with 1 and a command that helps where no entry applies", async () => {
    const { code, out } = await fromFile(several, ["quay.io/acme/app:v1"]);
    assert.equal(code, 1);
    assert.match(out, /For quay\.io\/acme\/app no entry applies/);
    assert.match(
      out.replaceAll(/\s+/g, " "),
      /Fix: .* secret docker-registry <name> -n shop --docker-server=quay\.io /,
    );
  });

  it("says so where the kubelet's version decides", async () => {
    const config = { auths: { "a:1:2": { auth } } };
    const { json } = await fromFile(config, ["-o", "json"]);
    assert.deepEqual(json().notes, [{ code: "KeyDependsOnVersion", key: "a:1:2" }]);
    const { out } = await fromFile(config, ["nginx"]);
    assert.equal(out.split("whether a:1:2 applies depends on the kubelet").length, 2);
  });

  const readings = [
    { name: "of another type", config: several, type: "Opaque", want: ["ignored", "wrong-type"], text: /takes only/ },
    {
      name: "without its key",
      config: several,
      key: "config.json",
      want: ["ignored", "missing-key"],
      text: /needs the/,
    },
    { name: "that is empty", config: "", want: ["ignored", "empty"], text: /\.dockerconfigjson is empty/ },
    { name: "that is no JSON", config: "{", want: ["malformed", null], text: /unexpected end of JSON input/ },
    {
      name: "with a broken entry",
      config: { auths: { "ghcr.io": { auth }, "quay.io": { auth: "%%" } } },
      want: ["malformed", null],
      text: /malformed \(entry quay\.io\).* illegal base64 data at input byte 0/,
    },
  ];
  for (const { name, config, type, key, want, text } of readings) {
    it(`exits with 1 for a Secret ${name}, and says what the kubelet makes of it`, async () => {
      const shown = await fromFile(config, ["ghcr.io/acme/app"], type, key);
      assert.equal(shown.code, 1);
      assert.match(shown.out.replaceAll(/\s+/g, " "), text);
      assert.match(shown.out.replaceAll(/\s+/g, " "), /Fix: kubectl delete secret regcred -n shop && kubectl create /);
      const { reading, reason, entries } = (await fromFile(config, ["-o", "json"], type, key)).json();
      assert.deepEqual([reading, reason], want);
      assert.deepEqual(entries, []);
    });
  }

  describe("looking in a cluster", () => {
    const data = new Map([[".dockerconfigjson", new Redacted(JSON.stringify(several))]]);
    const secret = { namespace: "shop", name: "regcred", type: dockerConfigJson, resourceVersion: "1", data };

    it("reads the Secret of the namespace", async () => {
      const { code, asked } = await run(["regcred", "-n", "shop"], "", { kind: "found", secret });
      assert.equal(code, 0);
      assert.deepEqual(asked, ["shop/regcred"]);
    });

    it("does not ask for what the files hold", async () => {
      const { asked } = await run(["regcred", "-n", "shop", "-f", "-"], manifest(several), { kind: "found", secret });
      assert.deepEqual(asked, []);
    });

    it("exits with 1 where it is missing or must not be read", async () => {
      const missing = await run(["regcred", "nginx"], "", { kind: "not-found" });
      assert.equal(missing.code, 1);
      assert.match(missing.out, /^Secret context-s\/regcred: it does not exist/);
      assert.match(missing.out, /Fix: kubectl create secret docker-registry regcred -n context-s/);
      const unreadable = await run(["regcred"], "", { kind: "unreadable", reason: "no right to get secrets" });
      assert.equal(unreadable.code, 1);
      assert.equal(unreadable.out, "Secret context-s/regcred: it cannot be read: no right to get secrets\n");
    });
  });

  describe("with --pull-secret", () => {
    let folder: string;
    let config: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "pullguard-secret-"));
      config = join(folder, "config.json");
      writeFileSync(config, JSON.stringify(several));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    it("takes a Docker config.json and a lone argument for the image, and asks no cluster", async () => {
      const { code, json, asked } = await run(["nginx", "--pull-secret", config, "-o", "json"], "", {
        kind: "not-found",
      });
      assert.equal(code, 0);
      assert.deepEqual(json().secret, { file: config, namespace: "default", name: null, type: dockerConfigJson });
      assert.deepEqual(json().image.tried, [
        { key: "https://index.docker.io/v1/", username: "robot", hasPassword: true },
      ]);
      assert.deepEqual(asked, []);
    });

    it("takes a Secret's manifest and a name", async () => {
      const { code, out } = await run(["other", "nginx", "-n", "ops", "--pull-secret", "-"], manifest(several));
      assert.equal(code, 0);
      assert.match(out, /^<stdin> as Secret ops\/other \(/);
    });

    it("explains the file alone", async () => {
      const { code, out } = await run(["--pull-secret", config]);
      assert.equal(code, 0);
      assert.ok(out.startsWith(`${config} (`));
    });

    it("advises to log in where no entry applies", async () => {
      const { code, out } = await run(["quay.io/x", "--pull-secret", config]);
      assert.equal(code, 1);
      assert.match(out.replaceAll(/\s+/g, " "), /Fix: docker login quay\.io, with \S+config\.json as its config\.json/);
    });
  });

  it("shows no control characters of a Secret", async () => {
    const { out } = await fromFile({ auths: { "a\u001b[31m": { username: "b\u0007", password } } }, []);
    assert.match(out, /a\\u\{1b\}\[31m +user b\\u\{7\}/);
  });

  const wrong = [
    { name: "no name", argv: [], want: /^error: name a Secret/ },
    { name: "too many arguments", argv: ["a", "b", "c"], want: /^error: too many arguments/ },
    {
      name: "an image that is none",
      argv: ["regcred", "not a name", "--no-cluster"],
      want: /^error: "not a name" is no/,
    },
    { name: "a cluster and none", argv: ["a", "--no-cluster", "--kubeconfig", "x"], want: /^error: --kubeconfig and/ },
    { name: "a context of none", argv: ["a", "--no-cluster", "--context", "x"], want: /^error: --context and/ },
    { name: "standard input twice", argv: ["a", "-f", "-", "-f", "-", "--no-cluster"], want: /^error: standard input/ },
    { name: "a file that is not there", argv: ["--pull-secret", "/nowhere/x"], want: /^error: \/nowhere\/x: no such/ },
  ];
  for (const { name, argv, want } of wrong) {
    it(`exits with 2 for ${name}`, async () => {
      const { code, out, err } = await run(argv);
      assert.deepEqual([code, out], [2, ""]);
      assert.match(err, want);
    });
  }

  it("has help that fits into 100 columns, and leaves explain CODE as it was", async () => {
    const help = fakeIo();
    assert.equal(await runCli(["explain", "secret", "--help"], help), 0);
    assert.ok(help.out().startsWith("Usage: pullguard explain secret "));
    assert.deepEqual(
      help
        .out()
        .split("\n")
        .filter((line) => line.length > 100),
      [],
    );
    const explained = fakeIo();
    assert.equal(await runCli(["explain", "TagNotFound"], explained), 0);
    assert.match(explained.out(), /^TagNotFound\n/);
  });
});
