/** Tests of the Python reporter with forks, multiprocessing, threads and asyncio. */

import { assertEquals } from "../../../support/assert.ts";
import { outline, runPython, tasksAt, taskWhere, testPython } from "../../../support/python.ts";
import { startServer } from "../../../support/server.ts";

testPython(
  "python reporter: a forked process reports only its own tasks, not those of its parent",
  async () => {
    await using server = startServer();
    const source = `
import os, sys, taskscope
with taskscope.task("parent") as task:
    task.update(current=1)
    pid = os.fork()
    if pid == 0:
        task.update(current=99)
        with taskscope.task("forked") as own:
            own.update(current=5)
            taskscope.current_task().log("from the fork")
        sys.exit(7)
    assert os.WEXITSTATUS(os.waitpid(pid, 0)[1]) == 7
    task.update(current=2)
print("done")
`;
    assertEquals(await runPython(source, { server: server.url }), { code: 0, stdout: "done\n", stderr: "" });
    assertEquals(outline(await tasksAt(server.url)), [
      ["parent", "FINISHED", 2, null, null],
      ["forked", "FINISHED", 5, null, "parent"],
    ]);
    const [parent, forked] = await tasksAt(server.url);
    assertEquals([parent!.reporter === forked!.reporter, forked!.log_count], [false, 1]);
  },
);

testPython("python reporter: forks from many threads while all of them report", async () => {
  await using server = startServer();
  const source = `
import os, threading, taskscope
def work(number):
    with taskscope.task(f"thread {number}") as task:
        for step in range(20):
            task.update(current=step)
            pid = os.fork()
            if pid == 0:
                try:
                    with taskscope.task("fork") as own: own.update(1)
                finally: os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print("done")
`;
  assertEquals(await runPython(source, { server: server.url }), { code: 0, stdout: "done\n", stderr: "" });
  const threads = (await tasksAt(server.url)).filter(({ name }) => name.startsWith("thread"));
  assertEquals(threads.map(({ state, current }) => [state, current]), Array(4).fill(["FINISHED", 19]));
});

