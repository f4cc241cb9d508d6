/**
 * Breaks a line between words so that it fits a terminal; a longer word keeps its line to itself.
 * @param lead  stands before the first line; the others are indented by as much
 */
export function wrapLine(text: string, lead: string, width: number): string {
  const indent = " ".repeat(lead.length);
  const lines: string[] = [];
  let line = lead;
  for (const word of text.split(" ").filter((part) => part !== "")) {
    const isFirst = line.length === lead.length;
    if (!isFirst && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else {
      line += isFirst ? word : ` ${word}`;
    }
  }
  return [...lines, line].join("\n");
}
