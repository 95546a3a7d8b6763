/**
 * `taskscope help`: shows the help of the program, or of a command.
 *
 * @module
 */

import { CommandError, type CommandSyntax, type CommandTable } from "./command.ts";
import { EXIT } from "./exit_status.ts";
import { commandsHelp, examplesHelp, showHelp } from "./help.ts";
import { didYouMean } from "./suggestion.ts";
import { writeLine } from "./terminal.ts";

/** The syntax of `help`. */
export const HELP: CommandSyntax = {
  usage: "help [<command>…]",
  description: "Shows the help of taskscope, or of a command; --help after a command does the same.",
  flags: {},
  operands: "commands",
  exitStatuses: { [EXIT.ok]: "success", [EXIT.usage]: "no such command" },
  examples: ["taskscope help", "taskscope help serve", "taskscope help report start"],
};

/**
 * Shows help.
 *
 * @param args the arguments after the command's name: the name of a command, and of one below it
 * @param commands all commands
 * @returns the exit status
 * @throws {CommandError} if there is no such command
 */
export async function helpCommand(args: readonly string[], commands: CommandTable): Promise<number> {
  const [name, ...path] = args.filter((arg) => arg !== "--help" && arg !== "-h");
  if (name === undefined) return showProgramHelp(commands);
  if (!Object.hasOwn(commands, name)) throw unknownCommand(name, Object.keys(commands));
  let syntax = await commands[name]!.syntax();
  for (const each of path) {
    const { subcommands = {} } = syntax;
    if (!Object.hasOwn(subcommands, each)) throw unknownCommand(each, Object.keys(subcommands));
    syntax = subcommands[each]!.syntax;
  }
  return showHelp(syntax);
}

/** Writes the help of the program to the output, and returns the exit status. */
export function showProgramHelp(commands: CommandTable): number {
  const rows = Object.values(commands).map(({ usage, help }) => [usage, help] as const);
  const width = Math.max(...rows.map(([usage]) => usage.length));
  writeLine([
    "Taskscope shows long-running tasks live: on a web page, over REST and WebSocket,",
    "and in the terminal.",
    "",
    "Usage: taskscope [command] [flags]",
    "",
    commandsHelp(rows),
    "",
    "Without a command, taskscope starts the server.",
    "",
    "Flags:",
    `  ${"-h, --help".padEnd(width)}  Show the help of taskscope, or of a command`,
    `  ${"--version".padEnd(width)}  Show the version`,
    `  ${"-C <folder>".padEnd(width)}  Run in this folder; must come first`,
    "",
    examplesHelp([
      "taskscope                        # start the server at http://127.0.0.1:8000/",
      "taskscope run -- make all        # run a command and show it there",
      "taskscope watch                  # show its tasks in the terminal",
      "taskscope help serve             # show the server's flags",
    ]),
  ].join("\n"));
  return EXIT.ok;
}

/** Creates the error for an unknown command, which suggests the command that was probably meant. */
export function unknownCommand(name: string, known: readonly string[]): CommandError {
  const hint = didYouMean(name, known, "; --help lists the commands");
  return new CommandError(EXIT.usage, `Unknown command "${name}"${hint}`);
}
