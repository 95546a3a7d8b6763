/** Tests of the Python decorator, the blocks and the tasks, with real processes and a real server. */

import { assert, assertEquals, assertMatch } from "../../../support/assert.ts";
import type { LogLine } from "../../../../lib/task/task.ts";
import { call } from "../../../support/calls.ts";
import { logLines, outline, runPython, tasksAt, testPython } from "../../../support/python.ts";
import { startServer } from "../../../support/server.ts";

/** An address at which nothing listens: a port that only root may listen on. */
const NOWHERE = "http://127.0.0.1:9";

/**
 * A program that calls functions of every kind with or without the decorator, and prints everything that
 * callers can observe.
 */
const KINDS = `
import asyncio, functools, inspect, sys
import taskscope
from taskscope import Task, current_task

def plain(a, b=2, *rest, **more): return a, b, rest, more
def fails(a): raise KeyError(a)
def numbers(count):
    received = []
    for number in range(count):
        received.append((yield number))
    return received
async def later(a, *, b=1):
    await asyncio.sleep(0)
    return a + b
async def later_fails():
    await asyncio.sleep(0)
    raise ValueError("later")
async def letters(text):
    for letter in text:
        yield letter
class Shape:
    def __init__(self, side): self.side = side
    def area(self, factor=1): return self.side ** 2 * factor
    @classmethod
    def unit(cls): return cls(1).side
    @staticmethod
    def corners(): return 4
class Monitored(Shape):
    area = taskscope.monitored(Shape.area)
    unit = taskscope.monitored(Shape.__dict__["unit"])
    corners = taskscope.monitored(Shape.__dict__["corners"])

def outcome(call):
    try: return call()
    except BaseException as error: return type(error), error.args

def throwing(generator):
    next(generator)
    return generator.throw(ZeroDivisionError("thrown"))

def sent(generator):
    values = [next(generator), generator.send("x"), generator.send("y")]
    try: generator.send("z")
    except StopIteration as stop: return values, stop.value

async def collected(function, text): return [letter async for letter in function(text)]

def observe(wrap, shape):
    functions = [wrap(function) for function in (plain, fails, numbers, later, later_fails, letters)]
    for function in functions:
        print(function.__name__, function.__doc__, inspect.signature(function), inspect.isgeneratorfunction(function),
            inspect.iscoroutinefunction(function), inspect.isasyncgenfunction(function))
    p, f, n, l, lf, ls = functions
    print(p(1), p(1, 3, 4, c=5), outcome(lambda: p()), outcome(lambda: f("key")))
    print(list(n(3)), sent(n(3)), outcome(lambda: throwing(n(2))), n(2).close())
    print(asyncio.run(l(1, b=4)), outcome(lambda: asyncio.run(lf())), asyncio.run(collected(ls, "abc")))
    print(shape(3).area(2), shape(2).area(factor=3), shape.unit(), shape.corners(), outcome(lambda: shape(1).area(1, 2)))
    print(wrap(functools.partial(plain, 1))(5))

observe(lambda function: function, Shape) if sys.argv[1] == "bare" else observe(taskscope.monitored, Monitored)
`;

testPython("python monitored: callers notice no difference, with and without a server", async () => {
  await using server = startServer();
  const bare = await runPython(KINDS, { server: server.url, args: ["bare"] });
  assertEquals([bare.code, bare.stderr], [0, ""]);
  assertEquals(await tasksAt(server.url), []);
  const monitored = await runPython(KINDS, { server: server.url, args: ["monitored"] });
  // The outputs include the errors for wrong arguments, which name the class of the method.
  assertEquals(monitored, bare);
  const alone = await runPython(KINDS, { server: NOWHERE, args: ["monitored"] });
  assertEquals([alone.code, alone.stdout], [0, bare.stdout]);
  assertEquals(
    alone.stderr,
    `[taskscope] No server answers at ${NOWHERE}, so tasks run unmonitored until one does\n`,
  );
  const tasks = await tasksAt(server.url);
  const states = tasks.map(({ name, state }) => `${name} ${state}`);
  assertEquals(states, [
    "plain FINISHED",
    "plain FINISHED",
    "plain ERROR",
    "fails ERROR",
    "numbers FINISHED",
    "numbers FINISHED",
    "numbers ERROR",
    "later FINISHED",
    "later_fails ERROR",
    "letters FINISHED",
    "area FINISHED",
    "area FINISHED",
    "unit FINISHED",
    "corners FINISHED",
    "area ERROR",
    "plain FINISHED",
  ]);
  assertEquals(tasks[5]!.result, ["x", "y", "z"]);
  assertEquals(server.errors, []);
});

