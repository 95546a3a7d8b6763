// deno-lint-ignore-file no-console -- this is the program, and speaking is its part
/**
 * The program: finds the command and runs it. Each is loaded only when it is asked for, so that one that merely looks at
 * a server does not load the server.
 *
 * @module
 */

import { CommandError, EXIT, messageOf } from "./lib/cli/command.ts";
import { note } from "./lib/cli/terminal.ts";
import { VERSION } from "./lib/version.ts";

/** A command: what it is called with, what it does, and how it is run; it gives back the status to end with. */
interface Command {
  readonly usage: string;
  readonly help: string;
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** Specifiers are literals, as only those are compiled into the executable. */
const COMMANDS: Readonly<Record<string, Command>> = {
  serve: {
    usage: "[serve]",
    help: "serves tasks: on a page, over REST and over WebSocket",
    run: async (args) => (await import("./lib/cli/serve/serve.ts")).serveCommand(args),
  },
  run: {
    usage: "run [--] <command>",
    help: "runs a command, and shows it as a task",
    run: async (args) => (await import("./lib/cli/run/run.ts")).runCommand(args),
  },
  ls: {
    usage: "ls",
    help: "lists tasks",
    run: async (args) => (await import("./lib/cli/client/ls.ts")).lsCommand(args),
  },
  watch: {
    usage: "watch [<id>]",
    help: "shows tasks live",
    run: async (args) => (await import("./lib/cli/client/watch.ts")).watchCommand(args),
  },
  wait: {
    usage: "wait <id>",
    help: "waits until a task has ended, and tells by its status how",
    run: async (args) => (await import("./lib/cli/client/wait.ts")).waitCommand(args),
  },
  check: {
    usage: "check",
    help: "says whether a server, or a file of tasks, is well",
    run: async (args) => (await import("./lib/cli/data/check.ts")).checkCommand(args),
  },
  backup: {
    usage: "backup <copy>",
    help: "copies the file of tasks, also while its server writes",
    run: async (args) => (await import("./lib/cli/data/backup.ts")).backupCommand(args),
  },
  restore: {
    usage: "restore <copy>",
    help: "puts a copy in the place of the file of tasks",
    run: async (args) => (await import("./lib/cli/data/restore.ts")).restoreCommand(args),
  },
  token: {
    usage: "token",
    help: "makes a token of the key, for somebody who may only look or report",
    run: async (args) => (await import("./lib/cli/token.ts")).tokenCommand(args),
  },
  cancel: {
    usage: "cancel <id>",
    help: "asks a task to stop",
    run: async (args) => (await import("./lib/cli/client/cancel.ts")).cancelCommand(args),
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
    // Of what is run, the version may be asked for, too.
    if (name !== "run" && ownPart(args).includes("--version")) {
      console.log(await version());
      return EXIT.ok;
    }
    if (name === undefined || name.startsWith("-")) return await COMMANDS.serve!.run(args);
    if (Object.hasOwn(COMMANDS, name)) return await COMMANDS[name]!.run(args.slice(1));
    throw new CommandError(EXIT.usage, `There is no command "${name}"; --help lists what there is`);
  } catch (error) {
    // What was asked for can't be done; a stack would hide why.
    note(messageOf(error));
    return error instanceof CommandError ? error.status : EXIT.usage;
  }
}

async function version(): Promise<string> {
  const { COMMIT } = await import("./lib/commit.ts");
  return COMMIT === "" ? `taskscope ${VERSION}` : `taskscope ${VERSION} (${COMMIT})`;
}

/** The arguments in front of "--": what stands behind it is somebody else's. */
function ownPart(args: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  return end === -1 ? args : args.slice(0, end);
}

async function help(): Promise<string> {
  const { examplesHelp } = await import("./lib/cli/help.ts");
  const commands = Object.values(COMMANDS);
  const width = Math.max(...commands.map(({ usage }) => usage.length));
  return [
    "Taskscope shows long-running tasks live: on a page, over REST, over WebSocket and in the",
    "terminal.",
    "",
    "Usage: taskscope [command] [flags]",
    "",
    ...commands.map(({ usage, help }) => `  ${usage.padEnd(width)}  ${help}`),
    "",
    "Without a command it serves. Each says with --help what flags it takes; --version is for all.",
    "",
    examplesHelp([
      "taskscope                        # the page is at http://127.0.0.1:8000/",
      "taskscope run -- make all        # shows a command there",
      "taskscope watch                  # shows the same in the terminal",
      "taskscope serve --help",
    ]),
  ].join("\n");
}
