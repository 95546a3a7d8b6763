/**
 * Finds the line of a failed command's output that says why the command failed.
 *
 * @module
 */

/** The beginnings of lines that programs print after an error, and that do not say why the command failed. */
const TRAILERS = [
  // Runtimes, compilers and package managers: the end of a value, and where to find out more.
  /[\]})]+$/,
  /Node\.js v\d/,
  /(?:\S+:\d+:\d+: )?note: /,
  /stack backtrace:$/,
  /npm (?:error|ERR!)(?:$| A complete log of this run )/,
  /\[ERROR\](?: ?$| To see the full stack | Re-run Maven | For more information about | \[Help \d)/,
  /(?:For more information about an? |Some errors have detailed explanations)/,
  /\[?warn(?:ing)?\b/,
  // Programs that run others, about a command that failed.
  /g?make(?:\[\d+\])?: \*\*\* \[.+\] Error \d+$/,
  /ninja: build stopped: subcommand failed/,
  /error: (?:could not compile `|test failed, to rerun )/,
  /(?:ELIFECYCLE|error) +Command failed with exit code \d+/,
  /Command exited with non-zero status \d+$/,
  /exit status \d+$/,
  // What a command has used, as the two programs named `time` print it.
  /[\d.]+user [\d.]+system /,
  /\d+inputs\+\d+outputs /,
  /(?:real|user|sys)\s+[\dms.]+$/,
];
const TRAILER = new RegExp(`^\\s*(?:${TRAILERS.map(({ source }) => source).join("|")})`, "i");
/** A line that belongs to the line above it: a stack frame, a further line of a message, or a quoted line of source. */
const CONTINUATION = /^\s|^\d+ +[|+-] /;
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

/** The first line of what Go prints when a program crashes, and the heading of each goroutine in the dump below it. */
const CRASH = /^(?:panic|fatal error): /;
const GOROUTINE = /^goroutine \d+ .*\[[^[\]]+\]:$/;
/** A line of the dump below the heading of a goroutine. */
const DUMPED = /^\s|\)$|^created by |^\.\.\./;
/** A mention of an error, unless the line says that there is none. */
const COMPLAINT = /(?<!\b(?:0|no) )\b(?:errors?|\w*Error|\w*Exception|fail(?:s|ed|ing|ures?)?|fatal)\b/i;

/** Returns whether a line is one that often follows an error, and does not say why the command failed. */
export function isTrailer(line: string): boolean {
  return TRAILER.test(line);
}

/** Returns whether a line is the first one that Go prints about a crash; the dump below it can have any length. */
export function beginsCrash(line: string): boolean {
  return CRASH.test(line);
}

/**
 * Returns the index of the last line that mentions an error. The output may be about anything else, too.
 *
 * @param lines the last lines of the output
 * @returns the index of the line; -1 if there is none
 */
export function complaint(lines: readonly string[]): number {
  return lines.findLastIndex((line) => COMPLAINT.test(line) && !isTrailer(line));
}

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
  const crash = crashReason(lines);
  if (crash >= 0) return crash;
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

/** If the output ends with the dump of a Go program, returns the index of the line above it that says why. */
function crashReason(lines: readonly string[]): number {
  const dump = lines.findLastIndex((line) => GOROUTINE.test(line));
  if (dump < 0 || !lines.slice(dump + 1).every((line) => DUMPED.test(line) || isTrailer(line))) return -1;
  return lines.findLastIndex((line, index) => index < dump && CRASH.test(line));
}

/** In consecutive lines of npm, the first line with a message says what is wrong, and later lines say what to do. */
function npmReason(lines: readonly string[], end: number): number {
  const start = lines.findLastIndex((line, index) => index < end && !NPM.test(line)) + 1;
  const reason = lines.findIndex((line, index) => index >= start && index <= end && !NPM_CODE.test(line));
  return reason < 0 ? end : reason;
}
