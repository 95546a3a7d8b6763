/**
 * Writes the completion script for zsh.
 *
 * @module
 */

import type { CompletedCommand, CompletedFlag, Values } from "./completion_tree.ts";

/** Returns the script for zsh, to source or to put into a folder of `fpath`. */
export function zshCompletion(program: CompletedCommand): string {
  return `#compdef taskscope
# Completion of taskscope for zsh: source <(taskscope completion zsh)

${functionOf(program)}

if [[ $funcstack[1] == _taskscope ]]; then
  _taskscope "$@"
else
  compdef _taskscope taskscope
fi
`;
}

/** Returns the functions of a command and of its subcommands. */
function functionOf(command: CompletedCommand): string {
  const { path, flags, operands, commands } = command;
  const specs = flags.map(flagSpec);
  const name = functionName(path);
  if (commands.length === 0) {
    const operand = operands === "program"
      ? ["'(-)1: :_command_names -e'", "'*:: :_normal'"]
      : operands === "none"
      ? []
      : [`'*: :${action(operands)}'`];
    return `${name}() {\n  _arguments -S ${[...specs, ...operand].join(" \\\n    ")}\n}`;
  }
  const rows = commands.map(({ path, help }) => quoted(`${lastWord(path)}:${help.replaceAll(":", "\\:")}`));
  const cases = commands.map(({ path }) => `        ${lastWord(path)}) ${functionName(path)} ;;`);
  const own = `${name}() {
  local state line
  local -a commands
  _arguments -C ${[...specs, "'1: :->command'", "'*:: :->rest'"].join(" \\\n    ")}
  case $state in
    command)
      commands=(${rows.join(" \\\n        ")})
      _describe command commands
      ;;
    rest)
      case $words[1] in
${cases.join("\n")}
      esac
      ;;
  esac
}`;
  return [...commands.map(functionOf), own].join("\n\n");
}

function functionName(path: string): string {
  return ["_taskscope", ...path.split(" ")].filter((word) => word !== "").join("_");
}

function lastWord(path: string): string {
  return path.split(" ").at(-1)!;
}

function flagSpec({ name, help, values }: CompletedFlag): string {
  const about = help.replace(/[[\]\\:]/g, "\\$&");
  const value = values === null ? "" : `: :${action(values)}`;
  // A flag with a value may be followed by an equals sign.
  const equals = values !== null && name.startsWith("--") ? "=" : "";
  return quoted(`*${name}${equals}[${about}]${value}`);
}

function action(values: Values): string {
  if (values === "none") return " ";
  if (values === "files") return "_files";
  return values === "program" ? "_command_names -e" : `(${values.join(" ")})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
