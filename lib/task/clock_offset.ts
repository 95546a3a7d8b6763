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
 * Returns what to add to the local clock to get the server's, in seconds.
 *
 * The server made the response while the request was under way. Servers before {@linkcode TIME_HEADER} sent only `Date`,
 * which cuts the fraction of the second off. An offset within these bounds may be true, and is not replaced.
 *
 * @param response the response
 * @param known the best offset so far; 0 if the clocks may agree
 * @returns the known offset if the response confirms it, otherwise the middle of the possible ones
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
