import { PullguardError } from "../src/core/index.js";
import { canary, type FuzzTarget, type Told } from "./target.js";

/** What an input did that no input may do. */
export interface Finding {
  readonly target: string;
  readonly kind: "throw" | "hang" | "leak" | "lines" | "pollution";
  readonly input: string;
  readonly detail: string;
}

/** No input may hold the process up for longer. */
export const longestMs = 100;

const guarded = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype];
const guardedKeys = guarded.map((each) => Reflect.ownKeys(each).length);

/** Runs one input and looks at how it went; undefined where all is well. */
export async function runInput(target: FuzzTarget, input: string): Promise<{ told?: Told; finding?: Finding }> {
  const finding = (kind: Finding["kind"], detail: string) => ({
    finding: { target: target.name, kind, input, detail },
  });
  const started = performance.now();
  let told: Told;
  try {
    const running = target.run(input);
    told = running instanceof Promise ? await running : running;
  } catch (error) {
    if (!(error instanceof PullguardError)) return finding("throw", stackOf(error));
    told = { shape: `throws ${error.code}`, said: [error.message] };
  }
  if (performance.now() - started > longestMs) {
    const bestMs = await bestOf(target, input, 3);
    if (bestMs > longestMs) return finding("hang", `${Math.round(bestMs)} ms`);
  }
  const said = told.said ?? [];
  const leak = isSecret(input) ? said.find((text) => text.includes(canary)) : undefined;
  if (leak !== undefined) return finding("leak", leak);
  const lines = target.saysOneLine === true ? said.find((text) => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text)) : undefined;
  return lines === undefined ? { told } : finding("lines", JSON.stringify(lines));
}

/** Whether the prototypes that all objects share are as they were. */
export function isPolluted(): boolean {
  return guarded.some((each, index) => Reflect.ownKeys(each).length !== guardedKeys[index]);
}

/** Milliseconds of the processor that a target takes for an input, at its best of so many `times`; a refusal takes its time, too. */
export async function bestOf(target: FuzzTarget, input: string, times: number): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let time = 0; time < times; time += 1) {
    const started = process.cpuUsage();
    try {
      await target.run(input);
    } catch {
      // How it ends was told already.
    }
    const { user, system } = process.cpuUsage(started);
    // Of the processor, for others may have it in between.
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}

const secretPlaces = new RegExp(
  [
    `"(?:password|auth|identitytoken|registrytoken|access_token|token)"\\s*:\\s*"${canary}"`,
    `(?<![\\w"])password\\s*=\\s*"${canary}"`,
    `Authorization = \\["Bearer ${canary}"`,
    `(?<![\\w.+-])https?://[a-z]{1,20}:${canary}@`,
  ].join("|"),
  "g",
);

/** Whether the canary stands where only secrets do: mutations carry it to places that may be shown. */
function isSecret(input: string): boolean {
  const all = input.split(canary).length - 1;
  return all > 0 && (input.match(secretPlaces)?.length ?? 0) === all;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
