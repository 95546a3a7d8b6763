/**
 * Writes the completion script for bash.
 *
 * @module
 */

import { allCommands, type CompletedCommand, type Values } from "./completion_tree.ts";

/** Returns the script for bash, 3.2 or later. */
export function bashCompletion(program: CompletedCommand): string {
  const commands = allCommands(program);
  const nodes = commands.map(({ path, flags, operands, commands }) => {
    const words = commands.map(({ path }) => path.split(" ").at(-1)!);
    const valued = flags.filter(({ values }) => values !== null).map(({ name }) => name);
    return `    '${path}') commands='${words.join(" ")}' flags='${
      flags.map(({ name }) => name).join(" ")
    }'\n` +
      `      valued='${valued.join(" ")}' values='${valueWord(operands)}' ;;`;
  });
  const values = commands.flatMap(({ path, flags }) => {
    return flags.flatMap(({ name, values }) => {
      return values === null || values === "none"
        ? []
        : [`    '${path} ${name}') values='${valueWord(values)}' ;;`];
    });
  });
  return `# Completion of taskscope for bash: source <(taskscope completion bash)

# Sets what can follow a command.
_taskscope_command() {
  case $1 in
${nodes.join("\n")}
  esac
}

# Sets the values of a flag.
_taskscope_values() {
  values=
  case $1 in
${values.join("\n")}
  esac
}

_taskscope() {
  local commands flags valued values word path= flag= index
  local current=\${COMP_WORDS[COMP_CWORD]}
  # Bash splits --flag=value at the equals sign.
  [[ $current == '=' ]] && current=
  COMPREPLY=()
  _taskscope_command ''
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if [[ -n $flag ]]; then
      [[ $word == '=' ]] || flag=
    elif [[ $word == '--' && $values != '@program' ]]; then
      return
    elif [[ $word == -* && $word != '--' ]]; then
      [[ " $valued " == *" $word "* ]] && flag=$word
    elif [[ $word != '--' && " $commands " == *" $word "* ]]; then
      path=\${path:+$path }$word
      _taskscope_command "$path"
    elif [[ $values == '@program' ]]; then
      [[ $word == '--' ]] && ((index++))
      if ((index == COMP_CWORD)); then
        COMPREPLY=($(compgen -c -- "$current"))
      elif declare -F _command_offset >/dev/null; then
        _command_offset "$index"
      fi
      return
    fi
  done
  if [[ -n $flag ]]; then
    _taskscope_values "$path $flag"
  elif [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
    return
  fi
  case $values in
    '@files') ;;
    '@program') COMPREPLY=($(compgen -c -- "$current")) ;;
    *)
      [[ -n $flag ]] || values="$commands $values"
      COMPREPLY=($(compgen -W "$values" -- "$current"))
      ;;
  esac
}

# Where there is no completion, bash completes the names of files.
complete -o default -F _taskscope taskscope
`;
}

function valueWord(values: Values): string {
  return values === "none" ? "" : typeof values === "string" ? `@${values}` : values.join(" ");
}
