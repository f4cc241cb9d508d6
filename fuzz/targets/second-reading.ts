import type { ReferenceGrammar, ReferenceParse } from "../../src/reference/index.js";

/*
 * The grammar of image names once more, as regular expressions over bounded input where the product has scanners. Written from the
 * documented grammar (distribution/reference, package documentation), not from the product's code.
 */

const alphanumeric = "[a-z0-9]+";
const joint = "(?:\\.|_|__|-+)";
const component = `${alphanumeric}(?:${joint}${alphanumeric})*`;
const path = `${component}(?:/${component})*`;
const label = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const names = `${label}(?:\\.${label})*`;
const tag = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
const digest = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";

const hosts = {
  legacy: `${names}(?::[0-9]+)?`,
  current: `(?:${names}|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`,
};
const whole = {
  legacy: new RegExp(`^((?:${hosts.legacy}/)?${path})(?::(${tag}))?(?:@(${digest}))?$`),
  current: new RegExp(`^((?:${hosts.current}/)?${path})(?::(${tag}))?(?:@(${digest}))?$`),
};
const hexLengths: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/** The outcome that the grammar demands: the normalised reference, or that there is none. */
export function secondReading(written: string, grammar: ReferenceGrammar): Pick<ReferenceParse, "kind"> {
  const isReference = { kind: "reference" } as const;
  const invalid = { kind: "invalid" } as const;
  if (/^[a-f0-9]{64}$/.test(written)) return invalid;
  const qualified = qualify(written, grammar);
  if (qualified === undefined) return invalid;
  const [, name, , foundDigest] = whole[grammar].exec(qualified) ?? [];
  if (name === undefined) return invalid;
  const host = new RegExp(`^(?:${hosts[grammar]}/)?`).exec(name)?.[0] ?? "";
  const hasHost = host !== "" && new RegExp(`^${path}$`).test(name.slice(host.length));
  const counted = grammar === "legacy" || !hasHost ? name : name.slice(host.length);
  if (counted.length > 255) return invalid;
  if (foundDigest === undefined) return isReference;
  const [algorithm = "", hex = ""] = foundDigest.split(":");
  return hexLengths[algorithm] === hex.length && hex === hex.toLowerCase() ? isReference : invalid;
}

/** The name with its registry; undefined where upper case stands in the repository. */
function qualify(written: string, grammar: ReferenceGrammar): string | undefined {
  const slash = written.indexOf("/");
  const first = written.slice(0, Math.max(slash, 0));
  const isRegistry =
    first === "localhost" || /[.:]/.test(first) || (grammar === "current" && first.toLowerCase() !== first);
  let domain = isRegistry ? first : "docker.io";
  let rest = isRegistry ? written.slice(slash + 1) : written;
  if (domain === "index.docker.io") domain = "docker.io";
  if (domain === "docker.io" && !rest.includes("/")) rest = `library/${rest}`;
  const repository = rest.split(":", 1)[0] ?? "";
  return repository.toLowerCase() === repository ? `${domain}/${rest}` : undefined;
}
