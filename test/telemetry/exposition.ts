/** One family of an exposition in Prometheus' text format. */
export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads an exposition strictly: a line that does not fit throws. Source: Prometheus, "Exposition formats", text format 0.0.4. */
export function parseExposition(text: string): readonly Family[] {
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  const families: { name: string; type: string; help: string; samples: Sample[] }[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const help = /^# HELP ([a-zA-Z_:][\w:]*) (.+)$/.exec(line);
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line);
    const family = families.at(-1);
    if (help?.[1] !== undefined) families.push({ name: help[1], type: "", help: help[2] ?? "", samples: [] });
    else if (type?.[1] !== undefined && family?.name === type[1]) family.type = type[2] ?? "";
    else if (family !== undefined) family.samples.push(parseSample(line));
    else throw new Error(`no family before: ${line}`);
  }
  return families;
}

function parseSample(line: string): Sample {
  const found = /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)$/.exec(line);
  if (found?.[1] === undefined) throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  for (const [, label = "", value = ""] of (found[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g))
    labels[label] = value;
  const value = found[3] === "+Inf" ? Number.POSITIVE_INFINITY : Number(found[3]);
  if (Number.isNaN(value) && found[3] !== "NaN" && found[3] !== "Nan") throw new Error(`no number: ${line}`);
  return { name: found[1], labels, value };
}

const histogramParts = ["_bucket", "_sum", "_count"];
/** Units that are not base units, or names that say how something is measured instead of what. */
const wrongUnits = /_(milliseconds|ms|microseconds|minutes|hours|days|kilobytes|megabytes|kib|mib|percent)(_|$)/;

/** What Prometheus' naming rules find fault with. Source: Prometheus, "Metric and label naming"; the checks of `promtool check metrics`. */
export function lintFamilies(families: readonly Family[]): readonly string[] {
  const names = families.map(({ name }) => name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index).map((name) => `${name}: twice`);
  return [...twice, ...families.flatMap(lintFamily)];
}

function lintFamily({ name, type, help, samples }: Family): readonly string[] {
  const faults: string[] = [];
  const say = (isWrong: boolean, what: string): void => {
    if (isWrong) faults.push(`${name}: ${what}`);
  };
  say(help === "", "no HELP");
  say(type === "", "no TYPE");
  say(type === "counter" && !name.endsWith("_total"), "a counter that does not end in _total");
  say(type !== "counter" && name.endsWith("_total"), "no counter, but ends in _total");
  say(type !== "histogram" && /_(count|sum|bucket)$/.test(name), "no histogram, but named like a part of one");
  say(/_(counter|gauge|histogram|summary)(_|$)/.test(name), "names its own type");
  say(wrongUnits.test(name), "not in a base unit");
  say(/[A-Z:]/.test(name), "capitals or colons");
  const allowed = type === "histogram" ? histogramParts.map((part) => name + part) : [name];
  for (const sample of samples) {
    say(!allowed.includes(sample.name), `has a sample ${sample.name}`);
    say(
      Object.keys(sample.labels).some((label) => !/^[a-z][a-z0-9_]*$/.test(label)),
      "a label that is not in snake case",
    );
  }
  if (type === "histogram") faults.push(...lintHistogram(name, samples));
  const keys = samples.map((sample) => `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`);
  say(new Set(keys).size !== keys.length, "the same series twice");
  return faults;
}

function lintHistogram(name: string, samples: readonly Sample[]): readonly string[] {
  const series = new Map<string, number[]>();
  const ends = new Map<string, string>();
  for (const { name: part, labels, value } of samples) {
    if (!part.endsWith("_bucket")) continue;
    const { le = "", ...others } = labels;
    const key = JSON.stringify(others);
    series.set(key, [...(series.get(key) ?? []), value]);
    ends.set(key, le);
  }
  return [...series].flatMap(([key, counts]) => {
    const grows = counts.every((count, index) => index === 0 || count >= (counts[index - 1] ?? 0));
    return grows && ends.get(key) === "+Inf" ? [] : [`${name}: buckets of ${key} do not add up`];
  });
}
