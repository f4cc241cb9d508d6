import type { Answered, Asked } from "./load.js";
import { quantile, type Trend, trendOf, type Verdict, verdictOf } from "./statistics.js";
import { roundMs } from "./truth.js";
import type { Watched } from "./webhook.js";

/** The webhook's process at one moment, minutes after the start. */
export interface Measurement extends Watched {
  readonly minutes: number;
}

/** One answer beside what it may be. */
export interface Judged {
  readonly asked: Asked;
  readonly image: string;
  readonly answered: Answered;
  readonly allowed: { readonly allow: boolean; readonly deny: boolean };
  readonly excused: { readonly unknown: boolean; readonly shed: boolean; readonly denial: boolean };
  readonly atMs: number;
}

/** How one thing that is measured went. */
export interface MeasuredTrend extends Trend {
  readonly what: string;
  readonly unit: string;
  readonly verdict: Verdict;
  readonly highest: number;
  /** Whether growth, or not being able to exclude it, fails the soak. */
  readonly isJudged: boolean;
}

export interface SoakReport extends ReturnType<Tally["summary"]> {
  readonly at: string;
  readonly commit: string;
  readonly node: string;
  readonly cpus: number;
  readonly minutes: number;
  /** Reviews a second: as ordered, and as answered over the whole run. */
  readonly rate: number;
  readonly reachedRate: number;
  /** Set where the webhook ended by itself. */
  readonly ended?: string;
  /** How often something was made to fail. */
  readonly faults: number;
  /** Minutes that are not measured: caches fill, code is compiled. */
  readonly warmUpMinutes: number;
  readonly trends: readonly MeasuredTrend[];
  readonly unhandledRejections: number;
  /** What pullguard_faults_total counted: faults of Pullguard's own. */
  readonly ownFaults: number;
  /** What was rejected or thrown and nobody caught. */
  readonly uncaught: readonly string[];
  /** Warnings of Node.js in the webhook's process. */
  readonly warnings: readonly string[];
}

/** Of each kind of answer. */
const maxExamples = 4;
/** Of the newest answers, for latencies. */
const maxTimes = 200_000;

/** Counts answers and keeps the first that are wrong. */
export class Tally {
  readonly #counts = { allow: 0, deny: 0, unknown: 0, shed: 0, error: 0 };
  readonly #examples = new Map<string, readonly string[]>();
  readonly #times: number[] = [];
  #total = 0;
  #wrong = 0;
  #unexcused = 0;