testPython("python monitored: passes the task for its parameter, which callers leave out", async () => {
  await using server = startServer();
  const source = `
from __future__ import annotations
import inspect
from typing import Optional
import taskscope
from taskscope import Task, current_task, monitored

@monitored
def unannotated(a, task, b=2): return task is current_task(), a, b
@monitored(name="named")
def annotated(a: int, handle: Task, /, b: int = 2): return handle is current_task(), a, b
@monitored
def optional(a, *, handle: Optional[Task] = None): return handle is current_task(), a
@monitored
def owned(task: str): return task
@monitored
def several(*task): return task
class Place:
    @monitored
    def method(self, task, a=1): return task is current_task(), a
for function in (unannotated, annotated, optional, owned, several, Place.method):
    print(inspect.signature(function))
print(unannotated(1), unannotated(1, 3), unannotated(b=3, a=1), annotated(1), annotated(1, 3), annotated(1, b=3))
print(optional(1), owned("mine"), owned(task="mine"), several(1, 2), Place().method(), Place().method(a=4))
try: unannotated()
except TypeError as error: print(error)
`;
  const { code, stdout, stderr } = await runPython(source, { server: server.url });
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout.split("\n"), [
    "(a, b=2)",
    "(a: 'int', /, b: 'int' = 2)",
    "(a)",
    "(task: 'str')",
    "(*task)",
    "(self, a=1)",
    "(True, 1, 2) (True, 1, 3) (True, 1, 3) (True, 1, 2) (True, 1, 3) (True, 1, 3)",
    "(True, 1) mine mine (1, 2) (True, 1) (True, 4)",
    "unannotated() missing 1 required positional argument: 'a'",
    "",
  ]);
});

