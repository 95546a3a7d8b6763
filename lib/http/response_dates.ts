/**
 * Sets the headers of responses that tell the server's time.
 *
 * @module
 */

import { followsClock, now } from "../clock.ts";
import { TIME_HEADER } from "../task/clock_offset.ts";
import { TextResponse, timeNow } from "./responses.ts";

/** Sets the precise time of each response, and `Date` if Deno would set a wrong one. */
export class ResponseDates {
  /** The latest time of a response by the clock of this machine, in epoch milliseconds. */
  #latestMs = 0;

  /**
   * Sets the header with the precise time, which a {@linkcode TextResponse} has from the start. `Date` is set only if
   * the server's time is not that of this machine, or if the clock was set back, because Deno then continues to send
   * the latest `Date` so far.
   */
  set(response: Response): void {
    if (!(response instanceof TextResponse)) response.headers.set(TIME_HEADER, timeNow());
    const nowMs = now() * 1_000;
    if (nowMs >= this.#latestMs && !followsClock()) this.#latestMs = nowMs;
    else response.headers.set("date", new Date(nowMs).toUTCString());
  }
}
