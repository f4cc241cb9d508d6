/**
 * The tags that a person most likely meant, best first, at most `limit`.
 * Nearness is edit distance, with the whole asked-for tag as a prefix (`1.2` → `1.2.7`) counted as near.
 */
export function similarTags(wanted: string, existing: readonly string[], limit = 3): readonly string[] {
  const reach = Math.max(2, Math.floor(wanted.length / 3));
  return existing
    .map((tag) => ({ tag, distance: distanceOf(wanted, tag, reach) }))
    .filter(({ distance }) => distance <= reach)
    .sort((a, b) => a.distance - b.distance || (a.tag < b.tag ? -1 : 1))
    .slice(0, limit)
    .map(({ tag }) => tag);
}

function distanceOf(wanted: string, tag: string, reach: number): number {
  if (tag.toLowerCase() === wanted.toLowerCase()) return 0;
  if (tag.replace(/^v/, "") === wanted.replace(/^v/, "")) return 0.5;
  if (tag.startsWith(wanted) || wanted.startsWith(tag)) return 1;
  return Math.abs(tag.length - wanted.length) > reach ? Number.POSITIVE_INFINITY : editDistance(wanted, tag);
}

/** Levenshtein distance, one row at a time. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const substitution = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