for (const method of ["fork", "spawn"]) {
  testPython(`python reporter: four processes of multiprocessing (${method}) report their bars`, async () => {
    await using server = startServer();
    const folder = await Deno.makeTempDir({ prefix: "taskscope-python-" });
    try {
      // A spawned process imports the module of its function.
      await Deno.writeTextFile(
        `${folder}/squares.py`,
        `
import taskscope
from tqdm import tqdm
taskscope.patch_tqdm()
def square(number):
    for _ in tqdm(range(50), desc=f"square {number}"): pass
    return number ** 2
`,
      );
      const source = `
import multiprocessing, sys
sys.path.append(${JSON.stringify(folder)})
import squares, taskscope
if __name__ == "__main__":
    with taskscope.task("pool"), multiprocessing.get_context("${method}").Pool(4) as pool:
        print(pool.map(squares.square, range(8), chunksize=1))
`;
      const { code, stdout } = await runPython(source, { server: server.url });
      assertEquals([code, stdout], [0, "[0, 1, 4, 9, 16, 25, 36, 49]\n"]);
      const tasks = await tasksAt(server.url);
      const bars = tasks.filter(({ name }) => name !== "pool").sort((a, b) => a.name.localeCompare(b.name));
      const pool = method === "fork" ? tasks.find(({ name }) => name === "pool")!.id : null;
      assertEquals(
        bars.map(({ name, state, current, total, parent_id }) => [name, state, current, total, parent_id]),
        Array.from({ length: 8 }, (_, number) => [`square ${number}`, "FINISHED", 50, 50, pool]),
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

testPython(
  "python reporter: bars that the workers of a pool leave early end before the pool kills the workers",
  async () => {
    await using server = startServer();
    const source = `
import multiprocessing, taskscope
from taskscope.tqdm import trange
def work(number):
    for step in trange(9, desc=f"outer {number}"):
        if step == 1: return number
def nested(number):
    with taskscope.task(f"block {number}"):
        for step in trange(9, desc=f"inner {number}"):
            if step == 1: return number
if __name__ == "__main__":
    for function in (work, nested):
        with multiprocessing.get_context("fork").Pool(2) as pool: print(pool.map(function, range(2)))
`;
    const { code, stdout } = await runPython(source, { server: server.url });
    assertEquals([code, stdout], [0, "[0, 1]\n[0, 1]\n"]);
    const ends = (await tasksAt(server.url)).map(({ name, state, current }) => `${name} ${state} ${current}`);
    assertEquals(ends.sort(), [
      "block 0 FINISHED null",
      "block 1 FINISHED null",
      "inner 0 FINISHED 1",
      "inner 1 FINISHED 1",
      "outer 0 FINISHED 1",
      "outer 1 FINISHED 1",
    ]);
  },
);

testPython("python reporter: asyncio tasks and threads each have their own current task", async () => {
  await using server = startServer();
  const source = `
import asyncio, threading, taskscope
from taskscope import current_task, monitored

@monitored
async def outer(number):
    async with taskscope.task(f"block {number}") as task:
        await task.update(current=number)
        await asyncio.gather(*(inner(number) for _ in range(2)))
        assert current_task() is task

@monitored
async def inner(number):
    own = current_task()
    for step in range(5):
        await asyncio.sleep(0)
        assert current_task() is own
        own.update(current=number)

async def cancelled():
    task = asyncio.ensure_future(forever())
    await asyncio.sleep(0)
    task.cancel()
    try: await task
    except asyncio.CancelledError: print("cancelled")

@monitored
async def forever(): await asyncio.Event().wait()

async def main():
    await asyncio.gather(outer(1), outer(2))
    await cancelled()

asyncio.run(main())
with taskscope.task("main"):
    def in_thread():
        with taskscope.task("thread"): pass
    thread = threading.Thread(target=in_thread); thread.start(); thread.join()
`;
  const ended = await runPython(source, { server: server.url });
  assertEquals(ended, { code: 0, stdout: "cancelled\n", stderr: "" });
  const tasks = await tasksAt(server.url);
  const names = new Map(tasks.map(({ id, name, current }) => [id, `${name} ${current}`]));
  assertEquals(
    tasks.map(({ id, state, parent_id }) => [names.get(id), state, parent_id && names.get(parent_id)]).sort(),
    [
      ["block 1 1", "FINISHED", "outer null"],
      ["block 2 2", "FINISHED", "outer null"],
      ["forever null", "CANCELLED", null],
      ["inner 1", "FINISHED", "block 1 1"],
      ["inner 1", "FINISHED", "block 1 1"],
      ["inner 2", "FINISHED", "block 2 2"],
      ["inner 2", "FINISHED", "block 2 2"],
      ["main null", "FINISHED", null],
      ["outer null", "FINISHED", null],
      ["outer null", "FINISHED", null],
      ["thread null", "FINISHED", null],
    ],
  );
});

testPython(
  "python monitored: the task of a generator is not the current task of the code that iterates over it",
  async () => {
    await using server = startServer();
    const source = `
import asyncio, taskscope
from taskscope import monitored

@monitored
def numbers(task):
    for number in range(3):
        with taskscope.task(f"in {number}"): pass
        yield number

@monitored
async def letters(task):
    for letter in "ab":
        with taskscope.task(f"in {letter}"): pass
        yield letter

def outside(name):
    with taskscope.task(f"between {name}"): pass

for number in numbers(): outside(number)
async def main():
    async for letter in letters(): outside(letter)
asyncio.run(main())
`;
    assertEquals(await runPython(source, { server: server.url }), { code: 0, stdout: "", stderr: "" });
    assertEquals(
      outline(await tasksAt(server.url)).map(([name, state, , , parent]) => `${name} ${state} ${parent}`),
      [
        "numbers FINISHED null",
        "in 0 FINISHED numbers",
        "between 0 FINISHED null",
        "in 1 FINISHED numbers",
        "between 1 FINISHED null",
        "in 2 FINISHED numbers",
        "between 2 FINISHED null",
        "letters FINISHED null",
        "in a FINISHED letters",
        "between a FINISHED null",
        "in b FINISHED letters",
        "between b FINISHED null",
      ],
    );
  },
);

testPython(
  "python monitored: a generator resumes in the innermost block that it was suspended in",
  async () => {
    await using server = startServer();
    const source = `
import asyncio, gc, threading, taskscope
from taskscope import current_task, monitored
from taskscope._task import scope
from taskscope.tqdm import tqdm

@monitored
def rows(name):
    try:
        with taskscope.task(f"inner {name}") as inner:
            for number in tqdm(range(3), desc=f"bar {name}"):
                try: yield number
                except KeyError: pass
                assert current_task() is inner
                with taskscope.task(f"leaf {name} {number}"): pass
    finally:
        with taskscope.task(f"end {name}"): pass

@monitored
async def async_rows(name):
    try:
        with taskscope.task(f"inner {name}") as inner:
            for number in range(2):
                try: yield number
                except KeyError: pass
                assert current_task() is inner
                with taskscope.task(f"leaf {name} {number}"): pass
                await asyncio.sleep(0)
    finally:
        with taskscope.task(f"end {name}"): pass

@monitored
def both(name): yield from rows(name)

@monitored
def opens_bars(task):
    for number in range(3):
        yield tqdm(total=1, desc=f"closed outside {number}")
        assert scope.get() is task

class Consumer:
    """Asserts that no step of a generator changes the scope of its consumer."""
    def __enter__(self): self.scope = scope.get()
    def __exit__(self, *_): assert scope.get() is self.scope

def consume(generator):
    for _ in generator: pass

with Consumer():
    first, second = rows("first"), both("second")
    for _ in range(2):
        with Consumer(): next(first)
        with taskscope.task("consumer"), Consumer(): next(second)
    with Consumer(): first.throw(KeyError())
    # Another thread has another context.
    thread = threading.Thread(target=consume, args=[second]); thread.start(); thread.join()
    consume(first)
    closed, collected = rows("closed"), rows("collected")
    next(closed); next(collected)
    with taskscope.task("elsewhere"), Consumer():
        closed.close()
        del collected
        gc.collect()
    for bar in opens_bars():
        with Consumer(): bar.update(1); bar.close()

async def main():
    with Consumer():
        rows = async_rows("async")
        await rows.__anext__()
        with taskscope.task("consumer"), Consumer(): await rows.athrow(KeyError())
        async for _ in rows: pass
        closed = async_rows("async closed")
        await closed.__anext__()
        # Another asyncio task has another context.
        await asyncio.ensure_future(closed.aclose())
asyncio.run(main())
`;
    const { code, stdout, stderr } = await runPython(source, { server: server.url });
    assertEquals([code, stdout, stderr.includes("Traceback")], [0, "", false], stderr);
    const ends = outline(await tasksAt(server.url)).map(([name, state, , , parent]) =>
      `${name} ${state} ${parent}`
    );
    assertEquals(ends.filter((end) => /^(leaf|end|closed outside) /.test(end)), [
      "leaf first 0 FINISHED bar first",
      "leaf second 0 FINISHED bar second",
      "leaf first 1 FINISHED bar first",
      "leaf second 1 FINISHED bar second",
      "leaf second 2 FINISHED bar second",
      "end second FINISHED rows",
      "leaf first 2 FINISHED bar first",
      "end first FINISHED rows",
      "end closed FINISHED rows",
      "end collected FINISHED rows",
      "closed outside 0 FINISHED opens_bars",
      "closed outside 1 FINISHED opens_bars",
      "closed outside 2 FINISHED opens_bars",
      "leaf async 0 FINISHED inner async",
      "leaf async 1 FINISHED inner async",
      "end async FINISHED async_rows",
      "end async closed FINISHED async_rows",
    ]);
  },
);

testPython("python reporter: a signal handler and a destructor may report at any point", async () => {
  await using server = startServer();
  const source = `
import gc, signal, taskscope, time
task = taskscope.task("interrupted")
ticks = finished = 0
def tick(*_):
    global ticks
    ticks += 1
    task.log(f"tick {ticks}")
class Cycle:
    def __init__(self): self.own, self.task = self, taskscope.task("cycle")
    def __del__(self):
        global finished
        self.task.finish()
        finished += 1
signal.signal(signal.SIGALRM, tick)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
gc.set_threshold(10)
for number in range(20_000):
    task.update(current=number)
    if number % 1_000 == 0: Cycle()
signal.setitimer(signal.ITIMER_REAL, 0)
# While another thread collects garbage, gc.collect() does nothing.
while finished < 20:
    gc.collect()
    time.sleep(0.001)
task.finish(ticks > 0)
`;
  assertEquals(await runPython(source, { server: server.url }), { code: 0, stdout: "", stderr: "" });
  const { result } = await taskWhere(server.url, ({ name }) => name === "interrupted");
  const cycles = (await tasksAt(server.url)).filter(({ name, state }) =>
    name === "cycle" && state === "FINISHED"
  );
  assertEquals([result, cycles.length], [true, 20]);
});

testPython(
  "python reporter: a task that a finalizer starts does not keep the process from exiting",
  async () => {
    await using server = startServer();
    const source = `
import taskscope
def suspended():
    try: yield
    finally:
        with taskscope.task("too late"): print("finalized")
with taskscope.task("in time"): pass
generator = suspended()
next(generator)
`;
    assertEquals(await runPython(source, { server: server.url }), {
      code: 0,
      stdout: "finalized\n",
      stderr: "",
    });
    assertEquals((await tasksAt(server.url)).map(({ name, state }) => [name, state]), [[
      "in time",
      "FINISHED",
    ]]);
  },
);

testPython(
  "python reporter: a program that waits for all of its threads does not wait for the reporter",
  async () => {
    await using server = startServer();
    const source = `
import threading, taskscope
with taskscope.task("main"):
    done = threading.Event()
    threading.Thread(target=done.wait, name="worker").start()
    print(*(each.name for each in threading.enumerate()), threading.active_count())
    done.set()
`;
    assertEquals(await runPython(source, { server: server.url }), {
      code: 0,
      stdout: "MainThread worker 2\n",
      stderr: "",
    });
    assertEquals(outline(await tasksAt(server.url)), [["main", "FINISHED", null, null, null]]);
  },
);

testPython(
  "python reporter: a callback that schedules itself again keeps no past task in memory",
  async () => {
    await using server = startServer();
    const source = `
import asyncio, gc, taskscope
async def main():
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    @taskscope.monitored
    def tick(left):
        if left > 0: return loop.call_soon(tick, left - 1) and None
        print(sum(type(each) is taskscope.Task for each in gc.get_objects()))
        done.set()
    tick(100)
    await done.wait()
asyncio.run(main())
`;
    assertEquals(await runPython(source, { server: server.url }), { code: 0, stdout: "2\n", stderr: "" });
    const states = (await tasksAt(server.url)).map(({ state, parent_id }) => [state, parent_id]);
    assertEquals(states, Array(101).fill(["FINISHED", null]));
  },
);
