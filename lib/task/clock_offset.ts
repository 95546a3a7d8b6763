/**
 * Compares the local clock with that of the server, by the time in the headers of a response.
 *
 * @module
 */

/**
 * The header with the time at which the server made a response, in epoch seconds to the millisecond. `Date` has whole
 * seconds, and a proxy may set its own.
 */
export const TIME_HEADER = "taskscope-time";

/** A response that says what time it is. */
export interface DatedResponse {
  /** Its headers. */
  readonly headers: Pick<Headers, "get">;
  /** When the request was sent, by the local clock, in epoch seconds. */
  readonly sentAt: number;
  /** When the response was received, by the local clock, in epoch seconds. */
  readonly receivedAt: number;
}

/**
 * Returns the number of seconds to add to the local clock to get the server's time.
 *
 * The server made the response after the request was sent and before the response was received. From these two times,
 * the bounds of the offset are computed. Servers that do not know {@linkcode TIME_HEADER} send only `Date`, which lacks
 * the fraction of the second. A known offset within the bounds is kept.
 *
 * @param response the response
 * @param known the best offset so far, in seconds; 0 if none is known
 * @returns the known offset if it is within the bounds, otherwise the middle of the bounds
 */
export function clockOffset({ headers, sentAt, receivedAt }: DatedResponse, known = 0): number {
  const precise = Number(headers.get(TIME_HEADER) || NaN);
  const [said, cut] = Number.isNaN(precise)
    ? [Date.parse(headers.get("date") ?? "") / 1_000, 1]
    : [precise, 0.001];
  if (Number.isNaN(said)) return known;
  const [least, most] = [said - receivedAt, said + cut - sentAt];
  return known >= least && known <= most ? known : (least + most) / 2;
}
