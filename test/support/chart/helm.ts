import { execFile } from "node:child_process";
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../kube/index.js";

/** Values of the chart, as far as they differ from its own. */
export type ChartValues = Readonly<Record<string, unknown>>;

/** What a program printed and how it ended. */
export interface HelmOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** helm with a home of its own: no plugins, repositories, caches or kubeconfig of the machine. */
export interface Helm {
  run(...args: readonly string[]): Promise<HelmOutcome>;
  /** The text of `helm template` for a release. @throws Error with what helm said if it fails */
  template(values: ChartValues, release?: ReleaseWish): Promise<string>;
  /** A file with values, to be named by `--values`; JSON is YAML. */
  valuesFile(values: ChartValues): string;
  close(): void;
}

export interface ReleaseWish {
  readonly name?: string;
  readonly namespace?: string;
  /** Version of the cluster that is not there. */
  readonly kubeVersion?: string;
}

/** Where the chart lies; tests run from the repository root. */
export const chartFolder = "manifests/chart";
/** The release that the kustomize manifests are. */
export const usualRelease = { name: "pullguard", namespace: "pullguard-system", kubeVersion: "1.36.2" } as const;

/**
 * Finds helm: what PULLGUARD_HELM names, or what `.ci/helm` has built.
 * @returns a text that says what is missing where there is none
 */
export function findHelm(): { readonly program: string } | string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const version = /^version=(.+)$/m.exec(readFileSync(".ci/helm", "utf8"))?.[1] ?? "";
  const program = process.env.PULLGUARD_HELM ?? join(cache, "pullguard", `helm-${version}`, "helm");
  try {
    accessSync(program, constants.X_OK);
    return { program };
  } catch {
    return `there is no helm at ${program}; .ci/helm builds it`;
  }
}

/** Opens helm. @param kubeconfig the cluster that it works on; none where absent */
export function openHelm(program: string, kubeconfig?: string): Helm {
  const home = mkdtempSync(join(tmpdir(), "pullguard-helm-"));
  const env = {
    PATH: process.env.PATH ?? "/usr/bin:/bin",
    HOME: home,
    ...(kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig }),
  };
  const run: Helm["run"] = (...args) =>
    new Promise((resolve, reject) => {
      execFile(program, args, { env, timeout: 100_000, maxBuffer: 64_000_000 }, (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== "number") reject(error);
        else resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
      });
    });
  let files = 0;
  const valuesFile = (values: ChartValues): string => {
    files += 1;
    const file = join(home, `values-${files}.json`);
    writeFileSync(file, JSON.stringify(values));
    return file;
  };
  return {
    run,
    valuesFile,
    async template(values, wish = {}) {
      const { name, namespace, kubeVersion } = { ...usualRelease, ...wish };
      const flags = ["--namespace", namespace, "--kube-version", kubeVersion, "--values", valuesFile(values)];
      const { code, stdout, stderr } = await run("template", name, chartFolder, ...flags);
      if (code !== 0) throw new Error(stderr);
      return stdout;
    },
    close: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** The objects of rendered YAML. @throws the parser's complaint, for a duplicate key too */
export function objectsOf(text: string): readonly KubeObject[] {
  return parseAllDocuments(text, { uniqueKeys: true }).flatMap((document) => {
    const [fault] = document.errors;
    if (fault !== undefined) throw fault;
    const value = document.toJS() as KubeObject | null;
    return value === null ? [] : [value];
  });
}
