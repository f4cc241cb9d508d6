import assert from "node:assert/strict";
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
    const timers: { readonly atMs: number; readonly run: () => void }[] = [];
    const deadlines = createDeadlines({ nowMs: () => nowMs }, (delayMs, run) => {
      timers.push({ atMs: nowMs + delayMs, run });
      return () => undefined;
    });
    const move = (ms: number): void => {
      nowMs += ms;
      for (const timer of timers) if (timer.atMs <= nowMs) timer.run();
    };
    return { deadlines, timers, move };
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
});
