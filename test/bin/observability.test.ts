import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pod, podReview } from "../admission/doubles.js";
import { watchFor } from "../e2e/leaks.js";
import { type PlainRegistry, type ServingProgram, startPlainRegistry, startProgram } from "../support/program/index.js";
import { receivingTraces, type SpanView } from "../support/traces/index.js";

const user = { username: "robot", password: "s3cret of the n0de" };
const trace = "0af7651916cd43dd8448eb211c80319c";

describe("the webhook as seen from outside", function () {
  this.timeout(60_000);
  let registry: PlainRegistry;
  let folder = "";
  let flags: readonly string[] = [];
  before(async () => {
    registry = await startPlainRegistry(user);
    folder = await mkdtemp(join(tmpdir(), "pullguard-observed-"));
    const credentials = join(folder, "config.json");
    await writeFile(credentials, JSON.stringify({ auths: { [registry.address]: user } }));
    flags = [
      ...["--node-credentials", credentials, "--no-layers", "--mode", "deny"],
      ...["--runtime", "containerd://1.7.27", "--platform", "linux/amd64"],
    ];
  });
  after(async () => {
    registry.stop();
    await rm(folder, { recursive: true });
  });

  const running: ServingProgram[] = [];
  const start = async (...args: Parameters<typeof startProgram>): Promise<ServingProgram> => {
    const program = await startProgram(...args);
    running.push(program);
    return program;
  };
  afterEach(async () => {
    for (const program of running.splice(0)) await program.kill();
  });

  const review = (uid: string, ...tags: readonly string[]): object => {
    const object = pod(tags.map((tag) => `${registry.address}/team/${tag}`));
    const spec = { ...(object.spec as object), imagePullSecrets: [{ name: "regcred" }] };
    return podReview({ uid, object: { ...object, spec } });
  };

  it("tells of a review of two images in one trace, below the API server's, without a credential", async () => {
    const watch = watchFor([user]);
    const spans = await receivingTraces(async (endpoint) => {
      const program = await start([...flags, "--trace-endpoint", endpoint]);
      await program.post("/validate?timeout=5s", review("uid-traced", "app:v1", "other:v2"), {
        traceparent: `00-${trace}-b7ad6b7169203331-01`,
      });
      await program.post("/validate?timeout=5s", review("uid-again", "app:v1"));
      watch.saw("metrics", (await program.get("/metrics")).text);
      assert.equal(await program.stop(), 0);
      watch.saw("log", program.lines);
    });
    watch.saw("spans", JSON.stringify(spans));
    watch.assertNone();
    const [first, again] = [
      spans.filter(({ traceId }) => traceId === trace),
      spans.filter(({ traceId }) => traceId !== trace),
    ];
    const asked = { "predict pull": ["GET", "HEAD"] };
    const check = { check: ["read secret", asked, asked] };
    assert.deepEqual(treeOf(first, "b7ad6b7169203331"), [{ "POST /validate": [check] }]);
    const root = first.find(({ name }) => name === "POST /validate");
    assert.equal(root?.kind, "server");
    assert.deepEqual(root?.attributes, {
      "http.request.method": "POST",
      "http.route": "/validate",
      "http.response.status_code": 200,
      "pullguard.review.uid": "uid-traced",
      "pullguard.review.operation": "CREATE",
      "pullguard.review.kind": "Pod",
      "pullguard.review.name": "web",
      "pullguard.review.dry_run": false,
      "k8s.namespace.name": "shop",
      "pullguard.allowed": root?.attributes["pullguard.allowed"],
      "pullguard.warnings": root?.attributes["pullguard.warnings"],
      "pullguard.decision": root?.attributes["pullguard.decision"],
      "pullguard.findings": 2,
    });
    assert.deepEqual(
      again.filter(({ name }) => name === "predict pull").map(({ attributes }) => attributes["pullguard.cache"]),
      ["hit"],
    );
    assert.ok(registry.requests.every(({ headers }) => headers.traceparent === undefined));
  });

  it("writes the review's uid in every line about it, and shows registries and findings at /statusz", async () => {
    const program = await start([...flags, "--log-level", "debug"]);
    await Promise.all([
      program.post("/validate?timeout=5s", review("uid-one", "one:v1")),
      program.post("/validate?timeout=5s", review("uid-two", "two:v2")),
    ]);
    for (const uid of ["uid-one", "uid-two"]) {
      const messages = program.lines.filter((line) => line.uid === uid).map(({ msg }) => msg);
      assert.ok(messages.filter((message) => message === "registry request").length >= 2, messages.join());
      assert.equal(messages.filter((message) => message === "admission").length, 1);
    }
    const requests = program.lines.filter(({ msg }) => msg === "registry request");
    assert.ok(requests.every(({ uid }) => uid === "uid-one" || uid === "uid-two"));

    const json = JSON.parse((await program.get("/statusz.json")).text);
    assert.equal(json.ready, true);
    assert.equal(json.registries[0].registry, registry.address);
    assert.equal(json.findings[0].image, `${registry.address}/team/two:v2`);
    assert.equal(json.configuration.mode, "deny");
    const page = await program.get("/statusz", { accept: "text/html" });
    assert.match(String(page.headers["content-type"]), /text\/html/);
    assert.match(page.text, /team\/two:v2/);
    const elsewhere = await program.get("/statusz", { accept: "application/json", host: "pullguard.pullguard:8080" });
    assert.equal(JSON.parse(elsewhere.text).recentFindings, 1);
    assert.doesNotMatch(elsewhere.text, /two:v2/);
  });

  const hook = `export const resolve = (name, context, next) => { if (name.includes("opentelemetry")) console.error("loads " + name); return next(name, context); };`;
  const preload = `import { register } from "node:module"; register("data:text/javascript,${encodeURIComponent(hook)}");`;
  const watched = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(preload)}` };

  it("loads nothing of OpenTelemetry where nothing is traced, and has no /statusz where that is turned off", async () => {
    const program = await start([...flags, "--statusz", "false"], watched);
    await program.post("/validate?timeout=5s", review("uid-off", "app:v1"));
    assert.equal((await program.get("/statusz")).status, 404);
    assert.equal((await program.get("/metrics")).status, 200);
    await program.kill();
    assert.doesNotMatch(program.errors(), /opentelemetry/);
  });

  it("answers as ever while the trace receiver is away", async () => {
    const program = await start([...flags, "--trace-endpoint", "http://127.0.0.1:1"], watched);
    const answer = await program.post("/validate?timeout=5s", review("uid-away", "app:v1"));
    assert.equal((answer.response as { allowed: boolean }).allowed, true);
    await program.kill();
    assert.match(program.errors(), /loads @opentelemetry\/sdk-trace/);
    assert.ok(program.lines.filter(({ msg }) => msg === "traces cannot be sent").length <= 1);
  });
});

type Tree = string | { readonly [name: string]: readonly Tree[] };

/** Spans below one of them, siblings in alphabetical order, requests of the same method as one. */
function treeOf(spans: readonly SpanView[], parent: string): readonly Tree[] {
  const children = spans.filter(({ parentSpanId }) => parentSpanId === parent);
  const trees = children.map(({ name, spanId }): Tree => {
    const below = treeOf(spans, spanId);
    return below.length === 0 ? name : { [name]: below };
  });
  const once = trees.filter((tree, index) => typeof tree !== "string" || trees.indexOf(tree) === index);
  return once.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
