import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GivenNodeCredentials, runCli } from "../../src/cli/index.js";
import { followNodeCredentials } from "../../src/cli/node-credentials.js";
import { fakeClock } from "../support/builders.js";
import { fakeIo } from "./fake-io.js";

const config = (password: string) => JSON.stringify({ auths: { "reg.test": { username: "node", password } } });
const secretOf = (text: string) => `apiVersion: v1
kind: Secret
metadata: { name: node-login }
type: kubernetes.io/dockerconfigjson
data: { .dockerconfigjson: ${Buffer.from(text).toString("base64")} }
`;

const shown = (given: GivenNodeCredentials) =>
  given.entries().map(({ key, username, password }) => [key, username, password.reveal()]);

/** What neither a node's kubelet nor its owner can have meant. */
const refused: readonly { readonly name: string; readonly text?: string; readonly want: RegExp }[] = [
  { name: "a file that is not there", want: /no such file/ },
  { name: "a file that is no JSON", text: '{"auths": hunter2}', want: /not JSON/ },
  { name: "a file of something else", text: "hunter2: x\n", want: /neither one Secret nor a Docker config\.json/ },
  { name: "an auth that is no base64", text: '{"auths":{"r":{"auth":"!hunter2"}}}', want: /a kubelet cannot read/ },
  { name: "a config without auths", text: '{"r":{"password":"hunter2"}}', want: /without auths/ },
  {
    name: "a config whose credentials are in a helper",
    text: '{"auths":{"reg.test":{}},"credsStore":"hunter2"}',
    want: /in a helper \(credsStore or credHelpers\)/,
  },
  {
    name: "a Secret of another type",
    text: secretOf(config("hunter2")).replace("kubernetes.io/dockerconfigjson", "Opaque"),
    want: /takes no credentials from/,
  },
];

describe("the nodes' credentials from a file", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pullguard-node-"));
    path = join(folder, "config.json");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  for (const { name, text } of [
    { name: "a Docker config.json", text: config("hunter2") },
    { name: "a Secret manifest", text: secretOf(config("hunter2")) },
  ]) {
    it(`are the entries of ${name}`, async () => {
      writeFileSync(path, text);
      const io = fakeIo();
      assert.equal(await runCli(["check", "nginx", "--no-cluster", "--node-credentials", path], io), 0);
      const credentials = io.setups[0]?.node.credentials;
      assert.ok(typeof credentials === "object");
      assert.equal(credentials.path, path);
      assert.deepEqual(shown(credentials), [["reg.test", "node", "hunter2"]]);
    });
  }

  for (const { name, text, want } of refused) {
    it(`are not taken from ${name}: exit code 2, without a word of its content`, async () => {
      if (text !== undefined) writeFileSync(path, text);
      const io = fakeIo();
      assert.equal(await runCli(["check", "nginx", "--no-cluster", "--node-credentials", path], io), 2);
      assert.match(io.err(), want);
      assert.ok(io.err().startsWith(`error: ${path}: `), io.err());
      assert.ok(!io.err().includes("hunter2"));
      assert.deepEqual(io.setups, []);
    });
  }

  it("say in the help what they may be", async () => {
    for (const command of ["check", "serve"]) {
      const io = fakeIo();
      await runCli([command, "--help"], io);
      assert.match(io.out(), /--node-credentials <none\|unknown\|FILE>/);
    }
  });

  describe("of a server", () => {
    let clock: ReturnType<typeof fakeClock>;
    let heard: string[];
    const follow = () =>
      followNodeCredentials(path, {
        clock,
        onChange: (outcome) => {
          heard.push(outcome.kind === "kept" ? String(outcome.error) : outcome.kind);
        },
      });
    beforeEach(() => {
      clock = fakeClock(1_000);
      heard = [];
    });

    it("are read again when two seconds have passed, and are other ones only if the file is", () => {
      writeFileSync(path, config("one"));
      const given = follow();
      const first = given.entries();
      writeFileSync(path, config("two"));
      clock.advance(1_999);
      assert.equal(given.entries(), first);
      clock.advance(1);
      assert.deepEqual(shown(given), [["reg.test", "node", "two"]]);
      const second = given.entries();
      clock.advance(2_000);
      assert.equal(given.entries(), second);
      assert.deepEqual(heard, ["reloaded"]);
    });

    it("stay when the file has become unusable, which is told once", () => {
      writeFileSync(path, config("one"));
      const given = follow();
      for (const text of ['{"auths": hunter2}', '{"auths": hunter2}', undefined]) {
        if (text === undefined) rmSync(path);
        else writeFileSync(path, text);
        clock.advance(2_000);
        assert.deepEqual(shown(given), [["reg.test", "node", "one"]]);
      }
      assert.equal(heard.length, 2, heard.join("\n"));
      assert.match(heard.join("\n"), /not JSON.*\n.*no such file$/);
      assert.ok(!heard.join().includes("hunter2"));
      writeFileSync(path, config("two"));
      clock.advance(2_000);
      assert.deepEqual(shown(given), [["reg.test", "node", "two"]]);
    });

    for (const { name, text, want } of refused) {
      it(`are not taken from ${name} at the start`, () => {
        if (text !== undefined) writeFileSync(path, text);
        assert.throws(follow, { code: "InputInvalid", message: want });
      });
    }

    it("are not taken from a folder", () => {
      path = folder;
      assert.throws(follow, { code: "InputInvalid", message: `${folder}: is no plain file` });
    });
  });
});
