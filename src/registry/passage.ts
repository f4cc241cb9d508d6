import type { Clock } from "../core/index.js";
import type { Place } from "./host-traffic.js";
import type { TransportFault } from "./types.js";

/** Whoever keeps count of a host's requests. */
export interface PassageReport {
  answered(status: number, place: Place): void;
  failed(told: TransportFault, wasSent: boolean, waitedMs: number, place: Place): void;
  ended(place: Place): void;
}

/** The place of one request. Told what becomes of the request, and given back exactly once. */
export class Passage {
  readonly #report: PassageReport;
  readonly #place: Place;
  readonly #clock: Clock;
  #dialledMs: number | undefined;

  constructor(report: PassageReport, place: Place, clock: Clock) {
    this.#report = report;
    this.#place = place;
    this.#clock = clock;
  }

  /** A connection is being made for it. */
  dialling(): void {
    this.#dialledMs = this.#clock.nowMs();
  }

  sent(): void {
    this.#place.sentMs = this.#clock.nowMs();
  }

  /** The head of an answer is there, with this HTTP status. */
  answered(status: number): void {
    this.#report.answered(status, this.#place);
    delete this.#place.sentMs;
  }

  failed(told: TransportFault): void {
    const sinceMs = this.#place.sentMs ?? this.#dialledMs;
    const waitedMs = sinceMs === undefined ? 0 : this.#clock.nowMs() - sinceMs;
    this.#report.failed(told, this.#place.sentMs !== undefined, waitedMs, this.#place);
    this.end();
  }

  end(): void {
    this.#report.ended(this.#place);
  }
}
