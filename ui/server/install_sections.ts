/**
 * The sections of the page `/install`: each has blocks of shell code to paste; a block reports a small task from
 * beginning to end.
 *
 * @module
 */

import type { InstallPage } from "../../lib/page_renderer.ts";
import { DEFAULT_CLIENT } from "../../lib/task/grammar.ts";
import { shellWord } from "../shared/commands.ts";

/** A block of code to paste into a shell. */
export interface InstallBlock {
  /** What the block is for; text between backticks is code. */
  readonly about: string;
  readonly code: string;
}

/** A section about a language or a tool. */
export interface InstallSection {
  readonly id: string;
  readonly title: string;
  readonly blocks: readonly InstallBlock[];
  /** Further notes, below the blocks; text between backticks is code. */
  readonly notes: readonly string[];
}

/** Creates the sections for the address of a server. */
export function installSections(page: InstallPage): InstallSection[] {
  return [denoSection(page), nodeSection(page), pythonSection(page), commandSection(page), curlSection(page)];
}

/**
 * The block of code that puts the key into the environment, without showing the key or keeping it in the shell's
 * history.
 */
export const KEY_BLOCK = "read -rs TASKSCOPE_KEY && export TASKSCOPE_KEY";

function denoSection({ server, client, needsKey, version }: InstallPage): InstallSection {
  const { host } = new URL(server);
  const readsVariables = needsKey || client !== DEFAULT_CLIENT;
  const flags = [
    `--allow-net=${host}`,
    `--allow-import=${host}`,
    ...readsVariables ? ["--allow-env=TASKSCOPE_*"] : [],
  ];
  return {
    id: "deno",
    title: "Deno",
    blocks: [{
      about: "Nothing to install: a program imports `monitored()` from this server, and reports to it.",
      code: `${
        file("hello.ts", `import { monitored } from "${server}/monitored.ts";\n\n${helloScript("Deno")}`)
      }
${variables({ client })}deno run ${flags.map(shellWord).join(" ")} hello.ts`,
    }],
    notes: [
      `\`${server}/v${version}/monitored.ts\` always serves this version, even after an upgrade of the server.`,
      "With Node but without Deno, put `npx -y` in front of `deno`.",
    ],
  };
}

function nodeSection({ server, client, version }: InstallPage): InstallSection {
  const tarball = `taskscope-${version}.tgz`;
  const url = shellWord(`${server}/npm/${tarball}`);
  return {
    id: "node",
    title: "Node and Bun",
    blocks: [{
      about: "A package without dependencies, which npm installs from this server.",
      code: `mkdir -p hello-node && cd hello-node && npm init --yes > /dev/null
npm install ${url}
${file("hello.mjs", `import { monitored } from "taskscope";\n\n${helloScript("Node")}`)}
${variables({ server, client })}node hello.mjs`,
    }],
    notes: [
      `With Bun, the commands are \`bun add ${url}\` and \`bun hello.mjs\`.`,
      "Clean installs fetch the package from this server again. To avoid that, commit the package to your " +
      `repository: \`curl -fsSO ${url}\`, then \`npm install ./${tarball}\`.`,
    ],
  };
}

function pythonSection({ server, client, version }: InstallPage): InstallSection {
  const { protocol, host, hostname } = new URL(server);
  // pip takes packages over plain HTTP only from this machine, unless the host is declared to be trusted.
  const isSecure = protocol === "https:" || /^(127\.|localhost$|\[::1\]$)/.test(hostname);
  const trust = isSecure ? "" : ` --trusted-host ${shellWord(host)}`;
  const install = (requirement: string) =>
    `install --no-index${trust} --find-links ${shellWord(`${server}/simple/taskscope/`)} ${requirement}`;
  return {
    id: "python",
    title: "Python",
    blocks: [{
      about: "One file without dependencies, beside the program:",
      code: `curl -fsSO ${shellWord(`${server}/taskscope.py`)}
${file("hello.py", pythonScript("Python"))}
${variables({ server, client })}python3 hello.py`,
    }, {
      about: "Or as a package with the same content, which pip installs from this server:",
      code: `python3 -m venv hello-python
hello-python/bin/pip ${install("taskscope")}
${file("hello-python/hello.py", pythonScript("a Python package"))}
${variables({ server, client })}hello-python/bin/python hello-python/hello.py`,
    }],
    notes: [
      `\`taskscope==${version}\` pins this version; \`${server}/v${version}/taskscope.py\` is its file, which never changes.`,
      "Don't name this server in `--extra-index-url`: pip might then install a package of the same name from " +
      "another index.",
    ],
  };
}

function commandSection({ server, client }: InstallPage): InstallSection {
  return {
    id: "command",
    title: "Any command",
    blocks: [{
      about:
        "`taskscope run` runs a command unchanged: the command's output becomes the log, and progress is read from it.",
      code: `taskscope run --server ${shellWord(server)}${
        client === DEFAULT_CLIENT ? "" : ` --client ${shellWord(client)}`
      } --name 'hello from a command' -- \\
  sh -c 'for n in 1 2 3 4 5; do echo "step $n of 5"; sleep 0.5; done'`,
    }],
    notes: ["In a clone of the source, `deno task start run …` does the same as `taskscope run …`."],
  };
}

function curlSection({ server, client, needsKey }: InstallPage): InstallSection {
  const header = needsKey ? ' -H "authorization: Bearer $TASKSCOPE_KEY"' : "";
  return {
    id: "shell",
    title: "A shell with curl",
    blocks: [{
      about:
        "No library at all: each report is one request, whose response is the task. Stop when someone has cancelled it.",
      code: `T=${shellWord(`${server}/tasks/${client}`)}
ID=hello-$(date +%s)
report() { curl -fsS${header} "$@"; }
END=finish
report -o /dev/null $T -d id=$ID -d name='hello from curl'
for n in 1 2 3 4 5; do
  report $T/$ID -d current=$n -d total=5 -d status="Step $n" | grep '"cancel_requested":true' > /dev/null && END=cancelled && break
  sleep 0.5
done
report -o /dev/null -X POST $T/$ID/$END`,
    }],
    notes: [],
  };
}

/** The part of a script that is the same in every JavaScript runtime. */
function helloScript(runtime: string): string {
  return `const hello = monitored(async (task) => {
  for (let n = 1; n <= 20; n++) {
    await task.update({ current: n, total: 20, status: \`Step \${n}\` });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return "done";
}, { name: "hello from ${runtime}" });

await hello();`;
}

function pythonScript(origin: string): string {
  return `import time
import taskscope

@taskscope.monitored(name="hello from ${origin}")
def hello(task):
    for n in task.track(range(20), unit="steps"):
        task.update(status=f"Step {n + 1}")
        time.sleep(0.1)
    return "done"

hello()`;
}

/** Returns shell code that writes a file; the shell does not expand variables in the text. */
function file(name: string, text: string): string {
  return `cat > ${name} <<'END'\n${text}\nEND`;
}

/** Returns the variable assignments in front of a command; the key is in the environment already. */
function variables({ server, client }: { readonly server?: string; readonly client: string }): string {
  const address = server === undefined ? "" : `TASKSCOPE_SERVER=${shellWord(server)} `;
  return client === DEFAULT_CLIENT ? address : `${address}TASKSCOPE_CLIENT=${shellWord(client)} `;
}
