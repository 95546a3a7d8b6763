/** Tests of the completion scripts in real shells. */

import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { type Ended, runProgram, spawn } from "../../support/program.ts";
import { findTool } from "../../support/tools.ts";

const SCRIPTS = new Map<string, Promise<string>>();

/** Returns the completion script for a shell. */
function scriptFor(shell: string): Promise<string> {
  const script = SCRIPTS.get(shell) ?? runProgram(["completion", shell]).then(({ code, stdout, stderr }) => {
    assertEquals([code, stderr], [0, ""]);
    return stdout;
  });
  SCRIPTS.set(shell, script);
  return script;
}

/** A command line before the cursor; its last word, which may be empty, is to be completed. */
const CASES: readonly (readonly [line: string, includes: string, excludes: string])[] = [
  ["wa", "wait watch", "serve"],
  ["", "serve run report logs completion", "start"],
  ["report ", "start update log finish fail cancelled", "watch"],
  ["report st", "start", "update"],
  ["report start --st", "--status --stale-after", "--tag"],
  ["report start --client report --p", "--progress --parent", "--key-file"],
  ["logs -", "--follow --tail --help", "--port"],
  ["--lo", "--log --log-level", "--limit"],
  ["serve --log ", "pretty json", "serve"],
  ["serve --log j", "json", "pretty"],
  ["--log ", "pretty json", "serve"],
  ["ls --state P", "PROCESSING", "ERROR"],
  ["token --may ", "read write", "token"],
  ["help re", "report restore", "serve"],
  ["move --f", "--from", "--to"],
  ["completion ", "bash zsh fish", "serve"],
  ["run --pt", "--pty", "--port"],
];

/** Checks the words that a shell offers for each command line. */
async function check(complete: (line: string) => Promise<Ended>): Promise<void> {
  for (const [line, includes, excludes] of CASES) {
    const { stdout, stderr } = await complete(line);
    assertEquals(stderr, "", line);
    const offered = new Set(stdout.split("\n").map((row) => row.split("\t")[0]!.trim()));
    for (const word of includes.split(" ")) {
      assert(offered.has(word), `"${line}" offers no ${word}: ${stdout}`);
    }
    for (const word of excludes.split(" ")) assert(!offered.has(word), `"${line}" offers ${word}: ${stdout}`);
  }
}

Deno.test("completion: bash completes commands, flags and their values", async () => {
  if (await findTool(["bash"], "completion in bash") === undefined) return;
  const bash = await scriptFor("bash");
  const offers = (words: readonly string[]) => {
    const script = `${bash}
COMP_WORDS=(taskscope "$@") COMP_CWORD=$#
_taskscope && printf '%s\\n' "\${COMPREPLY[@]}"`;
    return spawn("bash", ["--norc", "-c", script, "bash", ...words]).ended();
  };
  await check((line) => offers(line.split(" ")));
  // Bash splits words at the equals sign.
  assertEquals((await offers(["serve", "--log", "=", "j"])).stdout, "json\n");
  assertEquals((await offers(["serve", "--log", "="])).stdout, "pretty\njson\n");
  assertEquals((await offers(["serve", "--log", "=", "json", "--log-l"])).stdout, "--log-level\n");
  // The words of the command that `run` starts are not completed as words of Taskscope.
  for (const words of [["run", "--", "tar", "--na"], ["run", "tar", "--na"], ["run", "--", "report", "st"]]) {
    assertEquals((await offers(words)).stdout, "\n", words.join(" "));
  }
  assertStringIncludes((await offers(["run", "--", "ba"])).stdout, "bash\n");
  assertStringIncludes((await offers(["run", "--id", "x", "ba"])).stdout, "bash\n");
});

Deno.test("completion: fish completes commands, flags and their values", async () => {
  if (await findTool(["fish"], "completion in fish") === undefined) return;
  const fish = await scriptFor("fish");
  const home = await Deno.makeTempDir({ prefix: "taskscope-" });
  try {
    await Deno.writeTextFile(`${home}/taskscope.fish`, fish);
    const offers = (line: string) => {
      const script = `source ${home}/taskscope.fish; complete -C $argv[1]`;
      const env = { HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home };
      return spawn("fish", ["--no-config", "-c", script, `taskscope ${line}`], { env }).ended();
    };
    await check(offers);
    assertStringIncludes((await offers("run -- ca")).stdout, "cat");
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

/**
 * A script for zsh that types command lines and a tab after each in a pseudo-terminal, and prints for each what is
 * offered, with a line between them.
 */
const ZSH = `
zmodload zsh/zpty
folder=$1; shift
zpty -b shell zsh -f -i
settle() {
  zpty -w -n shell $'\\x15'"print -- $1 > $folder/done"$'\\n'
  while [[ "$(cat $folder/done 2>/dev/null)" != $1 ]]; do zpty -r -t shell line; sleep 0.01; done
}
zpty -w shell "PS1= RPS1= fpath=($folder \\$fpath); autoload -U compinit; compinit -u -d $folder/dump"
zpty -w shell "compadd() {
  local -a found; builtin compadd -O found \\"\\$@\\" 2>/dev/null
  print -l -- \\$found >> $folder/found; builtin compadd \\"\\$@\\"
}"
settle ready
for line; do
  print -- -- >> $folder/found
  size=$(wc -c < $folder/found)
  zpty -w -n shell "taskscope $line"$'\\t'
  # Keys that are typed meanwhile would abort the completion.
  while [[ $(wc -c < $folder/found) == $size ]]; do zpty -r -t shell line; sleep 0.01; done
  settle "$((++count))"
done
cat $folder/found
zpty -d shell
`;

Deno.test("completion: zsh completes commands, flags and their values", async () => {
  if (await findTool(["zsh"], "completion in zsh") === undefined) return;
  const zsh = await scriptFor("zsh");
  const folder = await Deno.makeTempDir({ prefix: "taskscope-" });
  try {
    await Deno.writeTextFile(`${folder}/_taskscope`, zsh);
    const lines = CASES.map(([line]) => line);
    const { stdout, stderr } = await spawn("zsh", ["-f", "-c", ZSH, "zsh", folder, ...lines]).ended();
    assertEquals(stderr, "");
    const offers = stdout.split("--\n").slice(1);
    for (const [index, [line, includes]] of CASES.entries()) {
      const offered = new Set(offers[index]!.split("\n"));
      for (const word of includes.split(" ")) {
        assert(offered.has(word), `"${line}" offers no ${word}: ${offers[index]}`);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("completion exits with 2 for any other shell", async () => {
  const table: [string[], string][] = [
    [[], "completion needs the name of a shell: bash, zsh, fish"],
    [["fis"], 'The shell must be bash, zsh or fish, received "fis"; did you mean "fish"?'],
    [["bash", "zsh"], 'Unexpected argument "zsh" after "completion bash"; --help shows its usage'],
  ];
  for (const [args, message] of table) {
    assertEquals(await runProgram(["completion", ...args]), {
      code: 2,
      stdout: "",
      stderr: `taskscope: ${message}\n`,
    });
  }
});
