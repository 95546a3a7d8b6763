/**
 * The command line's entry point: finds the command and runs it.
 *
 * @module
 */

import { CommandError, type CommandTable, messageOf } from "./lib/cli/command.ts";
import { EXIT } from "./lib/cli/exit_status.ts";
import { note, writeLine } from "./lib/cli/terminal.ts";
import { readVariable } from "./lib/environment.ts";
import { VERSION } from "./lib/version.ts";

/**
 * Loads each command only when it runs, so that a client command does not load the server. The specifiers are literals:
 * `deno compile` embeds no others.
 */
const COMMANDS: CommandTable = {
  serve: {
    usage: "[serve]",
    help: "Start the server: web page, REST and WebSocket",
    syntax: async () => (await import("./lib/cli/serve/serve_flags.ts")).SERVE,
    run: async (args) => (await import("./lib/cli/serve/serve.ts")).serveCommand(args),
  },
  run: {
    usage: "run [--] <command>",
    help: "Run a command and report it as a task",
    syntax: async () => (await import("./lib/cli/run/run_options.ts")).RUN,
    run: async (args) => (await import("./lib/cli/run/run.ts")).runCommand(args),
  },
  report: {
    usage: "report <command>",
    help: "Report a task from a script",
    syntax: async () => (await import("./lib/cli/report/report_syntax.ts")).REPORT,
    run: async (args) => (await import("./lib/cli/report/report.ts")).reportCommand(args),
  },
  ls: {
    usage: "ls",
    help: "List tasks",
    syntax: async () => (await import("./lib/cli/client/ls.ts")).LS,
    run: async (args) => (await import("./lib/cli/client/ls.ts")).lsCommand(args),
  },
  watch: {
    usage: "watch [<id>]",
    help: "Show tasks live in the terminal",
    syntax: async () => (await import("./lib/cli/client/watch.ts")).WATCH,
    run: async (args) => (await import("./lib/cli/client/watch.ts")).watchCommand(args),
  },
  wait: {
    usage: "wait <id>",
    help: "Wait until a task has ended",
    syntax: async () => (await import("./lib/cli/client/wait.ts")).WAIT,
    run: async (args) => (await import("./lib/cli/client/wait.ts")).waitCommand(args),
  },
  logs: {
    usage: "logs <id>",
    help: "Print the log of a task, and follow it",
    syntax: async () => (await import("./lib/cli/client/logs.ts")).LOGS,
    run: async (args) => (await import("./lib/cli/client/logs.ts")).logsCommand(args),
  },
  cancel: {
    usage: "cancel <id>",
    help: "Request that a task stop",
    syntax: async () => (await import("./lib/cli/client/cancel.ts")).CANCEL,
    run: async (args) => (await import("./lib/cli/client/cancel.ts")).cancelCommand(args),
  },
  token: {
    usage: "token",
    help: "Create a token with limited access",
    syntax: async () => (await import("./lib/cli/token.ts")).TOKEN,
    run: async (args) => (await import("./lib/cli/token.ts")).tokenCommand(args),
  },
  check: {
    usage: "check",
    help: "Check a server, or a database file",
    syntax: async () => (await import("./lib/cli/data/check.ts")).CHECK,
    run: async (args) => (await import("./lib/cli/data/check.ts")).checkCommand(args),
  },
  backup: {
    usage: "backup <copy>",
    help: "Copy the database file, even while the server uses it",
    syntax: async () => (await import("./lib/cli/data/backup.ts")).BACKUP,
    run: async (args) => (await import("./lib/cli/data/backup.ts")).backupCommand(args),
  },
  restore: {
    usage: "restore <copy>",
    help: "Replace the database file with a backup",
    syntax: async () => (await import("./lib/cli/data/restore.ts")).RESTORE,
    run: async (args) => (await import("./lib/cli/data/restore.ts")).restoreCommand(args),
  },
  move: {
    usage: "move",
    help: "Move all tasks from a file to PostgreSQL, or back",
    syntax: async () => (await import("./lib/cli/data/move.ts")).MOVE,
    run: async (args) => (await import("./lib/cli/data/move.ts")).moveCommand(args),
  },
  completion: {
    usage: "completion <shell>",
    help: "Print a completion script for bash, zsh or fish",
    syntax: async () => (await import("./lib/cli/completion/completion.ts")).COMPLETION,
    run: async (args) =>
      (await import("./lib/cli/completion/completion.ts")).completionCommand(args, COMMANDS),
  },
  help: {
    usage: "help [<command>]",
    help: "Show the help of taskscope, or of a command",
    syntax: async () => (await import("./lib/cli/help_command.ts")).HELP,
    run: async (args) => (await import("./lib/cli/help_command.ts")).helpCommand(args, COMMANDS),
  },
};

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  try {
    return await run(enterFolder(args));
  } catch (error) {
    // Only the message is printed: these are usage errors, and a stack would hide the reason.
    note(messageOf(error));
    return error instanceof CommandError ? error.status : EXIT.usage;
  }
}

async function run(args: readonly string[]): Promise<number> {
  const name = args[0];
  if (name === "--help" || name === "-h") return await COMMANDS.help!.run([]);
  // `taskscope run` passes --version on to the command that it runs.
  if (name !== "run" && beforeDoubleDash(args).includes("--version")) return await showVersion();
  if (name === undefined || name.startsWith("-")) return await COMMANDS.serve!.run(args);
  if (Object.hasOwn(COMMANDS, name)) return await COMMANDS[name]!.run(args.slice(1));
  const { unknownCommand } = await import("./lib/cli/help_command.ts");
  throw unknownCommand(name, Object.keys(COMMANDS));
}

/**
 * Changes to the folder that `-C` names, and returns the arguments after it. `deno task start` runs in the clone, and
 * names the folder that it was called from.
 */
function enterFolder(args: readonly string[]): readonly string[] {
  if (args[0] !== "-C") return args;
  const folder = args[1];
  if (folder === undefined) throw new CommandError(EXIT.usage, "-C needs a folder");
  try {
    // As for git, an empty name is the current folder.
    if (folder !== "") Deno.chdir(folder);
    // The programs that "run" starts, such as make, find the folder in this variable, too.
    if (readVariable("PWD") !== undefined) Deno.env.set("PWD", Deno.cwd());
  } catch (cause) {
    const message = `Cannot run in the folder "${folder}": ${messageOf(cause)}`;
    throw new CommandError(EXIT.usage, message, { cause });
  }
  return enterFolder(args.slice(2));
}

async function showVersion(): Promise<number> {
  const { COMMIT } = await import("./lib/commit.ts");
  writeLine(COMMIT === "" ? `taskscope ${VERSION}` : `taskscope ${VERSION} (${COMMIT})`);
  return EXIT.ok;
}

/** Returns the arguments before `--`; the arguments after it are operands. */
function beforeDoubleDash(args: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  return end === -1 ? args : args.slice(0, end);
}
