import type { Coverage } from "./coverage.js";
import { mutated } from "./mutate.js";
import { Random } from "./random.js";
import type { FuzzTarget } from "./target.js";
import { type Finding, isPolluted, runInput } from "./watch.js";

export interface FuzzOrder {
  readonly executions: number;
  readonly seed: number;
  /** Absent: inputs are kept by the outcomes alone that they lead to. */
  readonly coverage?: Coverage;
  /** Told of each input before it is run. */
  readonly see?: (target: string, input: string) => void;
}

export interface FuzzReport {
  readonly target: string;
  readonly executions: number;
  readonly seconds: number;
  /** Inputs that were kept because they led to something new. */
  readonly corpus: number;
  /** Distinct outcomes. */
  readonly shapes: number;
  /** Blocks of code that ran; 0 where nobody counted. */
  readonly blocks: number;
  readonly findings: readonly Finding[];
}

/** Inputs between two looks at the coverage, which take longer than many inputs: the less there is to see, the fewer. */
const smallestBatch = 200;
const largestBatch = 20_000;
/** Inputs that are run again together to find those that led to new code. */
const groupSize = 10;
const maxCorpus = 4000;
const maxFindings = 20;

/** Runs a target so many times: the seeds first, then what becomes of them. */
export async function fuzz(target: FuzzTarget, order: FuzzOrder): Promise<FuzzReport> {
  const started = performance.now();
  const run = new Run(target, order);
  for (const seed of target.seeds) await run.keep(seed);
  order.coverage?.takeNew();
  while (run.executions < order.executions && run.findings.size < maxFindings) {
    await run.batch(order.executions - run.executions);
  }
  return {
    target: target.name,
    executions: run.executions,
    seconds: (performance.now() - started) / 1000,
    corpus: run.corpus.length,
    shapes: run.shapes.size,
    blocks: order.coverage?.seen ?? 0,
    findings: [...run.findings.values()],
  };
}

class Run {
  executions = 0;
  readonly corpus: string[] = [];
  readonly shapes = new Set<string>();
  readonly findings = new Map<string, Finding>();
  readonly #target: FuzzTarget;
  readonly #coverage: Coverage | undefined;
  readonly #random: Random;

  readonly #see: FuzzOrder["see"];
  #batchSize = smallestBatch;

  constructor(target: FuzzTarget, { seed, coverage, see }: FuzzOrder) {
    this.#target = target;
    this.#coverage = coverage;
    this.#see = see;
    this.#random = new Random(seed);
  }

  async keep(input: string): Promise<void> {
    await this.#run(input);
    this.#add(input);
  }

  async batch(atMost: number): Promise<void> {
    const inputs: string[] = [];
    for (let count = Math.min(this.#batchSize, atMost); count > 0; count -= 1) {
      const input = mutated(this.#target, this.corpus, this.#random);
      inputs.push(input);
      if (await this.#run(input)) this.#add(input);
    }
    if (isPolluted())
      this.#note({ target: this.#target.name, kind: "pollution", input: inputs.join("\n"), detail: "" });
    const blocks = this.#coverage?.takeNew() ?? new Set();
    this.#batchSize = blocks.size > 0 ? smallestBatch : Math.min(2 * this.#batchSize, largestBatch);
    if (this.#coverage !== undefined && blocks.size > 0) await this.#keepNew(inputs, blocks, this.#coverage);
  }

  /** Which inputs of a batch ran the new blocks is found out by running them once more, first in groups. */
  async #keepNew(inputs: readonly string[], blocks: Set<string>, coverage: Coverage): Promise<void> {
    for (let at = 0; at < inputs.length && blocks.size > 0; at += groupSize) {
      const group = inputs.slice(at, at + groupSize);
      for (const input of group) await this.#run(input);
      const left = new Set(blocks);
      if (coverage.claim(left) === 0) continue;
      for (const input of group) {
        await this.#run(input);
        if (coverage.claim(blocks) > 0) this.#add(input);
      }
    }
  }

  #add(input: string): void {
    if (this.corpus.length < maxCorpus) this.corpus.push(input);
    else this.corpus[this.#random.below(maxCorpus)] = input;
  }

  /** Whether the outcome is a new one. */
  async #run(input: string): Promise<boolean> {
    this.executions += 1;
    this.#see?.(this.#target.name, input);
    const { told, finding } = await runInput(this.#target, input);
    if (finding !== undefined) this.#note(finding);
    if (told === undefined || this.shapes.has(told.shape)) return false;
    this.shapes.add(told.shape);
    return true;
  }

  /** One of each kind and place. */
  #note(finding: Finding): void {
    const place = finding.detail.split("\n").slice(0, 2).join(" ").replaceAll(/\d+/g, "#").slice(0, 200);
    const key = `${finding.kind} ${finding.kind === "throw" ? place : ""}`;
    const known = this.findings.get(key);
    if (known === undefined || finding.input.length < known.input.length) this.findings.set(key, finding);
  }
}
