import assert from "node:assert/strict";
import { podReview, realClock, recordingCheck } from "../admission/doubles.js";
import { digestOf, smallWorld } from "../mutation/doubles.js";
import { mutateDeps } from "../mutation/mutated.js";
import { appWith, post } from "./doubles.js";

const digest = digestOf("a");
const small = smallWorld({ repositories: { "registry.example.com/web": { tags: { "1": digest } } } });
const mutation = mutateDeps(small, { mutations: { pinDigest: {} } }, { clock: realClock });

describe("POST /mutate", () => {
  it("answers with a JSON Patch in base64", async () => {
    const { status, body } = await post(
      appWith(recordingCheck().check, { mutation }),
      podReview(),
      "/mutate?timeout=7s",
    );
    assert.equal(status, 200);
    const { patch, ...rest } = body.response;
    assert.deepEqual(rest, {
      uid: "uid-1",
      allowed: true,
      patchType: "JSONPatch",
      warnings: [`pullguard pinned spec.containers[0].image "registry.example.com/web:1" to ${digest}`],
    });
    assert.deepEqual(
      JSON.parse(Buffer.from(patch, "base64").toString()).map(({ path }: { path: string }) => path),
      ["/spec/containers/0/image", "/metadata/annotations"],
    );
  });

  it("changes nothing where nothing is set up for it", async () => {
    const { body } = await post(appWith(recordingCheck().check), podReview(), "/mutate");
    assert.deepEqual(body.response, { uid: "uid-1", allowed: true });
  });

  it("refuses what is no review", async () => {
    assert.equal((await post(appWith(recordingCheck().check, { mutation }), { kind: "x" }, "/mutate")).status, 400);
  });
});
