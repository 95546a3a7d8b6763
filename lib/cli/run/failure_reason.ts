/**
 * Finds the line of a failed command's output that says why it failed.
 *
 * @module
 */

/** What runtimes and package managers print after an error, which does not say why. */
const TRAILER =
  /^(?:[\]})]+$|Node\.js v\d|note: |stack backtrace:$|npm (?:error|ERR!)(?:$| A complete log of this run ))/;
/** A line that belongs to the one above it: a frame of a stack, or more of a message. */
const CONTINUATION = /^\s/;
/** A frame below the message, as JavaScript, Java and Ruby print it. */
const FRAME = /^\s+(?:at|from) \S/;
/** What marks a place in the line above, which is quoted from a source file. */
const CARET = /^\s*\^+$/;
/** The name of an error, at the beginning of a line or after what says that nothing caught it. */
const NAMED =
  /^(?:error: )?(?:Uncaught |\(in promise\) |Caused by: |Exception in thread "[^"]*" )*[\w.$]*(?:Error|Exception|Rejection)\b/;
/** A line of npm, and one that says at most the code of its error. */
const NPM = /^npm (?:error|ERR!)(?= |$)/;
const NPM_CODE = /^npm (?:error|ERR!)(?:$| (?:code|errno|syscall|path|dest|command|signal) )/;

/**
 * Returns which of the last lines says why the command failed. That is the last one, unless it belongs to an
 * error further up; of a stack, the reason is the first line of the message of its latest error.
 *
 * @param lines the last lines of the output, none of them empty
 * @returns the index of the line; -1 if there are no lines
 */
export function failureReason(lines: readonly string[]): number {
  const last = lines.length - 1;
  const end = lines.findLastIndex((line, index) =>
    !CONTINUATION.test(line) && !TRAILER.test(line) && !CARET.test(lines[index + 1] ?? "")
  );
  const isWhole = !lines.slice(end + 1).some((line) => TRAILER.test(line) || FRAME.test(line));
  // An indented line may also be the reason itself, below a heading.
  if (end < 0 || (isWhole && end < last)) return last;
  if (NPM.test(lines[end]!)) return npmReason(lines, end);
  const above = lines.findLastIndex((line, index) => index < end && CONTINUATION.test(line));
  // Python prints a stack above its error, others below it. Either message may have several lines.
  const named = lines.findIndex((line, index) => index > above && index <= end && NAMED.test(line));
  const hasStack = FRAME.test(lines[end + 1] ?? "") || (above >= 0 && named === above + 1);
  return hasStack && named >= 0 ? named : end;
}

/** Of consecutive lines of npm, the first says what is wrong, and the others what to do. */
function npmReason(lines: readonly string[], end: number): number {
  const start = lines.findLastIndex((line, index) => index < end && !NPM.test(line)) + 1;
  const reason = lines.findIndex((line, index) => index >= start && index <= end && !NPM_CODE.test(line));
  return reason < 0 ? end : reason;
}
