import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { judgeAudit, parseAccepted } from "./audit-report.js";

// Exit code 1 for advisories against what runs; a registry that cannot be asked is said aloud and fails nothing.
const accepted = parseAccepted(readFileSync("supply/accepted-advisories.json", "utf8"));
const args = ["audit", "--package-lock-only", "--omit=dev", "--audit-level=high", "--json"];
const { stdout } = spawnSync("npm", args, { encoding: "utf8", timeout: 60_000, maxBuffer: 64 << 20 });
const outcome = judgeAudit(stdout ?? "", accepted, new Date().toISOString().slice(0, 10));
switch (outcome.kind) {
  case "clean":
    console.log(`audit: nothing of severity high or above; accepted: ${outcome.accepted.join(", ") || "none"}`);
    break;
  case "found":
    for (const line of outcome.lines) console.error(`audit: ${line}`);
    process.exitCode = 1;
    break;
  case "unreachable":
    console.error(
      `audit: NOT DONE: the registry gives no advisories (${outcome.reason}). Nobody has looked for known faults.`,
    );
    break;
}
