import type { Context } from "mocha";

/**
 * Skips where there is no real runtime to compare with, loudly; fails where one is required (PULLGUARD_REQUIRE_REAL=1).
 * @param obstacle  why there is none; undefined: there is one
 * @param runtime   what nothing was compared with, for people
 */
export function requireReal(test: Context, obstacle: string | undefined, runtime = "a real runtime"): void {
  if (obstacle === undefined) return;
  if (process.env.PULLGUARD_REQUIRE_REAL === "1") throw new Error(`PULLGUARD_REQUIRE_REAL is set, but ${obstacle}`);
  console.warn(`\n  SKIPPED, nothing was compared with ${runtime}: ${obstacle}\n`);
  test.skip();
}