testPython("python task: reports updates, logs, subtasks, results and errors", async () => {
  await using server = startServer();
  const source = `
import dataclasses, datetime, logging, math, pathlib
import taskscope

@dataclasses.dataclass
class Point:
    x: int
    y: float

@taskscope.monitored(name="whole", tags=["a", "b"], metadata={"run": 1})
def whole(task):
    logging.getLogger("demo").warning("by %s", "logging")
    task.update(progress=10, status="begun", metadata={"more": [1], "run": None})
    task.update(current=3, total=4, unit="files")
    assert list(task.track("abc")) == ["a", "b", "c"]
    task.log("one line", "error")
    task.log("another", level="no level")
    task.expect(4)
    with task.child("first", weight=3) as first:
        first.update(50)
    second = task.child("second", share=0.5)
    second.finish(Point(1, math.nan))
    third = task.child("third")
    return {"when": datetime.date(2020, 1, 2), "path": pathlib.Path("a/b"), "big": 2**60, 1: {"set"}, "object": object()}

logging.getLogger().addHandler(taskscope.LogHandler())
whole()
try:
    with taskscope.task("failing") as outer:
        with taskscope.task("inner"):
            raise ValueError("wrong") from KeyError("cause")
except ValueError: pass
with taskscope.task("elsewhere", client="other"): pass
with taskscope.task("large") as large: large.update(progress=200)
large.finish("late"); large.update(1); large.log("late")
taskscope.task("text").finish("é" * 100_000)
taskscope.task("list").finish(list(range(100_000)))
`;
  const { code, stderr } = await runPython(source, { server: server.url });
  assertEquals([code, stderr], [0, ""]);
  const tasks = await tasksAt(server.url);
  assertEquals(outline(tasks), [
    ["whole", "FINISHED", 3, 3, null],
    ["first", "FINISHED", null, null, "whole"],
    ["second", "FINISHED", null, null, "whole"],
    ["third", "FINISHED", null, null, "whole"],
    ["failing", "ERROR", null, null, null],
    ["inner", "ERROR", null, null, "failing"],
    ["large", "FINISHED", null, null, null],
    ["text", "FINISHED", null, null, null],
    ["list", "FINISHED", null, null, null],
  ]);
  const [whole, first, second, , failing, , , text, list] = tasks;
  assertEquals(whole!.result, {
    when: "2020-01-02",
    path: "a/b",
    big: `${2n ** 60n}`,
    "1": ["set"],
    object: "<builtins.object>",
  });
  assertEquals([whole!.tags, whole!.metadata, whole!.status, whole!.unit], [
    ["a", "b"],
    { more: [1] },
    "begun",
    "files",
  ]);
  assertEquals([whole!.expected_weight, first!.weight, second!.share], [4, 3, 0.5]);
  assertEquals(second!.result, { x: 1, y: null });
  const log = await call("GET", `${server.url}/tasks/py/${whole!.id}/logs`);
  assertEquals(log.json.lines.map(({ text, level }: LogLine) => [text, level]), [
    ["by logging", "warn"],
    ["one line", "error"],
    ["another", undefined],
  ]);
  assertEquals([failing!.error?.type, failing!.error?.message], ["ValueError", "wrong"]);
  assertMatch(failing!.error?.stack ?? "", /KeyError: 'cause'[^]*direct cause[^]*ValueError: wrong\n$/);
  for (const cut of [text!, list!]) {
    assert(JSON.stringify(cut.result).length > 30_000);
    assertEquals(await logLines(server.url, cut), ["The result was cut to fit the limits of a record"]);
  }
  assertEquals((await tasksAt(server.url, "other")).map(({ name }) => name), ["elsewhere"]);
});

testPython("python monitored: the exit status and the errors of a program stay the same", async () => {
  await using server = startServer();
  const ends = {
    "sys.exit(3)": [3, "", "ERROR"],
    "sys.exit()": [0, "", "FINISHED"],
    "raise ValueError('x')": [1, "ValueError: x\n", "ERROR"],
    "os._exit(5)": [5, "", null],
    "os.kill(os.getpid(), signal.SIGINT)": [130, "KeyboardInterrupt\n", "CANCELLED"],
    "raise taskscope.TaskCancelled()": [1, "taskscope.TaskCancelled\n", "CANCELLED"],
  } as const;
  for (const [end, [code, lastLine, state]] of Object.entries(ends)) {
    const name = end.replace(/\W+/g, "-");
    const source = `
import os, signal, sys, taskscope
@taskscope.monitored(name=${JSON.stringify(name)})
def main(): ${end}
main()`;
    const ended = await runPython(source, { server: server.url });
    assertEquals([ended.code, ended.stderr.split("\n").slice(-2)[0] ?? ""], [code, lastLine.trimEnd()], end);
    if (state === null) continue;
    const task = (await tasksAt(server.url)).find((each) => each.name === name);
    assertEquals(task?.state, state, end);
  }
});

testPython("python task: tasks that were not ended end with the process", async () => {
  await using server = startServer();
  const source = `
import taskscope
left = taskscope.task("left")
left.child("part").update(50)
`;
  assertEquals((await runPython(source, { server: server.url })).code, 0);
  for (const { state, error } of await tasksAt(server.url)) {
    assertEquals([state, error?.type], ["ERROR", "interrupted"]);
  }
});

