/** Maps with at most `limit` calls under way; results in the order of the items. What is there at once waits for nothing. */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  limit: number,
  map: (item: T) => R | Promise<R>,
): Promise<readonly R[]> {
  if (items.length <= limit) {
    const mapped = items.map(map);
    return isSettled(mapped) ? mapped : await Promise.all(mapped);
  }
  const results = new Array<R>(items.length);
  const pending = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of pending) results[index] = await map(item);
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}

function isSettled<R>(mapped: readonly (R | Promise<R>)[]): mapped is readonly R[] {
  return !mapped.some((result) => result instanceof Promise);
}
