import { type CauseCode, catalogue, causeCodes, causeEntry } from "./catalogue.js";

/** The Markdown page of one cause, for `pullguard explain CODE`; undefined for a code that is not in the catalogue. */
export function explainCause(code: string): string | undefined {
  return isCauseCode(code) ? causeSection(code) : undefined;
}

/** `docs/findings.md`: the whole catalogue, with an index. Generated, so it cannot drift from the code. */
export function findingsPage(): string {
  const index = causeCodes.map(
    (code) => `| [${code}](#${code.toLowerCase()}) | ${verdictOf(code)} | ${causeEntry(code).explanation} |`,
  );
  return [
    "# Findings",
    "",
    "Every cause Pullguard can name. Codes are stable: they are never renamed and never reused.",
    "This page is generated from `src/findings/catalogue.ts` by `npm run docs`; a test fails when it is out of date.",
    "",
    "| Code | Verdict | What is the matter |",
    "|---|---|---|",
    ...index,
    "",
    causeCodes.map(causeSection).join("\n"),
  ].join("\n");
}

function isCauseCode(code: string): code is CauseCode {
  return Object.hasOwn(catalogue, code);
}

function causeSection(code: CauseCode): string {
  const { explanation, fix, symptom, kubeletReason, needs } = causeEntry(code);
  const condition =
    needs === undefined
      ? []
      : [
          `- Needs: ${needs === "node-trust" ? "the nodes' registry configuration" : "the nodes' own credentials"}; while that is not known the verdict is \`unknown\``,
        ];
  return [
    `## ${code}`,
    "",
    explanation,
    "",
    causeEntry(code).persistence === "advice"
      ? "- Verdict: none of its own, it is told beside one"
      : `- Verdict: \`${verdictOf(code)}\``,
    ...condition,
    `- Kubelet reason: ${kubeletReason === null ? "none" : `\`${kubeletReason}\``}`,
    `- Seen as: \`${symptom}\``,
    `- Fix: ${fix}`,
    "",
  ].join("\n");
}

function verdictOf(code: CauseCode): string {
  return { permanent: "unpullable", transient: "unknown", none: "skipped", advice: "advice" }[
    causeEntry(code).persistence
  ];
}
