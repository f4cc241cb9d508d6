import type { Answered, Asked } from "./load.js";
import type { ProbeReading } from "./probe.js";
import { isFlat, quantile, type Trend, trendOf } from "./statistics.js";

/** The webhook's process at one moment, minutes after the start. */
export interface Measurement extends ProbeReading {
  readonly minutes: number;
  readonly openFiles: number;
}

/** One answer beside what it may be. */
export interface Judged {
  readonly asked: Asked;
  readonly image: string;
  readonly answered: Answered;
  readonly allowed: { readonly allow: boolean; readonly deny: boolean };
  readonly excused: { readonly unknown: boolean; readonly denial: boolean };
  readonly atMs: number;
}

/** How one thing that is measured went. */
export interface MeasuredTrend extends Trend {
  readonly what: string;
  readonly unit: string;
  readonly isFlat: boolean;
}

export interface SoakReport extends ReturnType<Tally["summary"]> {
  readonly at: string;
  readonly node: string;
  readonly cpus: number;
  readonly minutes: number;
  readonly rate: number;
  /** Set where the webhook ended by itself. */
  readonly ended?: string;
  /** How often something was made to fail. */
  readonly faults: number;
  readonly trends: readonly MeasuredTrend[];
  /** Warnings of Node.js in the webhook's process. */
  readonly warnings: readonly string[];
}

const maxExamples = 12;
/** Of the newest answers, for latencies. */
const maxTimes = 200_000;

/** Counts answers and keeps the first that are wrong. */
export class Tally {
  readonly #counts = { allow: 0, deny: 0, unknown: 0, shed: 0, error: 0 };
  readonly #examples: string[] = [];
  readonly #times: number[] = [];
  #total = 0;
  #wrong = 0;

  note(judged: Judged): void {
    const { answered, asked, image, atMs } = judged;
    this.#total += 1;
    this.#counts[answered.answer] += 1;
    if (this.#times.length < maxTimes) this.#times.push(answered.tookMs);
    else this.#times[this.#total % maxTimes] = answered.tookMs;
    if (isRight(judged)) return;
    if (answered.answer !== "error") this.#wrong += 1;
    if (this.#examples.length >= maxExamples) return;
    const said = `${answered.answer} after ${answered.tookMs.toFixed(0)} ms: ${answered.detail.slice(0, 300)}`;
    this.#examples.push(`${(atMs / 1000).toFixed(1)} s ${image} ${asked.secret ?? ""} ${said}`);
  }

  /** `wrong`: among them what was unknown or shed although nothing that it depends on failed. */
  summary() {
    const { error, shed, ...answers } = this.#counts;
    const [p50Ms, p99Ms, maxMs] = [0.5, 0.99, 1].map((share) => Math.round(quantile(this.#times, share) * 10) / 10);
    return {
      reviews: this.#total,
      ...answers,
      shed,
      errors: error,
      wrong: this.#wrong,
      p50Ms,
      p99Ms,
      maxMs,
      examples: this.#examples,
    };
  }

  static progress(tally: Tally, at: Measurement): string {
    const { reviews, wrong, errors, shed, unknown } = tally.summary();
    const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
    return [
      `${at.minutes.toFixed(2)} min`,
      `heap ${mib(at.heapUsed)} rss ${mib(at.rss)} MiB`,
      `resources ${at.resources} files ${at.openFiles}`,
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
    case "shed":
      return excused.unknown;
    default:
      return false;
  }
}

const mib = 2 ** 20;
/** What is measured, in which unit, and how much more of it a minute is of no account. */
const measured = [
  { what: "heap after collection", unit: "MiB", value: ({ heapUsed }: Measurement) => heapUsed / mib, tolerance: 0.02 },
  { what: "external", unit: "MiB", value: ({ external }: Measurement) => external / mib, tolerance: 0.02 },
  { what: "resident", unit: "MiB", value: ({ rss }: Measurement) => rss / mib, tolerance: 0.5 },
  { what: "resources", unit: "", value: ({ resources }: Measurement) => resources, tolerance: 0.5 },
  { what: "open files", unit: "", value: ({ openFiles }: Measurement) => openFiles, tolerance: 0.5 },
] as const;

/** Warm-up: caches fill, code is compiled, heaps grow to their size. A third of the run, five minutes at most. */
export function trendsOf(measurements: readonly Measurement[], minutes: number): readonly MeasuredTrend[] {
  const fromMinutes = Math.min(5, minutes / 3);
  const steady = measurements.filter((at) => at.minutes >= fromMinutes);
  return measured.map(({ what, unit, value, tolerance }) => {
    const trend = trendOf(steady.map((at) => [at.minutes, value(at)] as const));
    return { what, unit, ...trend, isFlat: isFlat(trend, tolerance) };
  });
}

/** The report for people. */
export function renderSoak(report: SoakReport): string {
  const { reviews, allow, deny, unknown, shed, errors, wrong } = report;
  const lines = [
    `Soak: ${report.minutes} min at ${report.rate} reviews/s, Node ${report.node}, ${report.cpus} CPUs, ${report.faults} faults injected`,
    `${reviews} reviews: ${allow} allowed, ${deny} denied, ${unknown} unknown while something failed, ${shed} shed, ${errors} errors, ${wrong} wrong`,
    `latency p50 ${report.p50Ms} ms, p99 ${report.p99Ms} ms, max ${report.maxMs} ms`,
    "",
    "                        mean      a minute   95 % between           ",
    ...report.trends.map(
      ({ what, unit, mean, perMinute, low, high, isFlat: flat }) =>
        `${what.padEnd(22)} ${`${mean.toFixed(1)} ${unit}`.padEnd(10)} ${signed(perMinute).padStart(8)}   ${signed(low)} … ${signed(high)}   ${flat ? "flat" : "GROWS"}`,
    ),
    ...report.warnings.map((warning) => `warning: ${warning}`),
    ...(report.ended === undefined ? [] : [report.ended]),
    ...report.examples.map((example) => `wrong: ${example}`),
    "",
  ];
  return lines.join("\n");
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}
