// deno-lint-ignore-file no-console -- the CLI writes to the console by design
/**
 * The command line's entry point: finds the command and runs it.
 *
 * @module
 */

import { CommandError, messageOf } from "./lib/cli/command.ts";
import { EXIT } from "./lib/cli/exit_status.ts";
import { note } from "./lib/cli/terminal.ts";
import { VERSION } from "./lib/version.ts";

/**
 * A command: its usage, a line of help, and a function that runs the command and resolves with the exit
 * status.
 */
interface Command {
  readonly usage: string;
  readonly help: string;
  readonly run: (args: readonly string[]) => Promise<number>;
}

/**
 * Loads each command only when it runs, so that a client command does not load the server. The specifiers are literals:
 * `deno compile` embeds no others.
 */
const COMMANDS: Readonly<Record<string, Command>> = {
  serve: {
    usage: "[serve]",
    help: "Start the server: web page, REST and WebSocket",
    run: async (args) => (await import("./lib/cli/serve/serve.ts")).serveCommand(args),
  },
  run: {
    usage: "run [--] <command>",
    help: "Run a command and report it as a task",
    run: async (args) => (await import("./lib/cli/run/run.ts")).runCommand(args),
  },
  ls: {
    usage: "ls",
    help: "List tasks",
    run: async (args) => (await import("./lib/cli/client/ls.ts")).lsCommand(args),
  },
  watch: {
    usage: "watch [<id>]",
    help: "Show tasks live in the terminal",
    run: async (args) => (await import("./lib/cli/client/watch.ts")).watchCommand(args),
  },
  wait: {
    usage: "wait <id>",
    help: "Wait until a task has ended",
    run: async (args) => (await import("./lib/cli/client/wait.ts")).waitCommand(args),
  },
  cancel: {
    usage: "cancel <id>",
    help: "Request that a task stop",
    run: async (args) => (await import("./lib/cli/client/cancel.ts")).cancelCommand(args),
  },
  token: {
    usage: "token",
    help: "Create a token with limited access",
    run: async (args) => (await import("./lib/cli/token.ts")).tokenCommand(args),
  },
  check: {
    usage: "check",
    help: "Check a server, or a database file",
    run: async (args) => (await import("./lib/cli/data/check.ts")).checkCommand(args),
  },
  backup: {
    usage: "backup <copy>",
    help: "Copy the database file, even while the server uses it",
    run: async (args) => (await import("./lib/cli/data/backup.ts")).backupCommand(args),
  },
  restore: {
    usage: "restore <copy>",
    help: "Replace the database file with a backup",
    run: async (args) => (await import("./lib/cli/data/restore.ts")).restoreCommand(args),
  },
};

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  try {
    const name = args[0];
    if (name === "--help" || name === "-h") {
      console.log(await help());
      return EXIT.ok;
    }
    // `taskscope run` passes --version on to the command that it runs.
    if (name !== "run" && beforeDoubleDash(args).includes("--version")) {
      console.log(await version());
      return EXIT.ok;
    }
    if (name === undefined || name.startsWith("-")) return await COMMANDS.serve!.run(args);
    if (Object.hasOwn(COMMANDS, name)) return await COMMANDS[name]!.run(args.slice(1));
    throw new CommandError(EXIT.usage, `Unknown command "${name}"; --help lists the commands`);
  } catch (error) {
    // Only the message is printed: these are usage errors, and a stack would hide the reason.
    note(messageOf(error));
    return error instanceof CommandError ? error.status : EXIT.usage;
  }
}

async function version(): Promise<string> {
  const { COMMIT } = await import("./lib/commit.ts");
  return COMMIT === "" ? `taskscope ${VERSION}` : `taskscope ${VERSION} (${COMMIT})`;
}

/** Returns the arguments before `--`; the arguments after it are operands. */
function beforeDoubleDash(args: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  return end === -1 ? args : args.slice(0, end);
}

async function help(): Promise<string> {
  const { examplesHelp } = await import("./lib/cli/help.ts");
  const commands = Object.values(COMMANDS);
  const width = Math.max(...commands.map(({ usage }) => usage.length));
  return [
    "Taskscope shows long-running tasks live: on a web page, over REST and WebSocket,",
    "and in the terminal.",
    "",
    "Usage: taskscope [command] [flags]",
    "",
    "Commands:",
    ...commands.map(({ usage, help }) => `  ${usage.padEnd(width)}  ${help}`),
    "",
    "Without a command, taskscope starts the server.",
    "",
    "Flags:",
    `  ${"-h, --help".padEnd(width)}  Show the help of taskscope, or of a command`,
    `  ${"--version".padEnd(width)}  Show the version`,
    "",
    examplesHelp([
      "taskscope                        # start the server at http://127.0.0.1:8000/",
      "taskscope run -- make all        # run a command and show it there",
      "taskscope watch                  # show its tasks in the terminal",
      "taskscope serve --help           # show the server's flags",
    ]),
  ].join("\n");
}
