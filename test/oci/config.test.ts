import assert from "node:assert/strict";
import { decodeConfig } from "../../src/oci/index.js";

const decode = (text: string) => decodeConfig(Buffer.from(text));
const ids = ["sha256:a", "sha256:b"];

describe("an image's config", () => {
  it("tells what it is for and lists its layers", () => {
    const text = JSON.stringify({ os: "linux", architecture: "arm64", rootfs: { type: "layers", diff_ids: ids } });
    assert.deepEqual(decode(text), {
      kind: "config",
      config: {
        os: "linux",
        architecture: "arm64",
        variant: "",
        osVersion: "",
        hasRootfs: true,
        rootfsType: "layers",
        diffIds: ids,
      },
    });
  });

  for (const [name, text] of [
    ["without anything", "{}"],
    ["that is null", "null"],
    ["with keys in another case", '{"OS":"linux","RootFS":{"Diff_IDs":[]}}'],
    ["with fields that Go does not know", '{"os":"linux","container_config":7,"docker_version":{}}'],
    ["with nulls", '{"os":null,"rootfs":null,"config":null,"history":[null]}'],
    ["with all of Docker's settings", '{"config":{"ExposedPorts":{"80/tcp":{}},"Env":["A=b"],"Labels":null}}'],
  ] as const) {
    it(`may be one ${name}`, () => assert.equal(decode(text).kind, "config"));
  }

  for (const [name, text] of [
    ["that is a page", "<html>"],
    ["that is cut off", '{"os":"linux"'],
    ["that is a list", "[]"],
    ["whose os is a number", '{"os":7}'],
    ["whose date is none", '{"created":"yesterday"}'],
    ["whose ports are no objects", '{"config":{"ExposedPorts":{"80/tcp":true}}}'],
    ["whose digests are numbers", '{"rootfs":{"diff_ids":[1]}}'],
  ] as const) {
    it(`is refused ${name}, without quoting it`, () => {
      const read = decode(text);
      assert.equal(read.kind, "unreadable");
      assert.doesNotMatch(read.kind === "unreadable" ? read.reason : "", /html|yesterday/);
    });
  }
});
