import type { Clock } from "../core/index.js";
import type { BodySink } from "./types.js";

/** A sink that counts what goes through it. */
export interface MeteredSink extends BodySink {
  /** Bytes so far, and for how long the connection was held back meanwhile, by whoever takes them and not by the network. */
  taken(): { readonly bytes: number; readonly heldMs: number };
}

/** Passes everything on to `sink`. */
export function meteredSink(sink: BodySink, clock: Clock): MeteredSink {
  let bytes = 0;
  let heldMs = 0;
  return {
    begin: (answer) => sink.begin(answer),
    write(chunk) {
      bytes += chunk.byteLength;
      const held = sink.write(chunk);
      if (held === undefined) return undefined;
      const fromMs = clock.nowMs();
      return held.finally(() => {
        heldMs += clock.nowMs() - fromMs;
      });
    },
    taken: () => ({ bytes, heldMs }),
  };
}
