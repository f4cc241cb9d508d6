/** One `NAME=value` of an environment file. `line` counts from 1 and is where the name stands. */
export interface FileAssignment {
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

/**
 * The assignments of a file that `EnvironmentFile=` names. It looks like shell and is none: nothing is expanded, a quote
 * inside an unquoted value stays, and `export NAME` is no name.
 * Source: systemd src/basic/env-file.c `parse_env_file_internal`.
 */
export function parseEnvironmentFile(text: string): readonly FileAssignment[] {
  const found: FileAssignment[] = [];
  const cursor = { text: text.replaceAll(/\r\n?/g, "\n"), at: 0 };
  let line = 1;
  let counted = 0;
  for (;;) {
    take(cursor, /\s*/y);
    if (cursor.at >= cursor.text.length) return found;
    if (take(cursor, /[#;](?:\\[\s\S]|[^\n])*/y) !== "") continue;
    line += cursor.text.slice(counted, cursor.at).split("\n").length - 1;
    counted = cursor.at;
    const name = take(cursor, /[^=\n]*/y).trimEnd();
    if (take(cursor, /=/y) === "") continue;
    const value = readValue(cursor);
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) found.push({ name, value, line });
  }
}

interface Cursor {
  readonly text: string;
  at: number;
}

/** Quoted parts, each perhaps with blanks before it, then perhaps an unquoted rest up to the end of the line. */
function readValue(cursor: Cursor): string {
  let value = "";
  for (;;) {
    take(cursor, /[^\S\n]*/y);
    const quote = take(cursor, /['"]/y);
    if (quote === "") return value + readUnquoted(cursor);
    if (quote === "'") {
      value += take(cursor, /[^']*/y);
    } else {
      const quoted = take(cursor, /(?:\\[\s\S]|[^"\\])*/y);
      // Only what a shell would need escaped loses its backslash.
      value += quoted.replaceAll(/\\([\s\S])/g, (pair, escaped: string) =>
        escaped === "\n" ? "" : '"\\`$'.includes(escaped) ? escaped : pair,
      );
    }
    take(cursor, /['"]/y);
  }
}

/** Blanks at the end go, unless a backslash stands before them; a backslash before the line's end joins the next line. */
function readUnquoted(cursor: Cursor): string {
  const raw = take(cursor, /(?:\\[\s\S]|[^\n\\])*/y);
  const trimmed = /^(?:\\[\s\S]|[^\S\n]*[^\s\\])*/.exec(raw)?.[0] ?? "";
  return trimmed.replaceAll(/\\([\s\S])/g, (_pair, escaped: string) => (escaped === "\n" ? "" : escaped));
}

/** What matches at the cursor, which then stands behind it; the expression is sticky. */
function take(cursor: Cursor, expression: RegExp): string {
  expression.lastIndex = cursor.at;
  const taken = expression.exec(cursor.text)?.[0] ?? "";
  cursor.at += taken.length;
  return taken;
}
