import { MODULE_OUTPUTS } from "../../.tools/module.ts";
import * as source from "../../lib/monitored.ts";
import { assert, assertEquals } from "../support/assert.ts";

const [SCRIPT, DECLARATIONS] = MODULE_OUTPUTS as [URL, URL];

Deno.test("lib/dist/monitored.js exports what lib/monitored.ts exports, and imports nothing", async () => {
  const built = await import(SCRIPT.href);
  assertEquals(Object.keys(built).sort(), Object.keys(source).sort());
  const text = await Deno.readTextFile(SCRIPT);
  assertEquals(text.match(/^\s*(import\b.*|export\b.*\bfrom\b.*)$/gm), null);
});

Deno.test("lib/dist/monitored.d.ts type-checks on its own, and exports no internal names", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${folder}/use.ts`,
      `// @ts-types=${JSON.stringify(DECLARATIONS.href)}
import { monitored, type MonitoredTask } from ${JSON.stringify(SCRIPT.href)};
const double = monitored(async (task: MonitoredTask, value: number) => {
  await task.update({ progress: 50 });
  return value * 2;
});
export const doubled: number = await double(2);
// @ts-expect-error the argument is a number
await double("2");
// @ts-types=${JSON.stringify(DECLARATIONS.href)}
// @ts-expect-error not public
import type { ReportSink } from ${JSON.stringify(SCRIPT.href)};
export type Internal = ReportSink;
`,
    );
    const command = new Deno.Command(Deno.execPath(), {
      args: ["check", "--no-lock", "--no-config", `${folder}/use.ts`],
      env: { NO_COLOR: "1" },
      stdin: "null",
    });
    const { success, stderr } = await command.output();
    assert(success, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
