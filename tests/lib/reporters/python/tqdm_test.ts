/** Tests of bars of tqdm that report, with Debian's tqdm. */

import { assertEquals, assertMatch } from "../../../support/assert.ts";
import { call } from "../../../support/calls.ts";
import { outline, runPython, startPython, tasksAt, taskWhere, testPython } from "../../../support/python.ts";
import { startServer } from "../../../support/server.ts";

testPython(
  "python patch_tqdm: reports every bar of a process as it was shown, nested bars as subtasks",
  async () => {
    await using server = startServer();
    const source = `
import sys
from tqdm import tqdm, trange
import tqdm.auto
if sys.argv[1] == "patched":
    import taskscope
    taskscope.patch_tqdm()
    taskscope.patch_tqdm()
for _ in trange(2, desc="outer", unit="epoch"):
    for _ in tqdm.auto.tqdm(range(3), desc="inner", leave=False): pass
with tqdm.tqdm(total=2000, unit="B", desc="manual") as bar:
    bar.update(500)
    bar.set_postfix(loss=0.5)
    bar.update(1500)
for _ in tqdm.tqdm(iter("abc")): pass
for _ in tqdm.tqdm(range(9), desc="hidden", disable=True): pass
print([square for square in tqdm.tqdm((n * n for n in range(3)), total=3, unit_scale=10, desc="scaled")])
for n in tqdm.tqdm(range(10), desc="left early"):
    if n == 4: break
open_bar = tqdm.tqdm(total=5, desc="never closed")
open_bar.update(5)
for _ in tqdm.tqdm(range(1), desc="after it"): pass
`;
    const bare = await runPython(source, { server: server.url, args: ["bare"] });
    const patched = await runPython(source, { server: server.url, args: ["patched"] });
    assertEquals([patched.code, patched.stdout], [bare.code, bare.stdout]);
    // Remove what differs between the outputs: times, and the spaces with which tqdm overwrites a longer
    // line.
    const shown = (text: string) =>
      text.replace(/\r/g, "\n").replace(/\d+:\d+<[^\]]*|\[\d\d:\d\d,[^\]]*/g, "").replace(/ +$/gm, "");
    assertEquals(shown(patched.stderr), shown(bare.stderr));
    const tasks = await tasksAt(server.url);
    assertEquals(outline(tasks), [
      ["outer", "FINISHED", 2, 2, null],
      ["inner", "FINISHED", 3, 3, "outer"],
      ["inner", "FINISHED", 3, 3, "outer"],
      ["manual", "FINISHED", 2000, 2000, null],
      ["-c", "FINISHED", 3, null, null],
      ["scaled", "FINISHED", 30, 30, null],
      ["left early", "FINISHED", 4, 10, null],
      ["never closed", "FINISHED", 5, 5, null],
      ["after it", "FINISHED", 1, 1, null],
    ]);
    assertEquals([tasks[0]!.unit, tasks[3]!.unit, tasks[3]!.status], ["epoch", "B", "loss=0.5"]);
  },
);

testPython("python tqdm: an error in or around the loop of a bar is the error of its task", async () => {
  await using server = startServer();
  const source = `
import sys, taskscope
from taskscope.tqdm import tqdm, trange

@taskscope.monitored
def around():
    for number in trange(10, desc="body"):
        if number == 3: raise ValueError("in the body")

def items():
    yield 1
    raise KeyError("in the items")

try: around()
except ValueError: pass
try:
    for _ in tqdm(items(), desc="items"): pass
except KeyError: pass
try:
    with tqdm(total=5, desc="block") as bar:
        bar.update(5)
        raise OSError("in the block")
except OSError: pass
try: raise RuntimeError("unrelated")
except RuntimeError:
    for _ in trange(2, desc="in a handler"): pass
for number in trange(10, desc="outer"):
    for _ in trange(10, desc="inner"):
        if number == 2: raise LookupError("unhandled")
`;
  const { code, stderr } = await runPython(source, { server: server.url });
  assertEquals(code, 1);
  assertMatch(stderr, /LookupError: unhandled\n$/);
  const ends = (await tasksAt(server.url)).map(({ name, state, current, error }) =>
    `${name} ${state} ${current} ${error?.message}`
  );
  assertEquals(ends.filter((end) => !end.startsWith("inner FINISHED")), [
    "around ERROR null in the body",
    "body ERROR 3 in the body",
    "items ERROR 1 'in the items'",
    "block ERROR 5 in the block",
    "in a handler FINISHED 2 undefined",
    "outer ERROR 2 unhandled",
    "inner ERROR 0 unhandled",
  ]);
  assertEquals(ends.length, 9);
});