testPython(
  "python task: an uncaught cancellation or error also ends the tasks that were not ended",
  async () => {
    const ends = {
      "raise taskscope.TaskCancelled()": "CANCELLED undefined",
      "os.kill(os.getpid(), signal.SIGINT); time.sleep(60)": "CANCELLED undefined",
      "raise asyncio.CancelledError()": "CANCELLED undefined",
      "raise ValueError('wrong')": "ERROR wrong",
    };
    for (const [end, outcome] of Object.entries(ends)) {
      await using server = startServer();
      const source = `
import asyncio, os, signal, time, taskscope
from taskscope.tqdm import tqdm
left = taskscope.task("left")
left.child("part")
bar = tqdm(total=2, desc="bar")
${end}`;
      await runPython(source, { server: server.url });
      assertEquals(
        (await tasksAt(server.url)).map(({ name, state, error }) => `${name} ${state} ${error?.message}`),
        [`left ${outcome}`, `part ${outcome}`, `bar ${outcome}`],
        end,
      );
    }
  },
);

testPython(
  "python task: an interactive session blames only later errors for tasks that it leaves",
  async () => {
    await using server = startServer();
    const source = `
import code, sys, taskscope
from taskscope.tqdm import tqdm
session = code.InteractiveConsole()
class Strict(Exception):
    @property
    def __dict__(self): raise ValueError("no attributes")
session.locals.update(Strict=Strict)
early = taskscope.task("early")
session.push("raise Strict()")
strict = taskscope.task("after a strict error")
session.push("raise ValueError('old')")
reused = taskscope.task("after an error whose id is reused")
old = id(sys.last_value)
for number in range(1_000):
    session.push("raise ValueError('new')")
    if id(sys.last_value) == old: break
late = taskscope.task("late")
bar = tqdm(total=3, desc="bar")
bar.update(3)
`;
    assertEquals((await runPython(source, { server: server.url })).code, 0);
    const ends = (await tasksAt(server.url)).map(({ name, state, error }) =>
      `${name} ${state} ${error?.message}`
    );
    assertEquals(ends, [
      "early ERROR new",
      "after a strict error ERROR new",
      "after an error whose id is reused ERROR new",
      "late ERROR The process exited while the task ran",
      "bar FINISHED undefined",
    ]);
  },
);

testPython(
  "python task: invalid values are ignored with one warning, invalid options are errors",
  async () => {
    await using server = startServer();
    const source = `
import taskscope
class Bad:
    def __str__(self): raise ValueError("bad")
    def __float__(self): raise RuntimeError("bad")
with taskscope.task(Bad) as task:
    for value in ("5", float("nan"), 10**400, [], Bad()):
        task.update(progress=value, current=value)
    task.update(status=Bad(), unit=Bad(), metadata=[1])
    task.update(metadata={"x": "y" * 20_000})
    task.log(Bad())
    task.log("\\udc80 \\0")
    task.expect(-1)
    task.child(Bad(), weight="x", share=7).finish(Bad())
    task.update(progress=True, total=3)
for options in ({"client": "no/slash"}, {"tags": "abc"}, {"tags": [1]}, {"metadata": {"x": "y" * 20_000}}):
    try: taskscope.task("x", **options)
    except ValueError as error: print(error)
try: taskscope.monitored(int)
except TypeError as error: print(error)
`;
    const { code, stdout, stderr } = await runPython(source, { server: server.url });
    assertEquals([code, stderr.split("\n").length], [0, 2], stderr);
    assertMatch(stderr, /^\[taskscope\] Ignored part of an update: /);
    assertEquals(stdout.split("\n").length, 6, stdout);
    const [task, child] = await tasksAt(server.url);
    assertEquals([task!.status, task!.unit?.slice(0, 4), task!.total], [
      "(not convertible to text)",
      "(not",
      3,
    ]);
    assertEquals([child!.weight, child!.share, child!.name], [1, null, "(not convertible to text)"]);
    assertEquals((await logLines(server.url, task!)).length, 2);
  },
);
