/** Milliseconds for which one signal keeps the event loop from turning. */
export const blockedMs = 1_500;

// Preloaded into a process of the tests, by --import: each SIGUSR2 is a computation that lets nothing else happen.
if (process.env.PULLGUARD_TEST_BLOCKS === "1") {
  process.on("SIGUSR2", () => {
    const endMs = performance.now() + blockedMs;
    while (performance.now() < endMs);
  });
}
