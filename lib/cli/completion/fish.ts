/**
 * Writes the completion script for fish.
 *
 * @module
 */

import { allCommands, type CompletedCommand, type CompletedFlag, type Values } from "./completion_tree.ts";

/** Returns the script for fish. */
export function fishCompletion(program: CompletedCommand): string {
  const commands = allCommands(program);
  return `# Completion of taskscope for fish: taskscope completion fish | source

# Returns whether the command line is at a command, such as "report start".
function __taskscope_at
  set -l path
  for word in (commandline -opc)[2..-1]
    if contains -- (string join ' ' -- $path $word) ${
    commands.slice(1).map(({ path }) => quoted(path)).join(" ")
  }
      set path (string join ' ' -- $path $word)
    else if not string match -q -- '-*' $word
      and test -n "$path"
      break
    end
  end
  test "$path" = "$argv[1]"
end

# Completes the program after "run", its flags and --.
function __taskscope_program
  set -l words (commandline -opc) (commandline -ct)
  set -l rest $words[(math (contains -i -- run $words) + 1)..-1]
  if set -l end (contains -i -- -- $rest)
    set rest $rest[(math $end + 1)..-1]
  else
    set rest (string match -v -- '-*' $rest)
  end
  test (count $rest) -gt 0
  and complete --do-complete=(string join ' ' -- $rest | string collect -a)
end

complete -c taskscope -f
${commands.flatMap(linesOf).join("\n")}
`;
}

function linesOf({ path, flags, operands, commands }: CompletedCommand): string[] {
  const start = `complete -c taskscope -n ${quoted(`__taskscope_at ${quoted(path)}`)}`;
  return [
    ...commands.map(({ path, help }) => `${start} -a ${path.split(" ").at(-1)} -d ${quoted(help)}`),
    ...flags.map((flag) => `${start} ${flagOptions(flag)}`),
    ...(operands === "none" ? [] : [`${start} ${valueOptions(operands)}`]),
  ];
}

function flagOptions({ name, help, values }: CompletedFlag): string {
  const option = name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`;
  const value = values === null ? "" : values === "files" ? " -r -F" : ` -x${valueSuffix(values)}`;
  return `${option}${value} -d ${quoted(help)}`;
}

function valueSuffix(values: Values): string {
  return values === "none" ? "" : ` ${valueOptions(values)}`;
}

function valueOptions(values: Values): string {
  if (values === "files") return "-F";
  return values === "program" ? "-a '(__taskscope_program)'" : `-a ${quoted([...values].join(" "))}`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
