/**
 * `taskscope completion`: prints a script that completes commands and flags in a shell.
 *
 * @module
 */

import { readVariable } from "../../environment.ts";
import { ConfigError } from "../../errors.ts";
import type { CommandSyntax, CommandTable } from "../command.ts";
import { EXIT } from "../exit_status.ts";
import { oneOf, refuseOperands } from "../flag_values.ts";
import { readFlags } from "../flags.ts";
import { showHelp } from "../help.ts";
import { write } from "../terminal.ts";
import { bashCompletion } from "./bash.ts";
import { type CompletedCommand, completionTree } from "./completion_tree.ts";
import { fishCompletion } from "./fish.ts";
import { zshCompletion } from "./zsh.ts";

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const satisfies Readonly<
  Record<string, (program: CompletedCommand) => string>
>;

const NAMES = Object.keys(SHELLS) as (keyof typeof SHELLS)[];

/** The syntax of `completion`. */
export const COMPLETION: CommandSyntax = {
  usage: "completion <bash|zsh|fish>",
  description: "Prints a script that completes the commands and flags of taskscope in a shell.",
  flags: {},
  operands: NAMES,
  exitStatuses: { [EXIT.ok]: "success", [EXIT.usage]: "invalid command line" },
  examples: [
    "taskscope completion fish > ~/.config/fish/completions/taskscope.fish",
    "source <(taskscope completion bash)",
    "source <(taskscope completion zsh)",
  ],
};

/**
 * Prints a completion script.
 *
 * @param args the arguments after the command's name: the name of a shell
 * @param commands all commands
 * @returns the exit status
 * @throws {ConfigError} if there is no script for the shell
 */
export async function completionCommand(args: readonly string[], commands: CommandTable): Promise<number> {
  const commandLine = readFlags(COMPLETION.flags, args, readVariable);
  if (commandLine === null) return showHelp(COMPLETION);
  const [name, ...others] = commandLine.operands;
  if (name === undefined) throw new ConfigError(`completion needs the name of a shell: ${NAMES.join(", ")}`);
  refuseOperands(others, `completion ${name}`);
  const shell = oneOf(NAMES).parse(name, "The shell");
  write(SHELLS[shell](await completionTree(commands)));
  return EXIT.ok;
}
