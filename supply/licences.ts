import { z } from "zod";

/** One package that runs with Pullguard. `path` is where it lies: `node_modules/a/node_modules/b`. */
export interface RuntimePackage {
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** As its author wrote it; "" where nothing is written. */
  readonly licence: string;
}

/** Licences that ask for no more than to be named, and for no source of what uses them. */
export const allowedLicences: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "CC0-1.0",
  "ISC",
  "MIT",
  "Python-2.0",
  "Unlicense",
]);

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.looseObject({
      version: z.string().optional(),
      license: z.string().optional(),
      dev: z.boolean().optional(),
      link: z.boolean().optional(),
    }),
  ),
});

/**
 * The packages of a package-lock.json that are installed with `--omit=dev`, by name and version.
 * @throws ZodError for a text that is no lock file of version 2 or later
 */
export function runtimePackages(lockText: string): readonly RuntimePackage[] {
  const { packages } = lockSchema.parse(JSON.parse(lockText));
  const found = Object.entries(packages).flatMap(([path, { version = "", license = "", dev, link }]) => {
    if (path === "" || dev === true || link === true) return [];
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    return [{ path, name, version, licence: license }];
  });
  return found.sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version) || compare(a.path, b.path));
}

/**
 * Whether a licence allows what Pullguard does with a package: an SPDX expression, of whose alternatives one must be allowed and
 * of whose parts all. Anything that is no such expression is not allowed.
 */
export function isAllowed(expression: string): boolean {
  const bare = expression.trim().replace(/^\((.*)\)$/, "$1");
  if (/[()]/.test(bare)) return false;
  return bare.split(/ OR /).some((one) => one.split(/ AND /).every((part) => allowedLicences.has(part.trim())));
}

/** docs/licences.md: how often each licence occurs, then every package. */
export function licencePage(packages: readonly RuntimePackage[]): string {
  const counts = new Map<string, number>();
  const distinct = [...new Map(packages.map((each) => [`${each.name}@${each.version}`, each])).values()];
  for (const { licence } of distinct) counts.set(licence, (counts.get(licence) ?? 0) + 1);
  const byCount = [...counts].sort(([a, m], [b, n]) => n - m || compare(a, b));
  return [
    "# Licences",
    "",
    "Pullguard is under the [Apache License 2.0](../LICENSE). This is what is installed with it, as package-lock.json has it; written by",
    "`npm run licences`, and `npm test` fails where the page is not current or a licence is not among those that are allowed",
    "(`supply/licences.ts`).",
    "",
    "| Licence | Packages |",
    "|---|---|",
    ...byCount.map(([licence, count]) => `| ${licence || "none"} | ${count} |`),
    "",
    "| Package | Version | Licence |",
    "|---|---|---|",
    ...distinct.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence || "none"} |`),
    "",
  ].join("\n");
}

/** By code unit, the same on every machine. */
function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
