import { clientCommands, taskCommands } from "../../../ui/shared/commands.ts";
import type { JsonObject } from "../../../lib/task/task.ts";
import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { EVERYBODY, EXAMPLE_FRAME } from "../../support/example_page.ts";

const FRAME = {
  ...EXAMPLE_FRAME,
  basePath: "/x",
  origin: "https://tasks.example",
  client: "team",
};

function startCommand(input: JsonObject | null, name = "resize"): string | undefined {
  return clientCommands(FRAME, [{ name, title: null, description: null, input }]).at(-1)?.command;
}

Deno.test("clientCommands() shows how to list and watch tasks if no task can be started", () => {
  assertEquals(clientCommands(FRAME, []).map((line) => line.command), [
    "curl https://tasks.example/x/tasks/team",
    "npx -y wscat -c wss://tasks.example/x/ws/tasks/team",
  ]);
});

Deno.test("clientCommands() shows how to start a task with example arguments", () => {
  const command = (body: string) =>
    "curl -X POST https://tasks.example/x/tasks/team/start/resize \\\n  -H 'content-type: application/json' \\\n" +
    `  -d '${body}'`;
  assertEquals(startCommand(null), command('{"args":[]}'));
  assertEquals(startCommand({ properties: {} }), command('{"args":[]}'));
  assertEquals(
    startCommand({
      properties: {
        width: { type: "integer", minimum: 8 },
        name: { type: "string", default: "it's" },
        left: { type: "string" },
      },
      required: ["width"],
    }),
    command(`{"args":[{"width":8,"name":"it'\\''s"}]}`),
  );
  assertEquals(
    startCommand({ prefixItems: [{ enum: ["a"] }, { type: "boolean" }] }),
    command('{"args":["a",false]}'),
  );
});

Deno.test("clientCommands() quotes words for the shell", () => {
  assertEquals(
    startCommand(null, "it's a job")?.split(" \\\n")[0],
    "curl -X POST 'https://tasks.example/x/tasks/team/start/it'\\''s%20a%20job'",
  );
});

Deno.test("taskCommands() shows only actions that are possible for the task", () => {
  const target = "01:A --client team --server https://tasks.example/x";
  const ended = [
    "curl https://tasks.example/x/tasks/team/01:A",
    "curl -H 'accept: text/plain' https://tasks.example/x/tasks/team/01:A/logs",
    'import { monitored } from "https://tasks.example/x/monitored.ts";',
  ];
  assertEquals(taskCommands(FRAME, "01:A", true).map((line) => line.command), [
    ended[0]!,
    "npx -y wscat -c wss://tasks.example/x/ws/tasks/team/01:A",
    `taskscope watch ${target}`,
    `taskscope wait ${target}`,
    "curl -X POST https://tasks.example/x/tasks/team/01:A/cancel",
    ...ended.slice(1),
  ]);
  assertEquals(taskCommands(FRAME, "01:A", false).map((line) => line.command), ended);
});

Deno.test("commands take the key from the environment if the server has one", () => {
  const frame = { ...FRAME, visitor: { ...EVERYBODY, needsKey: true } };
  const commands = [
    ...clientCommands(frame, [{ name: "a", title: null, description: null, input: null }]),
    ...taskCommands(frame, "t", true),
  ].map(({ command }) => command);
  for (const command of commands.filter((each) => /^(curl|npx)/.test(each))) {
    assertStringIncludes(command, '-H "authorization: Bearer $TASKSCOPE_KEY"');
  }
});
