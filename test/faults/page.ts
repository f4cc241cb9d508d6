import { apiRows } from "./api-faults.js";
import { fileRows } from "./file-faults.js";
import { keptRows } from "./kept-faults.js";
import { processRows } from "./process-faults.js";
import { registryRows } from "./registry-faults.js";
import type { FaultRow } from "./rows.js";

/** What of a row people read. */
type ShownRow = Pick<FaultRow<never>, "fault" | "expected" | "does" | "recovers">;

const head = `# Faults

What happens around Pullguard, what a person sees of it, and how it ends. This page is made from the tables that the tests in
\`test/faults\` play through (\`npm run docs\`), on the webhook in mode \`deny\`: while a fault lasts, every answer comes before
the API server's patience ends, images in other registries are judged as ever, in the same review and in others, and after it
everything is as before without a restart. Causes are explained in [findings.md](findings.md).

Two rules are behind all rows. What Pullguard cannot find out is \`unknown\`, and \`unknown\` is never denied unless a rule of
yours says so. And what a registry does to a node as well (an expired certificate, a manifest that is not what its digest
promises) is denied, because that Pod would not start.
`;

const replicas = `## Replicas

With two replicas behind a Service, as the manifests install them. Tested with a real kube-apiserver under continuous creations
(\`npm run test:cluster\`).

| Fault | failurePolicy | What a person sees |
|---|---|---|
| A replica is killed (SIGKILL), again and again | \`Ignore\` (as shipped) | No creation fails. What the dead replica was asked, and what is sent to it until the Service has forgotten it, is admitted unchecked. |
| A replica is killed (SIGKILL) | \`Fail\` | The requests in flight at that replica fail (\`failed calling webhook "images.pullguard.dev"\`), and about every second new connection until the Service has forgotten its endpoint; then none. The API server does not ask a second time, so whoever creates must: controllers do. |
| Rolling update, or a node that is drained (SIGTERM) | \`Ignore\` or \`Fail\` | No creation fails, and all are checked: a replica that is told to stop reports itself as not ready, serves for as long as endpoints need to learn that, ends kept-alive connections with their next answer and finishes what is in flight. |
| The API server restarts | \`Ignore\` or \`Fail\` | Nothing. Replicas stay ready, and watch again when it is back. |
| All replicas are down | \`Ignore\` (as shipped) | Everything is admitted unchecked. \`kube-system\` and Pullguard's own namespaces are never asked about, so that a cluster can start from nothing with \`Fail\` as well. |
`;

/** The text of docs/faults.md. */
export function faultsPage(): string {
  return [
    head,
    section("Registries, names, TLS and token servers", registryRows),
    section("The API server", apiRows),
    section("Certificates, configuration, disks and clocks", fileRows),
    section("Certificates that replicas keep themselves", keptRows),
    section("The process", processRows),
    replicas,
  ].join("\n");
}

function section(title: string, rows: readonly ShownRow[]): string {
  const lines = rows.map(({ fault, expected, does, recovers }) => {
    const cells = [capital(fault), seen(expected), does, recovers].map((cell) => cell.replaceAll("|", "\\|"));
    return `| ${cells.join(" | ")} |`;
  });
  const header = "| Fault | What a person sees | What Pullguard does | How it ends |\n|---|---|---|---|";
  return `## ${title}\n\n${header}\n${lines.join("\n")}\n`;
}

function seen({ allowed, says }: ShownRow["expected"]): string {
  if (says === undefined) return "Nothing";
  const cause = `[${says}](findings.md#${says.toLowerCase()})`;
  return allowed ? `Admitted, warned of ${cause}` : `Denied: ${cause}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
