import assert from "node:assert/strict";
import { deadlineOf } from "../../src/core/index.js";
import { checkTimeMs, createDeadlines, deadlineStepMs, parseGoDuration } from "../../src/server/index.js";

describe("parseGoDuration", () => {
  const table: readonly { given: string; want: number | undefined }[] = [
    { given: "7s", want: 7_000 },
    { given: "500ms", want: 500 },
    { given: "1m", want: 60_000 },
    { given: "1m30s", want: 90_000 },
    { given: "1.5s", want: 1_500 },
    { given: ".5s", want: 500 },
    { given: "1.s", want: 1_000 },
    { given: "+2s", want: 2_000 },
    { given: "2h", want: 7_200_000 },
    { given: "1500us", want: 1.5 },
    { given: "1500µs", want: 1.5 },
    { given: "0s", want: 0 },
    { given: "7", want: undefined },
    { given: "", want: undefined },
    { given: "s", want: undefined },
    { given: "-7s", want: undefined },
    { given: "7 s", want: undefined },
    { given: "7S", want: undefined },
    { given: "7s;", want: undefined },
    { given: `${"9".repeat(80)}s`, want: undefined },
    // Took time without end while digits could be shared out in several ways.
    { given: `${"999m".repeat(2000)}!`, want: undefined },
  ];
  for (const { given, want } of table) {
    it(`reads ${JSON.stringify(given.slice(0, 12))} as ${want} ms`, () => assert.equal(parseGoDuration(given), want));
  }
});

describe("checkTimeMs", () => {
  const table: readonly { name: string; given: unknown; want: number }[] = [
    { name: "10 s less one second where nothing is said", given: undefined, want: 9_000 },
    { name: "the default where the text is no duration", given: "soon", want: 9_000 },
    { name: "the default where the parameter comes twice", given: ["1s", "2s"], want: 9_000 },
    { name: "the default for zero", given: "0s", want: 9_000 },
    { name: "a tenth less", given: "5s", want: 4_500 },
    { name: "a second less at most", given: "20s", want: 19_000 },
    { name: "a quarter of a second less at least", given: "1s", want: 750 },
    { name: "half a minute at most", given: "10m", want: 29_000 },
    { name: "what remains of a short time", given: "300ms", want: 50 },
    { name: "a tenth of a time shorter than the margin", given: "200ms", want: 20 },
  ];
  for (const { name, given, want } of table) {
    it(`gives ${name}`, () => assert.equal(checkTimeMs(given), want));
  }
});

describe("deadlines", () => {
  /** A clock and timers that stand still until they are moved. */
  function stopwatch() {
    let nowMs = 1_000_007;
    let lagMs = 0;
    const timers: { readonly atMs: number; readonly run: () => void }[] = [];
    const deadlines = createDeadlines({
      clock: { nowMs: () => nowMs },
      startTimer: (delayMs, run) => {
        timers.push({ atMs: nowMs + delayMs, run });
        return () => undefined;
      },
      lagMs: () => lagMs,
    });
    const move = (ms: number): void => {
      const untilMs = nowMs + ms;
      for (;;) {
        const [next] = timers.filter(({ atMs }) => atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs);
        if (next === undefined) break;
        timers.splice(timers.indexOf(next), 1);
        nowMs = Math.max(nowMs, next.atMs);
        next.run();
      }
      nowMs = untilMs;
    };
    const lag = (ms: number): void => {
      lagMs = ms;
    };
    return { deadlines, timers, move, lag };
  }

  it("abort in time, at most a step early", () => {
    const { deadlines, timers, move } = stopwatch();
    const signal = deadlines.within(500);
    const early = 1_000_507 - (timers[0]?.atMs ?? 0);
    assert.ok(early >= 0 && early < deadlineStepMs);
    move(500 - deadlineStepMs);
    assert.equal(signal.aborted, false);
    move(deadlineStepMs);
    assert.equal(signal.aborted, true);
    assert.equal(signal.reason.name, "TimeoutError");
  });

  it("are shared by requests that end together, and by no others", () => {
    const { deadlines, timers, move } = stopwatch();
    const first = deadlines.within(500);
    assert.equal(deadlines.within(501), first);
    assert.notEqual(deadlines.within(600), first);
    assert.equal(timers.length, 2);
    move(1000);
    assert.equal(deadlines.within(500).aborted, false);
  });

  it("come earlier where the event loop is late, by the turns that the answer will lose", () => {
    const { deadlines, move, lag } = stopwatch();
    lag(600);
    const signal = deadlines.within(9_000);
    assert.equal(deadlineOf(signal), 1_006_600);
    move(6_600 - 2 * deadlineStepMs);
    assert.equal(signal.aborted, false);
    move(2 * deadlineStepMs);
    assert.equal(signal.aborted, true);
  });

  it("follow an event loop that becomes late, and one that is in time again", () => {
    const { deadlines, move, lag } = stopwatch();
    const [late, relieved] = [deadlines.within(9_000), deadlines.within(20_000)];
    move(7_000);
    assert.equal(late.aborted, false);
    lag(600);
    move(1_000);
    assert.equal(late.aborted, true);
    assert.equal(relieved.aborted, false);
    lag(0);
    move(12_000 - 2 * deadlineStepMs);
    assert.equal(relieved.aborted, false);
    move(2 * deadlineStepMs);
    assert.equal(relieved.aborted, true);
  });

  it("leave a tenth of the time however late everything is", () => {
    const { deadlines, move, lag } = stopwatch();
    lag(60_000);
    const signal = deadlines.within(9_000);
    move(899);
    assert.equal(signal.aborted, false);
    move(1);
    assert.equal(signal.aborted, true);
  });
});
