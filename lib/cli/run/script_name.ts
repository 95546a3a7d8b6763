/**
 * Shortens the script of a shell to a name.
 *
 * @module
 */

/** The length of the part of a script that is read, in characters. */
const READ_LENGTH = 2_000;
/** The maximum length of a name, in characters. */
const MAX_LENGTH = 60;
/** The placeholder for quoted and substituted text, which may be secret. */
const OPAQUE = "\0";

const COMMENT = /(?:^|\s)#[^\n]*/g;
const QUOTED = /'[^']*'|"(?:[^"\\]|\\[^])*"|`[^`]*`|\$\([^()]*\)|\$\{[^{}]*\}|\\\n/g;
const REDIRECTION = /\d*(?:<|>)[<>&|]*\s*[^\s;|&<>]*/g;
const OPERATOR = /\s*(&&|\|\||[;|&\n])[;\s]*/;
/** Words of the shell's grammar that may precede a command. */
const KEYWORDS = /^(?:if|then|else|elif|while|until|do|!|\{|\(|exec|time|command)$/;
const ASSIGNMENT = /^[A-Za-z_]\w*\+?=/;
/** Commands that only prepare other commands, and words of the shell's grammar after which no command follows. */
const PREPARATIONS =
  /^(?:set|cd|export|source|\.|:|true|trap|umask|ulimit|shopt|unset|for|case|esac|fi|done|\}|\))$/;
/** Commands whose arguments are data. */
const DATA = /^(?:echo|printf|read|test|\[|\[\[|sleep|sshpass|kill)$/;
/** A word that names something: neither an option nor a number nor text that may be secret. */
const PLAIN = /^[A-Za-z][A-Za-z_.-]{0,23}$/;
const PROGRAM = /^[\w.+@%-]{1,40}$/;

/**
 * Returns a short form of a script: its commands, each with its first argument if that is a plain word, such as `make
 * all && ls`.
 *
 * @param script the script
 * @param nameOf returns the name of a command
 * @returns the name; `""` if the script has no command that could be shown
 */
export function scriptName(script: string, nameOf: (words: readonly string[]) => string): string {
  const text = script.slice(0, READ_LENGTH).replace(QUOTED, OPAQUE).replace(COMMENT, "\n").replace(
    REDIRECTION,
    " ",
  );
  // Commands and operators alternate.
  const parts = text.split(OPERATOR);
  let name = "";
  let last = "";
  for (let at = 0; at < parts.length; at += 2) {
    const command = shortForm(parts[at]!, nameOf);
    if (command === "" || command === last) continue;
    last = command;
    const operator = parts[at - 1] === "\n" ? ";" : parts[at - 1] ?? "";
    const joined = name === "" ? command : `${name}${operator === ";" ? "" : " "}${operator} ${command}`;
    if (joined.length > MAX_LENGTH) return name === "" ? `${command.slice(0, MAX_LENGTH - 1)}…` : `${name} …`;
    name = joined;
  }
  return name;
}

function shortForm(command: string, nameOf: (words: readonly string[]) => string): string {
  const words = command.replace(/[(){}]/g, " $& ").trim().split(/\s+/);
  const start = words.findIndex((word) => !KEYWORDS.test(word) && !ASSIGNMENT.test(word));
  if (start === -1) return "";
  const [program = "", second = ""] = words.slice(start);
  if (PREPARATIONS.test(program)) return "";
  const name = nameOf(words.slice(start));
  if (!PROGRAM.test(name)) return "";
  const isOfProgram = program.endsWith(name) && !DATA.test(name);
  return isOfProgram && PLAIN.test(second) ? `${name} ${second}` : name;
}
