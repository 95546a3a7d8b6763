/** Tests of pages of other origins that import the module, in a real browser. */

import type { Page } from "playwright-core";
import { assert, assertEquals, assertLess, assertMatch } from "../support/assert.ts";
import { type TestPage, withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { type Program, startProgram } from "../support/program.ts";
import { shown } from "../support/remote_task.ts";
import { StaticHost } from "../support/static_host.ts";
import { eventually } from "../support/until.ts";

/** Waits until a task of the default client is active, and returns it. */
async function firstActive({ url }: Program): Promise<{ readonly id: string }> {
  const ask = () => call("GET", `${url}/tasks/default`);
  return (await eventually(ask, ({ json }) => json.active_tasks.length > 0)).json.active_tasks[0];
}

/** Returns a page that runs a monitored function on a click, and shows the outcome of the function. */
function pageOf(module: string): string {
  return `<!doctype html><title>Elsewhere</title>
<button>Run</button><button id="cancel">Stop</button><output></output>
<script type="module">
import { monitored } from "${module}";
const output = document.querySelector("output");
const fn = monitored(async (task, count) => {
  for (let n = 1; n <= count; n++) {
    task.signal.throwIfAborted();
    task.log("step " + n);
    await task.update({ current: n, total: count });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return "counted " + count;
}, { name: "in a page" });
let run;
document.querySelector("button").onclick = async () => {
  output.value = "";
  run = fn.with({ id: crypto.randomUUID() }).start(50);
  output.value = await run.done.catch((error) => "stopped: " + error.message);
};
window.runFor = (count) => fn.start(count).done.catch((error) => "stopped: " + error.message);
</script>`;
}

/** Clicks the button that runs the monitored function, and returns the outcome that the page shows. */
async function press(page: Page): Promise<string> {
  await page.getByRole("button", { name: "Run" }).click();
  const output = page.locator("output");
  await output.filter({ hasText: /./ }).waitFor();
  return await output.innerText();
}

/** Returns the console messages of the page's code, without those of the browser itself. */
function warningsOf({ complaints }: TestPage): string[] {
  return complaints.filter((text) => text.startsWith("[taskscope]"));
}

Deno.test("monitored() in a page of an allowed origin: tasks are reported and can be cancelled", async () => {
  await using host = new StaticHost();
  await using program = await startProgram(["--no-demo", "--allow-origin", host.origin]);
  host.files.set("/", { body: pageOf(`${program.url}/monitored.js`), type: "text/html" });
  await withPage({}, async (test) => {
    const { page, complaints } = test;
    await page.goto(host.origin);
    assertEquals(await press(page), "counted 50");
    const { json } = await call("GET", `${program.url}/tasks/default`);
    const [task] = Object.values(json.all_tasks) as Record<string, unknown>[];
    assertEquals([task?.name, task?.state, task?.result, task?.log_count], [
      "in a page",
      "FINISHED",
      "counted 50",
      50,
    ]);
    const long = page.evaluate("runFor(1000000)");
    const { id } = await firstActive(program);
    await shown(program.url, { client: "default", id }, ({ current }) => (current ?? 0) > 3);
    assertEquals((await call("POST", `${program.url}/tasks/default/${id}/cancel`)).status, 202);
    assertEquals(await long, "stopped: The task was cancelled");
    await shown(program.url, { client: "default", id }, ({ state }) => state === "CANCELLED");
    assertEquals(complaints, []);
  });
  assertEquals(program.process.stderr, "");
});

Deno.test("monitored() in a page of an allowed origin falls back to HTTP if WebSockets are blocked", async () => {
  await using host = new StaticHost();
  await using program = await startProgram([
    "--no-demo",
    ...["--allow-origin", host.origin, "--limit", "reporters=1"],
  ]);
  host.files.set("/", { body: pageOf(`${program.url}/monitored.js`), type: "text/html" });
  await withPage({}, async (first) => {
    await first.page.goto(host.origin);
    const long = first.page.evaluate("runFor(1000000)").catch(() => {});
    await firstActive(program);
    // Because of its limit, the server accepts only one WebSocket.
    await withPage({}, async (test) => {
      const { page } = test;
      await page.goto(host.origin);
      assertEquals(await press(page), "counted 50");
      assertEquals(warningsOf(test), []);
    });
    const { json } = await call("GET", `${program.url}/tasks/default`);
    const ended = (Object.values(json.all_tasks) as Record<string, unknown>[]).filter(({ active }) =>
      !active
    );
    assertEquals(ended.map(({ state, log_count }) => [state, log_count]), [["FINISHED", 50]]);
    await first.page.close();
    await long;
  });
});

Deno.test("monitored() in a page of another origin: runs, prints one warning, and stops sending requests", async () => {
  await using host = new StaticHost();
  await using program = await startProgram(["--no-demo"]);
  host.files.set("/", { body: pageOf(`${program.url}/monitored.js`), type: "text/html" });
  await withPage({}, async (test) => {
    const { page } = test;
    await page.goto(host.origin);
    for (let n = 0; n < 3; n++) assertEquals(await press(page), "counted 50");
    assertEquals(warningsOf(test), [
      `[taskscope] ${program.url} accepts no reports (pages of ${host.origin} may not report to it; ` +
      "allow them with --allow-origin), so tasks run unmonitored",
    ]);
    const before = test.complaints.length;
    assertEquals(await press(page), "counted 50");
    assertEquals(test.complaints.length, before, "the page sent another request");
    assertLess(before, 8, test.complaints.join("\n"));
  });
  assertEquals((await call("GET", `${program.url}/tasks/default`)).json.all_tasks, {});
  assertEquals(program.process.stderr, "");
});

Deno.test("monitored() in a page with its own copy of the module: runs, and sends at most one request", async () => {
  await using host = new StaticHost();
  const module = await Deno.readTextFile(new URL("../../lib/dist/monitored.js", import.meta.url));
  host.files.set("/lib/monitored.js", { body: module, type: "text/javascript" });
  host.files.set("/", { body: pageOf("/lib/monitored.js"), type: "text/html" });
  await using other = new StaticHost();
  other.files.set("/", { body: pageOf(`${host.origin}/lib/monitored.js`), type: "text/html" });
  await withPage({}, async (test) => {
    const { page } = test;
    for (const { origin } of [host, other]) {
      await page.goto(origin);
      host.asked.length = 0;
      for (let n = 0; n < 3; n++) assertEquals(await press(page), "counted 50");
      const knocks = host.asked.filter((line) => !/ (\/|\/lib\/monitored\.js)$/.test(line));
      assert(knocks.length > 0 && knocks.length < 6, knocks.join("\n"));
      for (const line of knocks) assertMatch(line, /^(GET|POST|OPTIONS) \/lib\/(ws\/report|report|healthz)$/);
      const before = host.asked.length;
      assertEquals(await press(page), "counted 50");
      assertEquals(host.asked.length, before);
    }
    assertEquals(warningsOf(test).length, 2, test.complaints.join("\n"));
  });
});
