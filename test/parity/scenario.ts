import type { RegistrySpec } from "../support/lab/index.js";
import type { PullCredential } from "../support/real/index.js";

/** One pull that the real runtime and Pullguard are both asked about. */
export interface ParityCase {
  /** Unique; says what is special. */
  readonly id: string;
  /** `{repository:tag}` stands for the digest that the image's own host serves. */
  readonly image: string;
  readonly credential?: PullCredential;
  /** `content`: only whole layers show what happens, so they are read. */
  readonly level?: "content";
}

/** Registries with the pulls that try them. */
export interface Scenario {
  readonly registries: readonly RegistrySpec[];
  readonly nodeOnly?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly cases: readonly ParityCase[];
}

/** The lines of a hosts.toml, with the authority's file beside it. */
export function hostsFile(...lines: readonly string[]): Readonly<Record<string, string>> {
  return { "hosts.toml": `${lines.join("\n")}\n`, "lab-ca.pem": "{ca}" };
}

/** Some registries under one wish: `<id>.test/team/app:v1` is the case for each. */
export function oneCaseEach(registries: readonly RegistrySpec[], credential?: PullCredential): Scenario {
  const cases = registries.map((spec) => {
    const address = spec.port === 443 ? spec.host : `${spec.host}:${spec.port}`;
    const image = `${address}/team/app:v1`;
    return { id: spec.host.replace(/\.test$/, ""), image, ...(credential === undefined ? {} : { credential }) };
  });
  return { registries, cases };
}

/** A sound registry behind a certificate that needs the authority's file, with other node files than usual. */
export function withNode(host: string, ...lines: readonly string[]): RegistrySpec {
  return { host, port: 443, transport: { kind: "trusted" }, node: hostsFile(...lines) };
}

/** Several scenarios as one. */
export function together(scenarios: readonly Scenario[]): Scenario {
  return {
    registries: scenarios.flatMap((scenario) => scenario.registries),
    nodeOnly: Object.assign({}, ...scenarios.map((scenario) => scenario.nodeOnly ?? {})),
    cases: scenarios.flatMap((scenario) => scenario.cases),
  };
}
