/** Annotation of a changed object: what its images were called before, by what they are called now. */
export const writtenImagesAnnotation = "pullguard.dev/written-images";

/** All annotations of an object together, in bytes. Source: apimachinery pkg/api/validation `TotalAnnotationSizeLimitB`. */
const maxAnnotationBytes = 256 * 1024;

/** An image before and after a change. */
export interface RenamedImage {
  readonly before: string;
  readonly after: string;
}

/**
 * The annotation's value once these images have been renamed. What it says of images that the object no longer has is
 * dropped; of one that was renamed before, the first name stays.
 * @param images  every image of the object after the change
 * @returns undefined where the API server would not take that much
 */
export function writtenImages(
  annotations: Readonly<Record<string, unknown>>,
  renamed: readonly RenamedImage[],
  images: readonly string[],
): string | undefined {
  const known = parsed(annotations[writtenImagesAnnotation]);
  const names = new Map([
    ...known,
    ...renamed.map(({ before, after }) => [after, known.get(before) ?? before] as const),
  ]);
  const present = [...names].filter(([after]) => images.includes(after)).sort(([a], [b]) => (a < b ? -1 : 1));
  const value = JSON.stringify(Object.fromEntries(present));
  const all = { ...annotations, [writtenImagesAnnotation]: value };
  const sizeBytes = Object.entries(all).reduce((sum, [name, text]) => sum + bytes(name) + bytes(String(text)), 0);
  return sizeBytes > maxAnnotationBytes ? undefined : value;
}

function parsed(value: unknown): ReadonlyMap<string, string> {
  try {
    const names: unknown = typeof value === "string" ? JSON.parse(value) : undefined;
    if (typeof names !== "object" || names === null) return new Map();
    return new Map(Object.entries(names).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
  } catch {
    // Somebody else wrote it; it says nothing.
    return new Map();
  }
}

function bytes(text: string): number {
  return Buffer.byteLength(text);
}
