/**
 * Compares the local clock with that of the server, by the `Date` header of a response.
 *
 * @module
 */

/** A response that says what time it is, in epoch seconds. */
export interface DatedResponse {
  /** The `Date` header; `null` if there is none. */
  readonly date: string | null;
  /** When the request was sent, by the local clock. */
  readonly sentAt: number;
  /** When the response was received, by the local clock. */
  readonly receivedAt: number;
}

/**
 * Returns what to add to the local clock to get the server's, in seconds.
 *
 * The server made the header while the request was under way, and cut the fraction of the second off. An
 * offset within these bounds may be true, and is not replaced.
 *
 * @param response the response
 * @param known the best offset so far; 0 if the clocks may agree
 * @returns the known offset if the response confirms it, otherwise the middle of the possible ones
 */
export function clockOffset({ date, sentAt, receivedAt }: DatedResponse, known = 0): number {
  const said = date === null ? NaN : Date.parse(date) / 1_000;
  if (Number.isNaN(said)) return known;
  const [least, most] = [said - receivedAt, said + 1 - sentAt];
  return known >= least && known <= most ? known : (least + most) / 2;
}
