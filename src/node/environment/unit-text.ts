/** One setting of a systemd unit or of systemd's own configuration. `line` counts from 1. */
export interface UnitSetting {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

/**
 * The settings of a unit file in its order; lines that are none are passed over, as systemd does.
 * Source: systemd src/shared/conf-parser.c `config_parse`, `parse_line`.
 */
export function parseUnit(text: string): readonly UnitSetting[] {
  const settings: UnitSetting[] = [];
  let section = "";
  for (const { content, line } of logicalLines(text)) {
    const header = /^\[(.*)\]$/.exec(content);
    if (header !== null) {
      section = header[1] ?? "";
      continue;
    }
    const at = content.indexOf("=");
    if (at < 0) continue;
    settings.push({ section, key: content.slice(0, at).trim(), value: content.slice(at + 1).trim(), line });
  }
  return settings;
}

/** A backslash at the end joins the next line with a space; comments between the two do not end the sentence. */
function logicalLines(text: string): readonly { readonly content: string; readonly line: number }[] {
  const found: { content: string; line: number }[] = [];
  let open: { content: string; line: number } | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const trimmed = raw.trimStart();
    if (trimmed.startsWith("#") || trimmed.startsWith(";")) continue;
    if (open === undefined && trimmed === "") continue;
    const before: { content: string; line: number } = open ?? { content: "", line: index + 1 };
    const part = open === undefined ? trimmed : raw;
    const goesOn = backslashesAtEnd(part) % 2 === 1;
    const joined = { content: before.content + (goesOn ? `${part.slice(0, -1)} ` : part), line: before.line };
    open = goesOn ? joined : undefined;
    if (!goesOn) found.push({ ...joined, content: joined.content.trim() });
  }
  if (open !== undefined) found.push({ ...open, content: open.content.trim() });
  return found.filter(({ content }) => content !== "");
}

function backslashesAtEnd(text: string): number {
  let count = 0;
  while (text.charAt(text.length - 1 - count) === "\\") count += 1;
  return count;
}
