import { fstatSync, writeSync } from "node:fs";

/** Lines of a log on their way to standard output. */
export interface LogLines {
  write(line: string): void;
}

/** What waits for a slow reader, in bytes; whatever comes beyond is lost. */
const maxWaitingBytes = 1024 * 1024;

/**
 * Standard output for a log that must never get in the way of answers: a reader that has gone, one that does not read, and a
 * full disk cost lines, not time. Once there is room again, a line tells how many were lost.
 */
export function logLines(): LogLines {
  const put = hasReader() ? putForReader : putIntoFile;
  let lost = 0;
  return {
    write: (line) => {
      if (lost > 0 && put(`${JSON.stringify({ level: "warn", lost, msg: "lines of the log were lost" })}\n`)) lost = 0;
      if (!put(line)) lost += 1;
    },
  };
}

/** Pipes and terminals have one; a file has not, nor has /dev/null. */
function hasReader(): boolean {
  try {
    const stats = fstatSync(1);
    return stats.isFIFO() || stats.isSocket() || process.stdout.isTTY === true;
  } catch {
    // Closed: every line will be lost.
    return false;
  }
}

/** Node writes to a pipe as far as it goes and keeps the rest, without an end to it. */
function putForReader(line: string): boolean {
  const { stdout } = process;
  if (!stdout.writable || stdout.writableLength > maxWaitingBytes) return false;
  stdout.write(line);
  return true;
}

/** A stream over a file is destroyed by its first fault, and a disk is not full for ever. */
function putIntoFile(line: string): boolean {
  try {
    writeSync(1, line);
    return true;
  } catch {
    return false;
  }
}
