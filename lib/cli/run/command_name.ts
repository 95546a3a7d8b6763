/**
 * Names a command after the program or file that does the work, not after a launcher such as `sudo` or `python3`.
 *
 * @module
 */

import { scriptName } from "./script_name.ts";

/** A program that starts another program or executes a file. */
interface Launcher {
  readonly program: RegExp;
  /**
   * The subcommands that start another program or file, one of which must come first; any other subcommand starts
   * nothing.
   */
  readonly subcommands?: readonly string[];
  /** The options whose value is the next argument. */
  readonly valued?: RegExp;
  /** The options whose value is code. */
  readonly code?: RegExp;
  /** The options after which the operands are arguments of a script from standard input. */
  readonly stdin?: RegExp;
  /** The number of operands before the command. */
  readonly skipped?: number;
  /** What the next operand is. */
  readonly starts: "command" | "package" | "file";
}

/** The option of Python, among others, whose value is the name of a module. */
const MODULE = "-m";
/** The operand that stands for a script from standard input. */
const STDIN = "-";
const NONE = /(?!)/;
/** An assignment of a variable before a command, as for env(1). */
const ASSIGNMENT = /^[A-Za-z_]\w*=/;
/** The maximum number of nested launchers that are looked through. */
const MAX_DEPTH = 5;

const SUDO_VALUED =
  /^(?:-[CDghpRrTtuU]|--(?:chdir|chroot|close-from|command-timeout|group|host|other-user|prompt|role|type|user))$/;
const UV_VALUED =
  /^(?:-[CPp]|--(?:with|with-editable|with-requirements|env-file|extra|group|only-group|python|directory|project|package))$/;
const SHELL = /^(?:ba|da|z|k|a|fi)?sh$/;
const LAUNCHERS: readonly Launcher[] = [
  {
    program: SHELL,
    valued: /^(?:[-+][a-z]*[oO]|--rcfile|--init-file)$/,
    code: /^-[a-z]*c[a-z]*$/,
    stdin: /^-[a-z]*s[a-z]*$/,
    starts: "file",
  },
  { program: /^(?:python|pypy)[\d.]*$/, valued: /^-[WX]$/, code: /^-c$/, starts: "file" },
  {
    program: /^node$/,
    valued: /^(?:-r|-C|--require|--import|--loader|--conditions)$/,
    code: /^(?:-e|-p|--eval|--print)$/,
    starts: "file",
  },
  { program: /^(?:ruby|perl)$/, valued: /^-[rIC]$/, code: /^-[a-z]*[eE]$/, starts: "file" },
  { program: /^php$/, valued: /^-[cd]$/, code: /^-r$/, starts: "file" },
  { program: /^Rscript$/, code: /^-e$/, starts: "file" },
  {
    program: /^java$/,
    valued: /^(?:-cp|-classpath|--class-path|--module-path|-p)$/,
    starts: "file",
  },
  { program: /^deno$/, subcommands: ["run"], valued: /^(?:-c|--config|--import-map)$/, starts: "file" },
  { program: /^(?:npx|pnpx|bunx|uvx)$/, valued: /^(?:-p|--package|--from|--with)$/, starts: "package" },
  { program: /^npm$/, subcommands: ["exec", "x"], valued: /^(?:-p|--package)$/, starts: "package" },
  { program: /^(?:pnpm|yarn)$/, subcommands: ["dlx", "exec"], valued: /^--package$/, starts: "package" },
  { program: /^pipx$/, subcommands: ["run"], valued: /^--spec$/, starts: "package" },
  { program: /^(?:uv|poetry|pipenv)$/, subcommands: ["run"], valued: UV_VALUED, starts: "command" },
  { program: /^bundle$/, subcommands: ["exec"], starts: "command" },
  { program: /^env$/, valued: /^(?:-u|-C|--unset|--chdir)$/, starts: "command" },
  {
    program: /^(?:nice|ionice)$/,
    valued: /^(?:-[cnp]|--(?:adjustment|class|classdata))$/,
    starts: "command",
  },
  { program: /^chrt$/, valued: /^-[TPD]$/, skipped: 1, starts: "command" },
  { program: /^timeout$/, valued: /^(?:-[ks]|--(?:kill-after|signal))$/, skipped: 1, starts: "command" },
  { program: /^stdbuf$/, valued: /^(?:-[ioe]|--(?:input|output|error))$/, starts: "command" },
  { program: /^(?:sudo|doas)$/, valued: SUDO_VALUED, starts: "command" },
  { program: /^time$/, valued: /^(?:-[fo]|--(?:format|output))$/, starts: "command" },
  { program: /^(?:nohup|setsid|command|exec|unbuffer|xvfb-run|caffeinate)$/, starts: "command" },
];

/**
 * Returns the name of a command: the program that it runs, the file that an interpreter executes, or a short form of
 * the script of a shell. Options, and the values of variables, are never part of it.
 *
 * @param command the program and its arguments
 * @param depth how many launchers were looked through
 */
export function commandName(command: readonly string[], depth = 0): string {
  const [program = "", ...args] = command;
  const base = baseName(program);
  const launcher = LAUNCHERS.find((each) => each.program.test(base));
  if (launcher === undefined || depth === MAX_DEPTH) return base;
  const { subcommands, valued = NONE, code = NONE, stdin = NONE, starts } = launcher;
  if (subcommands !== undefined && !subcommands.includes(args[0] ?? "")) return base;
  let { skipped = 0 } = launcher;
  for (let at = subcommands === undefined ? 0 : 1; at < args.length; at++) {
    const arg = args[at]!;
    if (code.test(arg)) {
      const script = SHELL.test(base)
        ? scriptName(args[at + 1] ?? "", (words) => commandName(words, depth + 1))
        : "";
      return script === "" ? base : script;
    }
    if (stdin.test(arg) || (arg === STDIN && starts === "file")) return base;
    if (arg === MODULE && starts === "file") return args[at + 1] ?? base;
    if (/^[-+]./.test(arg)) {
      if (valued.test(arg)) at++;
      continue;
    }
    if (starts === "command" && ASSIGNMENT.test(arg)) continue;
    if (skipped-- > 0) continue;
    if (starts === "file") return baseName(arg);
    if (starts === "command") return commandName(args.slice(at), depth + 1);
    const name = arg.replace(/(?<=.)@[^@/]*$/, "");
    return name.includes("/") ? name : commandName([name, ...args.slice(at + 1)], depth + 1);
  }
  return base;
}

/** Returns the last part of a path. */
export function baseName(path: string): string {
  return path.split(/[/\\]/).findLast((part) => part !== "") ?? path;
}
