/** Records of a PAX header, in latin1 as their bytes are. */
export type PaxRecords = ReadonlyMap<string, string>;

const textKeys = new Set(["path", "linkpath", "uname", "gname"]);
const sparseOffset = "GNU.sparse.offset";
const sparseLength = "GNU.sparse.numbytes";

/** The records of a PAX header, undefined where one is malformed. Source: Go archive/tar reader.go `parsePAX` */
export function parsePaxRecords(body: string): PaxRecords | undefined {
  const records = new Map<string, string>();
  let sparseEntries = 0;
  for (let rest = body; rest.length > 0; ) {
    const record = firstRecord(rest);
    if (record === undefined) return undefined;
    const { key, value } = record;
    rest = rest.slice(record.length);
    if (key === sparseOffset || key === sparseLength) {
      const expected = sparseEntries % 2 === 0 ? sparseOffset : sparseLength;
      if (key !== expected || value.includes(",")) return undefined;
      sparseEntries += 1;
    } else records.set(key, value);
  }
  return records;
}

function firstRecord(
  text: string,
): { readonly key: string; readonly value: string; readonly length: number } | undefined {
  const space = text.indexOf(" ");
  const digits = space === -1 ? "" : text.slice(0, space);
  if (!/^[+-]?\d{1,18}$/.test(digits)) return undefined;
  const length = Number(digits);
  if (length < 5 || length > text.length || length - digits.length - 1 <= 0 || text[length - 1] !== "\n")
    return undefined;
  const record = text.slice(space + 1, length - 1);
  const equals = record.indexOf("=");
  if (equals <= 0) return undefined;
  const key = record.slice(0, equals);
  const value = record.slice(equals + 1);
  return (textKeys.has(key) ? value : key).includes("\0") ? undefined : { key, value, length };
}

/** Whether the records that Go puts into a header can be put there. Source: Go archive/tar reader.go `mergePAX` */
export function paxRecordsHold(records: PaxRecords): boolean {
  for (const [key, value] of records) {
    if (value === "") continue;
    if (["uid", "gid", "size"].includes(key) && parsePaxInteger(value) === undefined) return false;
    if (["atime", "mtime", "ctime"].includes(key) && !/^[+-]?\d{1,19}(?:\.\d*)?$/.test(value)) return false;
  }
  return true;
}

/** A decimal number of at most 63 bits. */
export function parsePaxInteger(text: string): bigint | undefined {
  if (!/^[+-]?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ""));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}
