import assert from "node:assert/strict";
import { faultLines, parseConfig } from "../../src/policy/index.js";
import { podReview, recordingCheck } from "../admission/doubles.js";
import { invalidConfigs } from "../policy/invalid-configs.js";
import { appWith, post } from "./doubles.js";

const kind = { group: "pullguard.dev", version: "v1", kind: "PullguardConfig" };
const config = (spec: object) => ({
  apiVersion: "pullguard.dev/v1",
  kind: "PullguardConfig",
  metadata: { name: "default" },
  spec,
});

function send(object: unknown, over: Record<string, unknown> = {}) {
  const body = podReview({ kind, namespace: "", name: "default", object, ...over });
  return post(appWith(recordingCheck().check), body, "/validate-config");
}

describe("POST /validate-config", () => {
  it("allows a valid PullguardConfig without a word", async () => {
    const { status, body } = await send(config({ defaults: { unpullable: ["Deny"] } }));
    assert.equal(status, 200);
    assert.deepEqual(body.response, { uid: "uid-1", allowed: true });
  });

  it("warns of exemptions that have expired", async () => {
    const exemptions = [{ name: "old", match: { kinds: ["Pod"] }, reason: "r", expires: "2001-01-01" }];
    const { body } = await send(config({ exemptions }));
    assert.deepEqual(body.response.warnings, ["spec.exemptions[0]: old has expired (2001-01-01) and no longer counts"]);
  });

  for (const { name, document, want } of invalidConfigs) {
    if (typeof document !== "object" || document === null || Array.isArray(document)) continue;
    it(`refuses ${name}`, async () => {
      const { body } = await send(document);
      assert.equal(body.response.allowed, false);
      assert.deepEqual(body.response.status, {
        code: 422,
        reason: "Invalid",
        message: ["the PullguardConfig is not valid:", ...want.map((line) => `- ${line}`)].join("\n"),
      });
    });
  }

  it("shows the first twenty faults and counts the others", async () => {
    const rules = Array.from({ length: 25 }, (_, index) => ({ name: `r${index}`, actions: ["No"] }));
    const { body } = await send(config({ rules }));
    const lines = body.response.status.message.split("\n");
    assert.equal(lines.length, 22);
    assert.equal(lines.at(-1), "- and 5 more");
    const parsed = parseConfig(config({ rules }), "resource");
    assert.equal(parsed.kind === "invalid" ? faultLines(parsed.faults).length : 0, 25);
  });

  it("has nothing to say of its status, its deletion or anything else", async () => {
    const bad = config({ rule: [] });
    for (const over of [
      { subResource: "status" },
      { operation: "DELETE" },
      { kind: { ...kind, group: "other.dev" } },
    ]) {
      assert.equal((await send(bad, over)).body.response.allowed, true, JSON.stringify(over));
    }
  });

  it("answers only to POST, and only to an AdmissionReview", async () => {
    assert.equal((await post(appWith(recordingCheck().check), { kind: "x" }, "/validate-config")).status, 400);
  });
});
