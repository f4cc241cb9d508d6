import assert from "node:assert/strict";
import { openTracing, type Tracer, type TracingOptions } from "../../src/telemetry/index.js";
import { realClock } from "../admission/doubles.js";
import { receivingTraces, type SpanView } from "../support/traces/index.js";

type Options = Partial<Parameters<typeof openTracing>[0]>;

const order = { name: "POST /validate", uid: "uid-1", headers: {} } as const;

async function traced(options: Options, use: (tracer: Tracer) => Promise<void>): Promise<readonly SpanView[]> {
  return await receivingTraces(async (endpoint) => {
    const tracer = await openTracing({ endpoint, ratio: 1, version: "1.2.3", clock: realClock, ...options });
    await use(tracer);
    await tracer.stop();
  });
}

describe("openTracing", () => {
  it("hands over a tree of spans", async () => {
    const spans = await traced({}, (tracer) =>
      tracer.review({ ...order, kind: "server", attributes: { "pullguard.review.uid": "uid-1" } }, async () => {
        await tracer.within("check", {}, async (span) => {
          tracer.passed(
            "HEAD",
            { kind: "client", attributes: { gone: undefined } },
            { durationMs: 5, failure: "timeout" },
          );
          span.set({ found: 2, list: ["a"] });
        });
        tracer.annotate({ "pullguard.decision": "deny" });
      }),
    );
    const [head, check, review] = ["HEAD", "check", "POST /validate"].map((name) =>
      spans.find((span) => span.name === name),
    );
    assert.equal(spans.length, 3);
    assert.equal(head?.parentSpanId, check?.spanId);
    assert.equal(check?.parentSpanId, review?.spanId);
    assert.equal(review?.parentSpanId, "");
    assert.equal(head?.kind, "client");
    assert.equal(review?.kind, "server");
    assert.deepEqual(head?.attributes, { "error.type": "timeout" });
    assert.equal(head?.isError, true);
    assert.deepEqual(check?.attributes, { found: 2, list: ["a"] });
    assert.deepEqual(review?.attributes, { "pullguard.review.uid": "uid-1", "pullguard.decision": "deny" });
    assert.equal(review?.resource["service.name"], "pullguard");
    assert.equal(review?.resource["service.version"], "1.2.3");
    assert.ok(head !== undefined && Math.abs(head.durationMs - 5) < 0.01);
  });

  const trace = "0af7651916cd43dd8448eb211c80319c";
  const parents: readonly { name: string; given: string | string[]; want: boolean }[] = [
    { name: "a sampled parent", given: `00-${trace}-b7ad6b7169203331-01`, want: true },
    { name: "a parent of a later version", given: `01-${trace}-b7ad6b7169203331-01-more`, want: true },
    { name: "more than version 00 has", given: `00-${trace}-b7ad6b7169203331-01-more`, want: false },
    { name: "the version that is none", given: `ff-${trace}-b7ad6b7169203331-01`, want: false },
    { name: "an empty trace", given: `00-${"0".repeat(32)}-b7ad6b7169203331-01`, want: false },
    { name: "an empty span", given: `00-${trace}-${"0".repeat(16)}-01`, want: false },
    { name: "capital letters", given: `00-${trace.toUpperCase()}-b7ad6b7169203331-01`, want: false },
    { name: "two headers", given: [`00-${trace}-b7ad6b7169203331-01`, "x"], want: false },
    { name: "rubbish", given: "<script>", want: false },
  ];
  for (const { name, given, want } of parents) {
    it(`${want ? "goes below" : "does not believe"} ${name}`, async () => {
      const spans = await traced({}, (tracer) =>
        tracer.review({ ...order, headers: { traceparent: given } }, () => Promise.resolve()),
      );
      assert.equal(spans.length, 1);
      assert.equal(spans[0]?.traceId === trace, want);
      assert.equal(spans[0]?.parentSpanId === "b7ad6b7169203331", want);
    });
  }

  it("keeps what the API server samples and nothing else at a ratio of 0", async () => {
    const spans = await traced({ ratio: 0 }, async (tracer) => {
      await tracer.review(order, () => Promise.resolve());
      await tracer.review({ ...order, headers: { traceparent: `00-${trace}-b7ad6b7169203331-01` } }, () =>
        Promise.resolve(),
      );
    });
    assert.deepEqual(
      spans.map((span) => span.traceId),
      [trace],
    );
  });

  it("leaves out what the API server does not sample", async () => {
    const headers = { traceparent: `00-${trace}-b7ad6b7169203331-00` };
    assert.deepEqual(await traced({}, (tracer) => tracer.review({ ...order, headers }, () => Promise.resolve())), []);
  });

  it("links work that nobody waits for to the review that wanted it", async () => {
    const spans = await traced({}, async (tracer) => {
      let place: unknown;
      await tracer.review(order, async () => {
        place = tracer.here();
      });
      await tracer.within("verify layer", { linkedTo: place }, () => Promise.resolve());
    });
    const review = spans.find(({ name }) => name === order.name);
    const verify = spans.find(({ name }) => name === "verify layer");
    assert.notEqual(verify?.traceId, review?.traceId);
    assert.deepEqual(verify?.links, [review?.spanId]);
  });

  it("marks a rejection by its kind, not by its message, and passes it on", async () => {
    const spans = await traced({}, (tracer) =>
      assert.rejects(tracer.within("work", {}, () => Promise.reject(new TypeError("hunter2")))),
    );
    assert.equal(spans[0]?.isError, true);
    assert.equal(spans[0]?.attributes["error.type"], "TypeError");
    assert.doesNotMatch(JSON.stringify(spans), /hunter2/);
  });

  it("cuts long values and writes out what cannot be seen", async () => {
    const spans = await traced({}, (tracer) =>
      tracer.within("work", { attributes: { long: "x".repeat(100_000), odd: "a\u202eb" } }, () => Promise.resolve()),
    );
    assert.equal(String(spans[0]?.attributes.long).length, 512);
    assert.equal(spans[0]?.attributes.odd, "a\\u202eb");
  });

  it("goes on where nobody receives, and says what was lost", async () => {
    const lost: number[] = [];
    const onExport: TracingOptions["onExport"] = ({ result, spans }) => {
      if (result === "lost") lost.push(spans);
    };
    const refusing = { endpoint: "http://127.0.0.1:1", clock: { ...realClock, sleep: () => Promise.resolve() } };
    const away = await openTracing({ ...refusing, ratio: 1, version: "1" });
    for (let number = 0; number < 5000; number += 1) await away.within("work", {}, () => Promise.resolve());
    await away.stop();
    await receivingTraces(async (endpoint) => {
      const tracer = await openTracing({
        endpoint: `${endpoint}/elsewhere`,
        ratio: 1,
        version: "1",
        clock: realClock,
        onExport,
      });
      await tracer.within("work", {}, () => Promise.resolve());
      await tracer.stop();
    });
    assert.deepEqual(lost, [1]);
  });
});
