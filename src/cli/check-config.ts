import { PullguardError } from "../core/index.js";
import { emptyConfig, faultLines, type PullguardConfig, parseConfig } from "../policy/index.js";
import { isBuiltInKind, type PodTemplatePath, parsePodTemplatePath } from "../workload/index.js";
import type { CheckFlags } from "./check-flags.js";
import { readConfigFile } from "./config-file.js";

/**
 * What a PullguardConfig says to the command line (Pod templates, deadline, what may be dialled), with the flags added.
 * @throws PullguardError `InputInvalid` for a file that holds none or an invalid one, and for a flag that is none
 */
export function checkConfig(
  flags: Pick<CheckFlags, "config" | "podTemplatePath">,
): Pick<PullguardConfig, "podTemplates" | "registries" | "deadlines"> {
  const config = flags.config === undefined ? emptyConfig : loadConfig(flags.config);
  const given = (flags.podTemplatePath ?? []).map(parseTemplateFlag);
  return { ...config, podTemplates: [...given, ...config.podTemplates] };
}

function loadConfig(path: string): PullguardConfig {
  const { policy } = readConfigFile(path);
  if (policy === undefined || policy === null)
    throw new PullguardError("InputInvalid", `${path}: holds no PullguardConfig`);
  const parsed = parseConfig(policy, "file");
  if (parsed.kind === "config") return parsed.config;
  const lines = faultLines(parsed.faults).map((line) => `${path}: ${line}`);
  throw new PullguardError("InputInvalid", lines.join("; "));
}

/** `Rollout.argoproj.io=spec.template` */
function parseTemplateFlag(text: string): PodTemplatePath {
  const [, kind = "", apiGroup = "", written = ""] = /^([A-Z][A-Za-z0-9]*)\.([a-z0-9.-]+)=(.+)$/.exec(text) ?? [];
  const path = parsePodTemplatePath(written);
  if (path === undefined) {
    const shown = JSON.stringify(text.slice(0, 200));
    throw new PullguardError(
      "InputInvalid",
      `--pod-template-path ${shown} is not of the form Kind.group=path, such as Rollout.argoproj.io=spec.template`,
    );
  }
  if (isBuiltInKind(apiGroup, kind)) {
    throw new PullguardError("InputInvalid", `--pod-template-path: ${kind} is known without being declared`);
  }
  return { apiGroup, kind, path };
}