  note(judged: Judged): void {
    const { answered, asked, image, atMs, excused } = judged;
    this.#total += 1;
    if (!excused.unknown) this.#unexcused += 1;
    this.#counts[answered.answer] += 1;
    if (this.#times.length < maxTimes) this.#times.push(answered.tookMs);
    else this.#times[this.#total % maxTimes] = answered.tookMs;
    if (isRight(judged)) return;
    if (answered.answer !== "error") this.#wrong += 1;
    const known = this.#examples.get(answered.answer) ?? [];
    if (known.length >= maxExamples) return;
    const said = `${answered.answer} after ${answered.tookMs.toFixed(0)} ms: ${answered.detail.slice(0, 300)}`;
    const example = `${(atMs / 1000).toFixed(1)} s ${image} ${asked.secret ?? ""} ${said}`;
    this.#examples.set(answered.answer, [...known, example]);
  }

  /**
   * `wrong`: among them what was unknown or shed although nothing that it depends on failed. `unexcused`: reviews for which
   * only the planted answer was right.
   */
  summary() {
    const { error, shed, ...answers } = this.#counts;
    const [p50Ms, p99Ms, maxMs] = [0.5, 0.99, 1].map((share) => Math.round(quantile(this.#times, share) * 10) / 10);
    return {
      reviews: this.#total,
      ...answers,
      shed,
      errors: error,
      wrong: this.#wrong,
      unexcused: this.#unexcused,
      p50Ms,
      p99Ms,
      maxMs,
      examples: [...this.#examples.values()].flat(),
    };
  }

  static progress(tally: Tally, at: Measurement): string {
    const { reviews, wrong, errors, shed, unknown } = tally.summary();
    const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
    return [
      `${at.minutes.toFixed(2)} min`,
      `heap ${mib(at.heapUsed)} rss ${mib(at.rss)} MiB`,
      `resources ${total(at.resources)} files ${at.openFiles}`,
      `caches ${mib(at.cacheBytes)} MiB`,
      `loop p99 ${at.loopP99Ms.toFixed(0)} ms`,
      `reviews ${reviews} unknown ${unknown} shed ${shed} wrong ${wrong} errors ${errors}`,
    ].join(" | ");
  }
}

function isRight({ answered, allowed, excused }: Judged): boolean {
  switch (answered.answer) {
    case "allow":
      return allowed.allow;
    case "deny":
      return allowed.deny || excused.denial;
    case "unknown":
      return excused.unknown;
    case "shed":
      return excused.shed;
    default:
      return false;
  }
}

const mib = 2 ** 20;
const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, n) => sum + n, 0);

interface Measured {
  readonly what: string;
  readonly unit: string;
  readonly value: (at: Measurement) => number;
  /** How much more of it a minute is of no account. */
  readonly tolerance: number;
  readonly isJudged: boolean;
}

/**
 * What is judged is what the program holds on to. Compiled code is V8's, which goes on compiling what a rare fault makes it run once
 * more: it is told. Resident memory is the allocator's: it is told, and has a bound of its own, {@link mostResidentMib}.
 * Caches tell by themselves how full they are, which explains what the heap does at first.
 */
const measured: readonly Measured[] = [
  heap("heap without code", ({ heapUsed, code }) => (heapUsed - code) / mib, 0.02, true),
  heap("heap after collection", ({ heapUsed }) => heapUsed / mib, 0.02, false),
  heap("compiled code", ({ code }) => code / mib, 0.02, false),
  heap("external", ({ external }) => external / mib, 0.02, true),
  heap("resident", ({ rss }) => rss / mib, 0.5, false),
  heap("caches, as estimated", ({ cacheBytes }) => cacheBytes / mib, 0.02, false),
  count("open files", ({ openFiles }) => openFiles, true),
  count("handles", ({ resources }) => total(resources), true),
];
/** Of the 512 MiB that the manifests ask for. */
const mostResidentMib = 400;

function heap(what: string, value: Measured["value"], tolerance: number, isJudged: boolean): Measured {
  return { what, unit: "MiB", value, tolerance, isJudged };
}

function count(what: string, value: Measured["value"], isJudged: boolean): Measured {
  return { what, unit: "", value, tolerance: 0.5, isJudged };
}

/** Caches fill, code is compiled, heaps grow to their size: a third of the run, five minutes at most. */
export function warmUpMinutes(minutes: number): number {
  return Math.min(5, minutes / 3);
}

/** A line for each thing that is measured, handles also by kind. */
export function trendsOf(measurements: readonly Measurement[], minutes: number): readonly MeasuredTrend[] {
  const steady = measurements.filter((at) => at.minutes >= warmUpMinutes(minutes));
  const kinds = [...new Set(steady.flatMap(({ resources }) => Object.keys(resources)))].sort();
  const ofKinds = kinds.map((kind) => count(`  ${kind}`, ({ resources }) => resources[kind] ?? 0, false));
  return [...measured, ...ofKinds].map(({ what, unit, value, tolerance, isJudged }) => {
    const points = steady.map((at) => [at.minutes, value(at)] as const);
    const trend = trendOf(points, roundMs / 60_000);
    const highest = Math.max(...points.map(([, each]) => each));
    return { what, unit, ...trend, highest, verdict: verdictOf(trend, tolerance), isJudged };
  });
}

/** What a soak fails for, in words; nothing: it has passed. */
export function failuresOf(report: SoakReport): readonly string[] {
  const { wrong, errors, ended, rate, reachedRate, unhandledRejections, ownFaults, uncaught, warnings } = report;
  const resident = report.trends.find(({ what }) => what === "resident")?.highest ?? 0;
  const failures: readonly (readonly [boolean, string])[] = [
    [wrong > 0, `${wrong} wrong answers`],
    [errors > 0, `${errors} reviews without an answer`],
    [ended !== undefined, `${ended}`],
    [reachedRate < 0.98 * rate, `only ${reachedRate.toFixed(1)} reviews/s of ${rate}`],
    [unhandledRejections > 0, `${unhandledRejections} unhandled rejections`],
    [ownFaults > 0, `${ownFaults} faults of its own`],
    [uncaught.length > 0 && unhandledRejections === 0, "something was thrown that nobody caught"],
    [warnings.length > 0, `${warnings.length} warnings of Node.js`],
    [resident > mostResidentMib, `${resident.toFixed(0)} MiB resident`],
    ...report.trends
      .filter(({ isJudged, verdict }) => isJudged && verdict !== "flat")
      .map(({ what, verdict }) => [true, `${what}: ${verdict}`] as const),
  ];
  return failures.filter(([isTrue]) => isTrue).map(([, text]) => text);
}

/** The report for people. */
export function renderSoak(report: SoakReport): string {
  const { reviews, allow, deny, unknown, shed, errors, wrong, unexcused, trends } = report;
  const [first] = trends;
  const through =
    (first?.rounds ?? 0) > 0 ? `${first?.rounds} means over whole rounds of faults` : "single measurements";
  const failures = failuresOf(report);
  const lines = [
    `Soak: ${report.minutes} min at ${report.rate} reviews/s (${report.reachedRate.toFixed(1)} reached), Node ${report.node}, ${report.cpus} CPUs, ${report.faults} faults injected`,
    `${reviews} reviews: ${allow} allowed, ${deny} denied, ${unknown} unknown while something failed, ${shed} shed while something failed, ${errors} errors, ${wrong} wrong`,
    `${((100 * unexcused) / reviews).toFixed(0)} % of the reviews had one right answer: nothing that they depend on had failed lately`,
    `latency p50 ${report.p50Ms} ms, p99 ${report.p99Ms} ms, max ${report.maxMs} ms`,
    `unhandled rejections ${report.unhandledRejections}, faults of its own ${report.ownFaults}, warnings of Node.js ${report.warnings.length}`,
    "",
    `After ${report.warmUpMinutes.toFixed(1)} min of warm-up, a line through ${through}:`,
    `${"".padEnd(26)} ${"mean".padStart(11)} ${"highest".padStart(11)} ${"a minute".padStart(9)}   95 % between`,
    ...trends.map(lineOf),
    ...trends.filter(({ isJudged, rounds }) => isJudged && rounds > 0).map(roundsOf),
    ...report.warnings.map((warning) => `warning: ${warning}`),
    ...report.uncaught.slice(0, 5),
    ...report.examples.map((example) => `wrong: ${example}`),
    "",
    failures.length === 0 ? "PASSED" : `FAILED: ${failures.join("; ")}`,
    "",
  ];
  return lines.join("\n");
}

function lineOf({ what, unit, mean, highest, perMinute, low, high, verdict, isJudged }: MeasuredTrend): string {
  const [average, most] = [mean, highest].map((value) => `${value.toFixed(1)} ${unit}`.trimEnd().padStart(11));
  const between = `${signed(low)} … ${signed(high)}`.padEnd(22);
  return `${what.padEnd(26)} ${average} ${most} ${signed(perMinute).padStart(9)}   ${between} ${verdict}${isJudged ? "" : " (not judged)"}`;
}

/** Filling that has ended looks like growth to a line; the rounds themselves show which of the two it is. */
function roundsOf({ what, unit, means }: MeasuredTrend): string {
  return `round by round, ${what}: ${means.map((mean) => mean.toFixed(2)).join(", ")} ${unit}`.trimEnd();
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}
