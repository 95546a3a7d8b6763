/**
 * The filter by which a log is searched, and the texts about the result. Pure.
 *
 * @module
 */

import { LOG_LEVELS, LOG_STREAMS, type LogLevel, type LogStream } from "../../lib/task/task.ts";
import { countNoun, formatCount } from "../../lib/text/format.ts";

/** The conditions that a line must meet to match; an empty value matches every line. */
export interface LogFilter {
  readonly text: string;
  /** The output stream that the line comes from. */
  readonly stream: LogStream | "";
  /** The lowest severity of the line. */
  readonly level: LogLevel | "";
}

/** The result of searching a log. */
export interface LogFindings {
  /** The number of lines that match. */
  readonly matches: number;
  /** The number of lines that were searched. */
  readonly searched: number;
  /** The index of the current match among all matches; `null` if there is no current match. */
  readonly index: number | null;
}

/** The filter that every line matches. */
export const ALL_LINES: LogFilter = { text: "", stream: "", level: "" };

/** Returns whether a filter matches every line. */
export function matchesAll({ text, stream, level }: LogFilter): boolean {
  return text === "" && stream === "" && level === "";
}

/** Returns the URL parameters for a filter, for a page or a request. */
export function filterParams({ text, stream, level }: LogFilter): URLSearchParams {
  const fields = Object.entries({ q: text, stream, level });
  return new URLSearchParams(fields.filter(([, value]) => value !== ""));
}

/** Reads the filter from the URL of a page; unknown values are ignored. */
export function readFilter(params: URLSearchParams): LogFilter {
  return {
    text: params.get("q") ?? "",
    stream: LOG_STREAMS.find((stream) => stream === params.get("stream")) ?? "",
    level: LOG_LEVELS.find((level) => level === params.get("level")) ?? "",
  };
}

/** Builds the text about the matches and the searched lines: "Match 3 of 120 in 6,400 lines (only stderr)". */
export function foundText(found: LogFindings, { stream, level }: LogFilter, gone: number): string {
  const { matches, searched, index } = found;
  const traits = [stream === "" ? "" : `only ${stream}`, level === "" ? "" : levelText(level)];
  const only = traits.filter((trait) => trait !== "").join(", ");
  const where = `in ${countNoun(searched, "line")}${only === "" ? "" : ` (${only})`}`;
  const what = matches === 0
    ? "No match"
    : index === null
    ? (matches === 1 ? "1 match" : `${formatCount(matches)} matches`)
    : `Match ${formatCount(index + 1)} of ${formatCount(matches)}`;
  return `${what} ${where}${gone > 0 ? `; ${countNoun(gone, "older line")} no longer kept` : ""}`;
}

/** Describes the lines of at least a given severity. */
export function levelText(level: LogLevel): string {
  return level === "fatal" ? "fatal" : `${level} or worse`;
}
