import type { Check, CheckInput } from "../../src/check/index.js";
import type { CheckSetup, CliDeps, CliIo, OpenCluster } from "../../src/cli/index.js";
import type { Finding } from "../../src/findings/index.js";
import { finding, reportOf } from "./findings.js";

/** A command line without a process: what was printed, asked and built. */
export interface FakeIo extends CliIo {
  readonly out: () => string;
  readonly err: () => string;
  readonly inputs: readonly CheckInput[];
  readonly setups: readonly CheckSetup[];
  /** What was called, in order. */
  readonly calls: readonly string[];
}

/** Of a cluster whose Nodes may not be listed. */
export const noNodes: OpenCluster["listNodes"] = async () => ({ problem: "no permission" });

/**
 * An io whose check finds every image pullable, unless `judge` says otherwise.
 * @param over  replaces parts of the io; `deps` parts of its deps; `stdin` is given as text
 */
export function fakeIo(
  over: Partial<Omit<CliIo, "deps" | "stdin">> & {
    readonly judge?: (image: string) => Partial<Finding>;
    readonly deps?: Partial<CliDeps>;
    readonly stdin?: string;
  } = {},
): FakeIo {
  const { judge = () => ({}), deps, stdin = "", ...others } = over;
  const [out, err, calls]: [string[], string[], string[]] = [[], [], []];
  const inputs: CheckInput[] = [];
  const setups: CheckSetup[] = [];
  const check: Check = async (input) => {
    inputs.push(input);
    return reportOf(
      input.workloads.flatMap(({ identity, pod }) =>
        pod.images.map(({ image, fieldPath }) =>
          finding({ image, workload: identity, fieldPaths: [fieldPath], ...judge(image) }),
        ),
      ),
    );
  };
  return {
    stdout: { write: (text: string) => out.push(text) },
    stderr: { write: (text: string) => err.push(text) },
    stdin: chunksOf(stdin),
    env: () => ({}),
    isTTY: false,
    ...others,
    deps: {
      version: "1.2.3",
      openCluster: async ({ kubeconfig }) => {
        calls.push(`openCluster ${kubeconfig ?? "default"}`);
        return undefined;
      },
      openAuditedCluster: async ({ kubeconfig }) => {
        calls.push(`openAuditedCluster ${kubeconfig ?? "default"}`);
        return undefined;
      },
      openCheck: async (setup) => {
        setups.push(setup);
        return {
          check,
          close: async () => {
            calls.push("close");
          },
        };
      },
      viewRegistry: async () => ({ kind: "plain-http" }),
      explainCause: (code) => (code === "TagNotFound" ? "TagNotFound\nThe tag does not exist." : undefined),
      causeCodes: () => ["TagNotFound", "DigestNotFound"],
      serve: async () => 0,
      nodeAgent: async () => 0,
      makeCertificates: async () => ({ caBundle: "Q0E=", files: [] }),
      ...deps,
    },
    out: () => out.join(""),
    err: () => err.join(""),
    inputs,
    setups,
    calls,
  };
}

async function* chunksOf(text: string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  const middle = Math.floor(bytes.length / 2);
  yield bytes.subarray(0, middle);
  yield bytes.subarray(middle);
}
