import { unreachable } from "../core/index.js";
import type { RiskNote, WorkloadRisk } from "./types.js";

const noteNames = { moved: "TagMoved", "held-by": "OnlyOnNodes", expires: "ExpiresSoon" } as const;

/** The word for what is wrong with a row: its cause, else what is worth knowing of it; `-` where there is nothing. */
export function causeText({ cause, verdict, notes }: WorkloadRisk): string {
  if (cause !== null && verdict !== "pullable") return cause;
  const kinds = notes.map((note) => (note.kind === "advice" ? note.cause : noteNames[note.kind]));
  return [...new Set(kinds)].join(",") || "-";
}

/** A note in one sentence for people. */
export function noteText(note: RiskNote): string {
  switch (note.kind) {
    case "moved":
      return `The tag names ${note.now} now; running Pods have ${note.running.join(" and ")}. The next restart brings another image.`;
    case "held-by":
      return note.nodes === 1
        ? `Only the node ${note.names.join("")} still has the image: save it before that node goes.`
        : `The image is still on ${note.names.join(", ")}${note.nodes > note.names.length ? ` and ${note.nodes - note.names.length} more` : ""}: save it from there.`;
    case "expires":
      return `The ${note.what} ${note.name} expires at ${note.at}.`;
    case "advice":
      return `${note.cause}: ${note.message}`;
    default:
      return unreachable(note);
  }
}

/** Why a row is at risk and what to do, sentence by sentence; `fix` where something can be done. */
export function explanationOf(row: WorkloadRisk): readonly { readonly text: string; readonly fix: string | null }[] {
  const isFound = row.verdict !== "pullable" && row.verdict !== "skipped";
  return [
    ...(isFound ? [{ text: row.message, fix: row.fix }] : []),
    ...row.notes.map((note) => ({ text: noteText(note), fix: note.kind === "advice" ? note.fix : null })),
  ];
}
