/** Tests of the environment of the Python reporter: server, key, client and surrounding task. */

import { assert, assertEquals, assertMatch, assertNotMatch } from "../../../support/assert.ts";
import { runPython, tasksAt, taskWhere, testPython } from "../../../support/python.ts";
import { startServer } from "../../../support/server.ts";

const KEY = "a-key-of-the-tests-0123456789abcdef";
const ONE_TASK = `import taskscope\nwith taskscope.task("one") as task: task.update(50)\nprint("done")\n`;

testPython("python reporter: reads server, client and key, and sends the key only as a header", async () => {
  const requests: Request[] = [];
  await using server = startServer({ key: KEY });
  await using recorder = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    requests.push(request.clone());
    const { pathname, search } = new URL(request.url);
    assertEquals(await request.clone().text().then((text) => text.includes(KEY)), false);
    return await fetch(`${server.url}${pathname.replace("/base", "")}${search}`, {
      method: request.method,
      headers: request.headers,
      body: await request.bytes(),
    });
  });
  const address = `http://127.0.0.1:${recorder.addr.port}/base/`;
  const source = `${ONE_TASK}
import gc, threading
print([repr(each) for each in gc.get_objects() if type(each).__module__.startswith("taskscope")])
print(threading.enumerate())
`;
  const { code, stdout, stderr } = await runPython(source, {
    server: address,
    env: { TASKSCOPE_KEY: KEY, TASKSCOPE_CLIENT: "chosen" },
  });
  assertEquals([code, stderr], [0, ""]);
  assertNotMatch(stdout, new RegExp(KEY));
  assert(requests.length > 0);
  for (const { url, headers } of requests) {
    assertEquals(headers.get("authorization"), `Bearer ${KEY}`);
    assertNotMatch(url, new RegExp(KEY));
    assertEquals(new URL(url).pathname, "/base/report");
  }
  const headers = { authorization: `Bearer ${KEY}` };
  const tasks = await (await fetch(`${server.url}/tasks/chosen`, { headers })).json();
  assertEquals(Object.values<{ name: string }>(tasks.all_tasks).map(({ name }) => name), ["one"]);
});

testPython("python reporter: follows no redirects, so that no other server gets the key", async () => {
  let redirected = 0;
  await using other = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    redirected++;
    return new Response();
  });
  let elsewhere = `http://127.0.0.1:${other.addr.port}`;
  let path = "/base/report?reporter=r";
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(null, { status: 307, headers: { location: elsewhere + path } }),
  );
  const address = `http://127.0.0.1:${server.addr.port}`;
  const run = () => runPython(ONE_TASK, { server: address, env: { TASKSCOPE_KEY: KEY } });
  const refused = (why: string) => ({
    code: 0,
    stdout: "done\n",
    stderr: `[taskscope] ${address} accepts no reports (it redirects to ${why}), so tasks run unmonitored\n`,
  });
  assertEquals(await run(), refused(`${elsewhere}/base; set TASKSCOPE_SERVER to that address`));
  for (const part of ["?secret=s", "#secret"]) {
    path = `/sign-in${part}`;
    assertEquals(await run(), refused(`${elsewhere}/sign-in`));
  }
  elsewhere = "http://name:secret@127.0.0.1:1";
  path = "/sign-in";
  assertEquals(await run(), refused("http://127.0.0.1:1/sign-in"));
  elsewhere = "http://[";
  assertEquals(await run(), refused("an invalid URL"));
  assertEquals(redirected, 0);
});

testPython(
  "python reporter: a missing or wrong key or an invalid environment causes one warning without its values",
  async () => {
    await using server = startServer({ key: KEY });
    const cases: readonly (readonly [env: Record<string, string>, warning: RegExp])[] = [
      [{}, /accepts no reports \(This server requires a key; set TASKSCOPE_KEY\)/],
      [{ TASKSCOPE_KEY: "wrong-secret" }, /accepts no reports \(This key or token is not valid, .*\)/],
      [{ TASKSCOPE_KEY: "wrong-secret\r\nX: y" }, /TASKSCOPE_KEY has characters that no key has/],
      [{ TASKSCOPE_SERVER: "http://user:wrong-secret@127.0.0.1" }, /TASKSCOPE_SERVER is not http/],
      [{ TASKSCOPE_SERVER: "http://127.0.0.1:wrong-secret" }, /TASKSCOPE_SERVER is not http/],
    ];
    for (const [env, warning] of cases) {
      const { code, stdout, stderr } = await runPython(ONE_TASK, { server: server.url, env });
      assertEquals([code, stdout, stderr.split("\n").length], [0, "done\n", 2], stderr);
      assertMatch(stderr, warning);
      assertNotMatch(stderr, /wrong-secret/);
    }
  },
);

testPython(
  "python reporter: tasks are subtasks of the surrounding one, unless the client differs",
  async () => {
    await using server = startServer();
    const source = `
import taskscope
with taskscope.task("outer"):
    with taskscope.task("inner"): pass
    with taskscope.task("foreign", client="other"):
        with taskscope.task("back", client="py"): pass
with taskscope.task("same", client="py"): pass
`;
    const env = { TASKSCOPE_PARENT: "surrounding-1" };
    const { code, stderr } = await runPython(source, { server: server.url, env });
    assertEquals([code, stderr], [0, ""]);
    const parents = Object.fromEntries(
      (await tasksAt(server.url)).map(({ name, parent_id }) => [name, parent_id]),
    );
    const outer = await taskWhere(server.url, ({ name }) => name === "outer");
    const wanted = { outer: "surrounding-1", inner: outer.id, back: outer.id, same: "surrounding-1" };
    assertEquals(parents, wanted);
    assertEquals((await tasksAt(server.url, "other")).map(({ parent_id }) => parent_id), [null]);
    for (const TASKSCOPE_PARENT of ["", "no/id"]) {
      await using fresh = startServer();
      await runPython(ONE_TASK, { server: fresh.url, env: { TASKSCOPE_PARENT } });
      assertEquals((await tasksAt(fresh.url)).map(({ parent_id }) => parent_id), [null]);
    }
  },
);

testPython("python monitored_background_task: methods of the Reflex template run unchanged", async () => {
  await using server = startServer();
  const source = `
import asyncio, types
from typing import Any
from taskscope import monitored_background_task

class Status: PROCESSING = "Processing"
session = types.SimpleNamespace(client_token="0a1b-client")

class State:
    router = types.SimpleNamespace(session=session)

    @monitored_background_task()
    async def called(self, task: Any, parts: int = 2):
        for part in range(parts):
            await task.update(progress=(part + 1) * 50, status=Status.PROCESSING)
            await asyncio.sleep(0)
        return parts

    @monitored_background_task
    async def bare(self, task):
        await task.update(10, "positional")
        raise ValueError("wrong")

    @monitored_background_task("named")
    async def other(self, context):
        await context.update(progress=0, status="begun")

async def main():
    state = State()
    print(await state.called(), await state.called(parts=1), await state.other())
    try: await state.bare()
    except ValueError as error: print(error)
asyncio.run(main())
`;
  assertEquals(await runPython(source, { server: server.url }), {
    code: 0,
    stdout: "2 1 None\nwrong\n",
    stderr: "",
  });
  const tasks = await tasksAt(server.url, "0a1b-client");
  assertEquals(tasks.map(({ name, state, status, progress }) => [name, state, status, progress]), [
    // The status was only the name of the state, so it changes with the state.
    ["called", "FINISHED", "Finished", 100],
    ["called", "FINISHED", "Finished", 100],
    ["named", "FINISHED", "begun", 100],
    ["bare", "ERROR", "positional", 10],
  ]);
});
