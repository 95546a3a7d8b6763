/**
 * Finds the line of a failed command's output that says why it failed.
 *
 * @module
 */

/** Lines that runtimes and package managers print after an error, and that do not say why the command failed. */
const TRAILER =
  /^(?:[\]})]+$|Node\.js v\d|note: |stack backtrace:$|npm (?:error|ERR!)(?:$| A complete log of this run ))/;
/** A line that belongs to the line above it: a stack frame, or a further line of a message. */
const CONTINUATION = /^\s/;
/** A stack frame below the message, as in JavaScript, Java and Ruby. */
const FRAME = /^\s+(?:at|from) \S/;
/** Carets that mark a place in the line above, which is quoted from a source file. */
const CARET = /^\s*\^+$/;
/** The name of an error at the beginning of a line, or after a prefix such as `Uncaught`. */
const NAMED =
  /^(?:error: )?(?:Uncaught |\(in promise\) |Caused by: |Exception in thread "[^"]*" )*[\w.$]*(?:Error|Exception|Rejection)\b/;
/**
 * `NPM` matches any error line of npm; `NPM_CODE` matches a line of npm without a message, such as one with the
 * error's code.
 */
const NPM = /^npm (?:error|ERR!)(?= |$)/;
const NPM_CODE = /^npm (?:error|ERR!)(?:$| (?:code|errno|syscall|path|dest|command|signal) )/;

/**
 * Returns the index of the line that says why the command failed. This is the last line, unless the last line belongs
 * to an error further up. If the output ends with a stack, the reason is the first line of the latest error's
 * message.
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
  // An indented last line may be the reason itself, below a heading.
  if (end < 0 || (isWhole && end < last)) return last;
  if (NPM.test(lines[end]!)) return npmReason(lines, end);
  const above = lines.findLastIndex((line, index) => index < end && CONTINUATION.test(line));
  // Python prints the stack above the error's message, other languages below it. A message may have several lines.
  const named = lines.findIndex((line, index) => index > above && index <= end && NAMED.test(line));
  const hasStack = FRAME.test(lines[end + 1] ?? "") || (above >= 0 && named === above + 1);
  return hasStack && named >= 0 ? named : end;
}

/** In consecutive lines of npm, the first line with a message says what is wrong, and later lines say what to do. */
function npmReason(lines: readonly string[], end: number): number {
  const start = lines.findLastIndex((line, index) => index < end && !NPM.test(line)) + 1;
  const reason = lines.findIndex((line, index) => index >= start && index <= end && !NPM_CODE.test(line));
  return reason < 0 ? end : reason;
}