testPython("python tqdm: the bar of a cancelled task raises TaskCancelled", async () => {
  await using server = startServer();
  const source = `
import sys, taskscope
from taskscope.tqdm import tqdm
try:
    for line in tqdm(sys.stdin, desc="lines", mininterval=0, miniters=1):
        print("read", flush=True)
except taskscope.TaskCancelled as error:
    print(error)
`;
  await using process = startPython(source, { server: server.url });
  const { id } = await taskWhere(server.url, ({ name }) => name === "lines");
  await call("POST", `${server.url}/tasks/py/${id}/cancel`);
  // The bar learns of the cancellation with its next poll, and the program reads lines until then.
  for (let count = 1; !process.stdout.includes("cancelled"); count++) {
    await process.type("\n");
    await process.output(new RegExp(`(read\n){${count}}|cancelled`));
  }
  assertEquals((await process.ended()).code, 0);
  assertEquals((await tasksAt(server.url))[0]!.state, "CANCELLED");
});

testPython(
  "python tqdm: bars in asyncio tasks and in threads are subtasks only of the code around them",
  async () => {
    await using server = startServer();
    const source = `
import asyncio, threading, taskscope
import tqdm.asyncio
taskscope.patch_tqdm()
async def work(number):
    for _ in tqdm.tqdm(range(2), desc=f"inner {number}"): await asyncio.sleep(0)
    return number
async def main():
    print(await tqdm.asyncio.tqdm.gather(work(1), work(2), desc="gather"))
    async for _ in tqdm.asyncio.tqdm(letters(), desc="letters"): pass
async def letters():
    for letter in "ab": yield letter
asyncio.run(main())
def in_thread(number):
    for _ in tqdm.trange(3, desc=f"thread {number}"):
        for _ in tqdm.trange(2, desc=f"below {number}"): pass
threads = [threading.Thread(target=in_thread, args=[number]) for number in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
`;
    const { code, stdout } = await runPython(source, { server: server.url });
    assertEquals([code, stdout], [0, "[1, 2]\n"]);
    const tasks = outline(await tasksAt(server.url)).map(([name, state, , , parent]) =>
      `${name} ${state} ${parent}`
    );
    assertEquals(tasks.sort(), [
      ...Array(3).fill("below 0 FINISHED thread 0"),
      ...Array(3).fill("below 1 FINISHED thread 1"),
      "gather FINISHED null",
      "inner 1 FINISHED gather",
      "inner 2 FINISHED gather",
      "letters FINISHED null",
      "thread 0 FINISHED null",
      "thread 1 FINISHED null",
    ]);
  },
);

testPython("python tqdm: bars that no server accepts use no memory", async () => {
  const source = `
import gc, sys, taskscope
from taskscope.tqdm import trange
@taskscope.monitored
def work(task):
    for _ in range(100):
        for _ in trange(2): pass
    assert taskscope.current_task() is task
    gc.collect()
    print(sum(type(each).__name__ == "BarTask" for each in gc.get_objects()))
work()
`;
  const { code, stdout } = await runPython(source, { server: "not an address" });
  assertEquals([code, stdout], [0, "0\n"]);
});
