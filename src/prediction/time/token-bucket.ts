/**
 * The kubelet's limit on pulls: full at first, one token a pull, refilled at `qps`, never above `burst`. Asking without
 * success costs nothing. A shortage of less than a nanosecond's refill is none, as in Go, whose durations are whole
 * nanoseconds.
 * Source: client-go util/flowcontrol/throttle.go `TryAccept`; golang.org/x/time/rate `reserveN`, `advance`.
 */
export class TokenBucket {
  readonly #qps: number;
  readonly #burst: number;
  #tokens: number;
  #lastMs = 0;

  /** @param qps tokens a second; 0: every request is accepted */
  constructor(qps: number, burst: number) {
    this.#qps = qps;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** Takes a token if there is one. `nowMs` never goes back. */
  tryAccept(nowMs: number): boolean {
    // The kubelet puts no limiter in place for 0. Source: pkg/kubelet/images/helpers.go `throttleImagePulling`.
    if (this.#qps === 0) return true;
    const refilled = this.#tokens + ((nowMs - this.#lastMs) / 1000) * this.#qps;
    const left = Math.min(refilled, this.#burst) - 1;
    const shortageNs = left < 0 ? Math.trunc((-left / this.#qps) * 1e9) : 0;
    if (this.#burst < 1 || shortageNs > 0) return false;
    this.#tokens = left;
    this.#lastMs = nowMs;
    return true;
  }
}
