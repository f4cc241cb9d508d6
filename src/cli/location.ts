import { isAbsolute, relative, sep } from "node:path";
import type { Finding } from "../findings/index.js";
import type { WorkloadIdentity } from "../workload/index.js";
import type { Origin } from "./documents.js";
import type { Position } from "./positions.js";

/** Where an image is written. */
export interface Location {
  readonly fieldPath: string;
  /** Relative to the working directory where it is inside; forward slashes. Undefined for standard input. */
  readonly file?: string;
  /** The file that a generator made the document on standard input from. */
  readonly source?: string;
  /** In `file`, or in standard input. */
  readonly position?: Position;
}

/** Every place that names a finding's image, in the order of its field paths; none for an image given by name. */
export type Locate = (finding: Finding) => readonly Location[];

export const nowhere: Locate = () => [];

/** @param origins  where workloads were written, by the very object that their findings carry */
export function locator(origins: ReadonlyMap<WorkloadIdentity, Origin>): Locate {
  return ({ workload, fieldPaths }) => {
    const origin = origins.get(workload);
    if (origin === undefined) return [];
    const { file, source } = origin;
    return fieldPaths.map((fieldPath) => {
      const position = origin.position(fieldPath);
      return {
        fieldPath,
        ...(file === undefined ? {} : { file: shownPath(file) }),
        ...(source === undefined ? {} : { source }),
        ...(position === undefined ? {} : { position }),
      };
    });
  };
}

/** What a report should point at: the file with the line, or the source without, since its lines are others. */
export function target({ file, source, position }: Location): { readonly file?: string; readonly position?: Position } {
  if (file === undefined && source !== undefined) return { file: source };
  return { ...(file === undefined ? {} : { file }), ...(position === undefined ? {} : { position }) };
}

/** Words for a place in standard input, which no annotation can point at; "" for one in a file. */
export function stdinPlace({ file, position }: Location): string {
  return file === undefined && position !== undefined ? `line ${position.line} of standard input` : "";
}

function shownPath(file: string): string {
  const inside = relative(process.cwd(), file);
  const shown = inside === "" || inside.startsWith("..") || isAbsolute(inside) ? file : inside;
  return shown.split(sep).join("/");
}
