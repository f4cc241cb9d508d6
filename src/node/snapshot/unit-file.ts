import { withheldMark } from "./marks.js";

/** Variables of a runtime or kubelet that decide pulls. */
const variables =
  /^((https?|no|all|ftp)_proxy|SSL_CERT_(FILE|DIR)|HOME|GODEBUG|CONTAINERS_\w*CONF\w*|REGISTRIES_CONFIG_PATH)$/i;
/** Variables that hold arguments. */
const argumentVariables = /^(DOCKER_OPTS|OPTIONS|INSECURE_REGISTRY|ADD_REGISTRY|KUBELET_\w*ARGS|KUBELET_\w*FLAGS)$/;
const flags =
  /^--?(insecure-registry|registry-mirror|config(-file|-dir)?|c|root-dir|image-credential-provider-config|serialize-image-pulls|max-parallel-image-pulls|registry-qps|registry-burst|runtime-request-timeout|feature-gates|(https?|no)-proxy)$/;

/**
 * What decides pulls of a systemd unit or its drop-in: sections, proxies and certificate stores of its environment, the
 * flags of its program that name registries and files. Every other line is empty, so that lines keep their numbers.
 * Source: systemd.exec(5), "Environment="; systemd.syntax(7)
 */
export function filterUnit(text: string): string {
  return eachLogicalLine(text, (line) => {
    const trimmed = line.trim();
    if (/^\[[A-Za-z ]+\]$/.test(trimmed)) return trimmed;
    const [, key = "", value = ""] = /^([A-Za-z]+)\s*=\s*(.*)$/s.exec(trimmed) ?? [];
    if (key === "Environment") {
      // An empty assignment takes back what stood before.
      const kept = words(value)
        .flatMap(keptAssignment)
        .map((assignment) => `"${assignment}"`);
      return value === "" || kept.length > 0 ? `Environment=${kept.join(" ")}` : "";
    }
    if (key === "EnvironmentFile") return /^-?\/[\w./*-]*$|^$/.test(value) ? `EnvironmentFile=${value}` : "";
    return key === "ExecStart" ? `ExecStart=${keptCommand(value)}` : "";
  });
}

/** The same of a file of assignments: `/etc/default/docker`, `/etc/environment`. */
export function filterEnvironment(text: string): string {
  return eachLogicalLine(text, (line) => {
    const [, prefix = "", name = "", value = ""] = /^\s*(export\s+)?([A-Za-z_]\w*)=(.*)$/s.exec(line) ?? [];
    const bare = value.trim().replace(/^(["'])(.*)\1$/s, "$2");
    if (argumentVariables.test(name)) return `${prefix}${name}="${keptArguments(words(bare)).join(" ")}"`;
    return keptAssignment(`${name}=${bare}`)
      .map((kept) => `${prefix}${kept}`)
      .join("");
  });
}

/** A proxy's address with its user and password replaced by a mark; anything that is not surely an address goes. */
export function withMarkedUser(value: string): string {
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*:\/\/)?(.*)$/is.exec(value) ?? [];
  const address = rest.replace(/^[^/\s]*@/, "");
  // A slash in a password: what stands before it looks like the host, what stands behind it like a path.
  if (address.includes("@")) return `${scheme}${withheldMark}@${withheldMark}`;
  return scheme + (address === rest ? rest : `${withheldMark}@${address}`);
}

function eachLogicalLine(text: string, map: (line: string) => string): string {
  const lines = text.split("\n");
  const result: string[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    let line = lines[at] ?? "";
    let joined = 0;
    const isComment = /^\s*[#;]/.test(line);
    while (!isComment && line.endsWith("\\") && at + 1 < lines.length) {
      at += 1;
      joined += 1;
      line = `${line.slice(0, -1)} ${lines[at] ?? ""}`;
    }
    result.push(isComment ? "" : map(line.replace(/\r$/, "")), ...Array.from({ length: joined }, () => ""));
  }
  return result.join("\n");
}

function keptAssignment(assignment: string): readonly string[] {
  const equals = assignment.indexOf("=");
  const name = assignment.slice(0, Math.max(equals, 0));
  if (!variables.test(name)) return [];
  const value = assignment.slice(equals + 1);
  // No name or network has an @ in it: an entry that has matches nothing, but may be an address with a password.
  if (/^no_proxy$/i.test(name)) return [`${name}=${value.split(",").filter((entry) => !entry.includes("@"))}`];
  if (/_proxy$/i.test(name)) return [`${name}=${withMarkedUser(value)}`];
  return /^[\w./:,=+-]*$/.test(value) ? [`${name}=${value}`] : [];
}

function keptCommand(value: string): string {
  const [program = "", ...rest] = words(value);
  return [/^[-@:+!]*\/[\w./-]+$/.test(program) ? program : "", ...keptArguments(rest)].join(" ").trim();
}

/** Flags that name registries or files, with their values, be these in the same word or the next. */
function keptArguments(given: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (const [at, word] of given.entries()) {
    const [flag = "", value] = split(word);
    if (!flags.test(flag)) continue;
    const next = given[at + 1];
    if (value !== undefined) kept.push(`${flag}=${withMarkedUser(value)}`);
    else if (next !== undefined && !next.startsWith("-")) kept.push(`${flag}=${withMarkedUser(next)}`);
    else kept.push(flag);
  }
  return kept;
}

function split(word: string): readonly [string, string | undefined] {
  const equals = word.indexOf("=");
  return equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
}

/** Words as systemd and shells split them, quotes taken off. */
function words(text: string): readonly string[] {
  const found = text.matchAll(/(?:[^\s"']+|"(?:[^"\\]|\\.)*"|'[^']*')+/g);
  return [...found].map(([word]) => word.replaceAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g, (_, a, b) => a ?? b ?? ""));
}
