/**
 * Describes all commands and flags for the completion of shells, from the tables that also parse them.
 *
 * @module
 */

import type { CommandSyntax, CommandTable } from "../command.ts";
import type { Flag, FlagTable } from "../flags.ts";

/**
 * What a shell offers as completions of a value or of operands: nothing, files, a program and its arguments, or
 * words.
 */
export type Values = "none" | "files" | "program" | readonly string[];

/** A flag. */
export interface CompletedFlag {
  /** The name of the flag with its hyphens: `--port`, `-C`. */
  readonly name: string;
  /** What the flag does, in one line. */
  readonly help: string;
  /** The values of the flag; `null` if it takes no value. */
  readonly values: Values | null;
}

/** A command, or the program itself. */
export interface CompletedCommand {
  /** The words that lead to the command: `report start`; `""` for the program itself. */
  readonly path: string;
  /** What the command does, in one line. */
  readonly help: string;
  readonly flags: readonly CompletedFlag[];
  readonly operands: Values;
  readonly commands: readonly CompletedCommand[];
}

/** The placeholders of values that are paths. */
const PATHS = /^<(file|folder|module)>$/;

const HELP: CompletedFlag = { name: "--help", help: "show the help", values: null };

/**
 * Describes the program.
 *
 * @param table all commands
 * @returns the program; it also has the flags of `serve`, the default command
 */
export async function completionTree(table: CommandTable): Promise<CompletedCommand> {
  const names = Object.keys(table);
  const loaded = await Promise.all(
    Object.entries(table).map(async ([name, { help, syntax }]) =>
      commandOf(name, help, await syntax(), names)
    ),
  );
  const own: CompletedFlag[] = [
    { name: "--version", help: "show the version", values: null },
    { name: "-C", help: "run in this folder", values: "files" },
  ];
  const serve = loaded.find(({ path }) => path === "serve");
  return {
    path: "",
    help: "",
    flags: [...own, ...(serve?.flags ?? [])],
    operands: "none",
    commands: loaded,
  };
}

/** Returns a command and all commands below it. */
export function allCommands(command: CompletedCommand): readonly CompletedCommand[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

function commandOf(
  path: string,
  help: string,
  syntax: CommandSyntax,
  names: readonly string[],
): CompletedCommand {
  const { flags, operands, subcommands = {} } = syntax;
  const below = Object.entries(subcommands).map(([name, { help, syntax }]) => {
    return commandOf(`${path} ${name}`, help, syntax, names);
  });
  return {
    path,
    help,
    flags: flagsOf(flags),
    operands: operands === "commands" ? names : operands ?? "none",
    commands: below,
  };
}

function flagsOf(table: FlagTable): readonly CompletedFlag[] {
  const own = Object.entries(table).flatMap(([name, flag]) => {
    const about = { help: flag.help, values: valuesOf(flag) };
    const long = { name: `--${name}`, ...about };
    return flag.short === undefined ? [long] : [{ name: `-${flag.short}`, ...about }, long];
  });
  return [HELP, ...own];
}

function valuesOf({ kind, values, placeholder = "" }: Flag): Values | null {
  if (kind === "switch") return null;
  return values ?? (PATHS.test(placeholder) ? "files" : "none");
}
