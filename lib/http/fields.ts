/**
 * Parses the fields of forms and query strings, up to a maximum number of fields.
 *
 * @module
 */

import { Problem } from "./problem.ts";

/** The maximum number of parameters of a query string. */
const MAX_PARAMETERS = 256;
/**
 * The maximum number of fields of a form: more than the lines of a report, the tasks of a bulk change, and the
 * keys that fit into metadata.
 */
const MAX_FORM_FIELDS = 4_096;

/**
 * Parses the query string of a URL.
 *
 * @param url the URL of a request
 * @returns the parameters
 * @throws {Problem} 400 if there are too many parameters
 */
export function queryFields(url: string): URLSearchParams {
  const mark = url.indexOf("?");
  const text = mark === -1 ? "" : url.slice(mark + 1);
  if (countAbove(text, MAX_PARAMETERS)) {
    throw new Problem("too_many", `Cannot read the query: at most ${MAX_PARAMETERS} parameters are accepted`);
  }
  return new URLSearchParams(text);
}

/**
 * Parses the body of a form.
 *
 * @param text the body, as `application/x-www-form-urlencoded`
 * @returns the fields
 * @throws {Problem} 400 if there are too many fields
 */
export function formFields(text: string): URLSearchParams {
  if (countAbove(text, MAX_FORM_FIELDS)) {
    throw new Problem("too_many", `Cannot read the form: at most ${MAX_FORM_FIELDS} fields are accepted`);
  }
  return new URLSearchParams(text);
}

/** Returns whether text has more fields than a maximum. The fields are counted before they are parsed. */
function countAbove(text: string, most: number): boolean {
  let count = 1;
  for (let at = text.indexOf("&"); at !== -1; at = text.indexOf("&", at + 1)) {
    if (++count > most) return true;
  }
  return false;
}
