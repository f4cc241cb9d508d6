/** One entry of an archive; `body` null makes a folder. */
export interface TarEntry {
  readonly name: string;
  readonly body: Buffer | null;
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, "0")}\0`;
}

function header(entry: TarEntry): Buffer {
  const block = Buffer.alloc(512);
  block.write(entry.name, 0, 100);
  block.write(octal(entry.body === null ? 0o755 : 0o644, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(entry.body?.length ?? 0, 12), 124);
  block.write(octal(1_704_067_200, 12), 136);
  block.write(" ".repeat(8), 148);
  block.write(entry.body === null ? "5" : "0", 156);
  block.write("ustar\x0000", 257);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/** A ustar archive of these entries, the same bytes each time. Source: POSIX pax, "ustar Interchange Format". */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const entry of entries) {
    parts.push(header(entry));
    if (entry.body === null) continue;
    parts.push(entry.body, Buffer.alloc((512 - (entry.body.length % 512)) % 512));
  }
  parts.push(Buffer.alloc(1024));
  return Buffer.concat(parts);
}
