/**
 * Text without anything a terminal would act upon: control and formatting characters become `\u{…}`. Manifests are
 * written by others, and an image name may hold an escape sequence.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

/**
 * Breaks `text` between words into lines of at most `width` characters, `indent` included. A longer word (a URL, a
 * digest) keeps its line to itself.
 * @param lead stands before the first line; the others are indented by as much
 */
export function wrap(text: string, width: number, lead: string): string {
  const indent = " ".repeat(lead.length);
  const lines: string[] = [];
  let line = lead;
  let isBlank = true;
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    if (!isBlank && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent;
      isBlank = true;
    }
    line += isBlank ? word : ` ${word}`;
    isBlank = false;
  }
  lines.push(line);
  return lines.join("\n");
}
