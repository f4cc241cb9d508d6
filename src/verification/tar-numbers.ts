/** A number of a header, or undefined where the field holds none. */
export type TarNumber = number | bigint | undefined;

/**
 * A numeric field: octal digits between blanks and NULs, or base 256 where the first bit is set.
 * Source: Go archive/tar strconv.go `parseNumeric`, `parseOctal`
 */
export function parseNumeric(block: Buffer, at: number, length: number): TarNumber {
  const first = block[at] ?? 0;
  return (first & 0x80) === 0 ? parseOctal(block, at, length) : parseBase256(block, at, length);
}

/** Octal digits; an empty field is 0. */
export function parseOctal(block: Buffer, at: number, length: number): number | undefined {
  let start = at;
  let end = at + length;
  while (start < end && isBlank(block[start])) start += 1;
  while (end > start && isBlank(block[end - 1])) end -= 1;
  let value = 0;
  for (let index = start; index < end; index += 1) {
    const byte = block[index] ?? 0;
    if (byte === 0) break;
    if (byte < 0x30 || byte > 0x37) return undefined;
    value = value * 8 + (byte - 0x30);
  }
  // Go takes up to 64 bits, which no field has room for.
  return value;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0;
}

function parseBase256(block: Buffer, at: number, length: number): TarNumber {
  const inverted = ((block[at] ?? 0) & 0x40) !== 0;
  let value = 0n;
  for (let index = 0; index < length; index += 1) {
    let byte = block[at + index] ?? 0;
    if (inverted) byte ^= 0xff;
    if (index === 0) byte &= 0x7f;
    if (value >> 56n > 0n) return undefined;
    value = (value << 8n) | BigInt(byte);
  }
  if (value >> 63n > 0n) return undefined;
  return inverted ? ~value : value;
}

/** A text field up to its first NUL. Bytes as they are: names need not be UTF-8. */
export function parseText(block: Buffer, at: number, length: number): string {
  const end = block.indexOf(0, at);
  return block.toString("latin1", at, end === -1 || end > at + length ? at + length : end);
}

/** Whether a header's checksum is right, with bytes taken as unsigned or, as old tools did, as signed. */
export function checksumHolds(block: Buffer): boolean {
  const claimed = parseOctal(block, 148, 8);
  if (claimed === undefined) return false;
  let unsigned = 0;
  let signed = 0;
  for (let at = 0; at < 512; at += 1) {
    const byte = at >= 148 && at < 156 ? 0x20 : (block[at] ?? 0);
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  return claimed === unsigned || claimed === signed;
}
