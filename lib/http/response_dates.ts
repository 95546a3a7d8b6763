/**
 * Dates the responses of a server.
 *
 * @module
 */

import { followsClock, now } from "../clock.ts";
import { TIME_HEADER } from "../task/clock_offset.ts";

/** Sets the headers of responses that tell the time. */
export class ResponseDates {
  /** The latest time of a response by the clock of this machine, in epoch milliseconds. */
  #latestMs = 0;

  /**
   * Sets the precise time, and `Date` if it is not that of this machine, or if the clock was set back: Deno goes on to send
   * the latest one that it has sent.
   */
  set(headers: Headers): void {
    const nowMs = Math.round(now() * 1_000);
    headers.set(TIME_HEADER, `${nowMs / 1_000}`);
    if (nowMs >= this.#latestMs && !followsClock()) this.#latestMs = nowMs;
    else headers.set("date", new Date(nowMs).toUTCString());
  }
}
