/**
 * The shell commands that a page suggests for its tasks.
 *
 * @module
 */

import type { StartableTask } from "../../lib/page_renderer.ts";
import type { JsonValue } from "../../lib/task/task.ts";
import { formFields } from "./arguments.ts";
import { asSocketUrl, socketPath, startUrl, tasksUrl, taskUrl } from "./links.ts";
import type { PageFrame, TerminalCommand } from "./model.ts";

/** Builds the shell commands that the list page suggests. */
export function clientCommands(frame: PageFrame, startable: readonly StartableTask[]): TerminalCommand[] {
  const socket = asSocketUrl(`${frame.origin}${socketPath(frame)}`);
  return [
    {
      purpose: "All tasks as JSON",
      command: `${curl(frame)} ${shellWord(`${frame.origin}${tasksUrl(frame)}`)}`,
    },
    { purpose: "Live updates", command: `${tool(frame, "npx -y wscat")} -c ${shellWord(socket)}` },
    ...startable.slice(0, 1).map((task) => startCommand(frame, task)),
  ];
}

/** Builds three examples of how to create a first task, for a client without tasks. */
export function firstTaskCommands(frame: PageFrame): TerminalCommand[] {
  const { origin, basePath, client } = frame;
  const server = `${origin}${basePath}`;
  const code = [
    `import { monitored } from "${server}/monitored.ts";`,
    "",
    "await monitored(async (task) => {",
    '  await task.update({ progress: 50, status: "Half way" });',
    `}, { name: "my task", client: ${JSON.stringify(client)} })();`,
  ];
  return [
    { purpose: "In a program, with monitored()", command: code.join("\n") },
    {
      purpose: "From anywhere, with curl",
      command: `${curl(frame)} ${shellWord(`${origin}${tasksUrl(frame)}`)} -d name='my task'`,
    },
    {
      purpose: "For any command, with taskscope run",
      command: `taskscope run --server ${shellWord(server)} --client ${shellWord(client)} -- make all`,
    },
  ];
}

/** Builds the shell commands that a task page suggests. */
export function taskCommands(frame: PageFrame, id: string, active: boolean): TerminalCommand[] {
  const url = `${frame.origin}${taskUrl(frame, id)}`;
  const server = `${frame.origin}${frame.basePath}`;
  const target = `${shellWord(id)} --client ${shellWord(frame.client)} --server ${shellWord(server)}`;
  const commands = [{ purpose: "This task as JSON", command: `${curl(frame)} ${shellWord(url)}` }];
  if (active) {
    const socket = asSocketUrl(`${frame.origin}${socketPath(frame)}/${url.slice(url.lastIndexOf("/") + 1)}`);
    commands.push(
      {
        purpose: "Live updates until it ends",
        command: `${tool(frame, "npx -y wscat")} -c ${shellWord(socket)}`,
      },
      { purpose: "Follow the progress in a terminal", command: `taskscope watch ${target}` },
      { purpose: "Wait for the end in a script", command: `taskscope wait ${target}` },
      { purpose: "Cancel this task", command: `${curl(frame)} -X POST ${shellWord(`${url}/cancel`)}` },
    );
  }
  commands.push(
    {
      purpose: "The log as text",
      command: `${curl(frame)} -H 'accept: text/plain' ${shellWord(`${url}/logs`)}`,
    },
    {
      purpose: "Report from your own program",
      command: `import { monitored } from "${server}/monitored.ts";`,
    },
  );
  return commands;
}

function startCommand(frame: PageFrame, task: StartableTask): TerminalCommand {
  const body = JSON.stringify({ args: exampleArguments(task) });
  return {
    purpose: `Start ${task.title ?? task.name}`,
    command: post(frame, `${frame.origin}${startUrl(frame, task.name)}`, body),
  };
}

/** Creates example arguments for a task: the required arguments, and arguments with a default. */
function exampleArguments(task: StartableTask): JsonValue[] {
  const fields = formFields(task.input)?.filter((field) => field.required || field.preset !== undefined);
  if (fields === undefined) return [];
  const examples = fields.map((field) =>
    field.preset ?? exampleOf(field.kind, field.choices[0], field.minimum)
  );
  if (Array.isArray(task.input?.prefixItems)) return examples;
  if (fields.length === 0) return [];
  return [Object.fromEntries(fields.map((field, index) => [field.key, examples[index] ?? null]))];
}

function exampleOf(kind: string, choice: JsonValue | undefined, minimum: number | null): JsonValue {
  if (choice !== undefined) return choice;
  return kind === "text" ? "…" : kind === "boolean" ? false : kind === "json" ? null : minimum ?? 1;
}

function post(frame: PageFrame, url: string, body: string): string {
  return `${curl(frame)} -X POST ${shellWord(url)} \\\n  -H 'content-type: application/json' \\\n  -d ${
    shellWord(body)
  }`;
}

function curl(frame: PageFrame): string {
  return tool(frame, "curl");
}

/**
 * Adds the authorization header to `curl` or `wscat` if the server has a key. `taskscope` itself reads the
 * key from the environment.
 */
function tool({ visitor }: PageFrame, name: string): string {
  return visitor.needsKey ? `${name} -H "authorization: Bearer $TASKSCOPE_KEY"` : name;
}

/** Quotes a word for a POSIX shell if necessary. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
