import fc from "fast-check";
import type { TaskValues } from "../../../lib/task/value_book.ts";
import { renderClientPage, renderProblemPage, renderTaskPage } from "../../../ui/server/render.tsx";
import { pageOfTasks } from "../../../ui/shared/list_slice.ts";
import type { ClientPageModel, TaskPageModel } from "../../../ui/shared/model.ts";
import { clientCommands, firstTaskCommands } from "../../../ui/shared/commands.ts";
import { tabIcon } from "../../../ui/shared/tab.ts";
import type { StartableTask } from "../../../lib/page_renderer.ts";
import type { Task } from "../../../lib/task/task.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotMatch,
  assertStringIncludes,
} from "../../support/assert.ts";
import { EVERYBODY, taskPageModel } from "../../support/example_page.ts";
import { EXAMPLE_TIME, exampleTask, finishedTask } from "../../support/example_task.ts";

const FRAME = {
  basePath: "/base",
  origin: "https://tasks.example",
  version: "1.2.3",
  client: "team",
  visitor: EVERYBODY,
  cursor: "epoch:7",
  now: EXAMPLE_TIME + 10,
  assets: { script: "/base/assets/page-1.js", style: "/base/assets/style-1.css" },
  degradation: null,
  undoSeconds: 5,
  notice: null,
} as const;

const START: StartableTask = {
  name: "resize",
  title: "Resize images",
  description: "Makes them small",
  input: {
    type: "object",
    required: ["width"],
    properties: {
      width: { type: "integer", title: "Width", minimum: 1 },
      format: { enum: ["png", "webp"], default: "webp" },
      keep: { type: "boolean", default: true },
      options: { type: "object", default: { fast: true } },
      label: { type: "string" },
    },
  },
};

function clientModel(tasks: readonly Task[], over: Partial<ClientPageModel> = {}): ClientPageModel {
  const commands = clientCommands(FRAME, over.startable ?? []);
  return {
    ...FRAME,
    ...pageOfTasks(tasks, 1),
    problems: [],
    startable: [],
    commands,
    gettingStarted: firstTaskCommands(FRAME),
    ...over,
  };
}

function taskModel(task: Task, over: Partial<TaskPageModel> = {}): TaskPageModel {
  return taskPageModel(task, { ...FRAME, ...over });
}

/** Returns the HTML of a page without its data block, which may contain any text. */
function withoutData(html: string): string {
  return html.replace(/<script type="application\/json".*<\/script>/, "");
}

function dataOf(html: string): unknown {
  const block = /<script type="application\/json" id="model">(.*?)<\/script>/s.exec(html);
  assert(block?.[1] !== undefined, "there is no data block");
  return JSON.parse(block[1]);
}

const MARKUP = `<img src=x onerror="harm()">'"</script><!--<script>`;

/** The fields of a task with markup in every text. */
const HOSTILE = {
  name: MARKUP,
  status: MARKUP,
  unit: MARKUP,
  current: 1,
  total: 2,
  tags: [MARKUP],
  metadata: { [MARKUP]: MARKUP },
  result: { [MARKUP]: MARKUP },
} as const;

const HOSTILE_ERROR = { message: MARKUP, type: MARKUP, stack: MARKUP };

Deno.test("render functions escape markup in all texts", () => {
  const pages = [
    renderClientPage(clientModel([
      exampleTask({ ...HOSTILE, id: "a" }),
      finishedTask({ ...HOSTILE, id: "b" }),
      finishedTask({ ...HOSTILE, id: "c", state: "ERROR", error: HOSTILE_ERROR, result: null }),
      exampleTask({ ...HOSTILE, id: "d", state: MARKUP as never }),
    ], {
      client: MARKUP,
      version: MARKUP,
      notice: { kind: "error", text: MARKUP },
      startable: [{
        name: MARKUP,
        title: MARKUP,
        description: MARKUP,
        input: {
          properties: { [MARKUP]: { type: "string", title: MARKUP, default: MARKUP, description: MARKUP } },
        },
      }, { name: "of", title: null, description: null, input: { properties: { of: { enum: [MARKUP] } } } }],
    })),
    renderTaskPage(
      taskModel(exampleTask({ ...HOSTILE, id: "e", log_count: 1, error: HOSTILE_ERROR, parent_id: MARKUP }), {
        subtasks: [exampleTask({ ...HOSTILE, id: "f", parent_id: "e" })],
        steps: [{ at: EXAMPLE_TIME, state: "PROCESSING", text: MARKUP, progress: 1, count: 1 }],
        log: { lines: [{ at: 1, text: MARKUP }], dropped: 0, gone: 0 },
      }),
    ),
    renderTaskPage(taskModel(exampleTask({ log_count: 1 })), {
      found: { text: MARKUP, lines: [{ number: 0, at: 1, text: MARKUP }], index: 0, matches: 1, searched: 1 },
    }),
    renderProblemPage({
      status: 404,
      title: MARKUP,
      detail: MARKUP,
      basePath: "",
      signInUrl: null,
      style: "/s.css",
    }),
  ];
  for (const html of pages) {
    assertNotMatch(html, /<img/);
    assertNotMatch(html, /<!--/);
    assertStringIncludes(html, "&lt;img src=x");
    assertEquals(html.match(/<script/g)?.length ?? 0, html.match(/<\/script>/g)?.length ?? 0);
    assertNotMatch(
      withoutData(html).replaceAll(/"[^"]*"/g, '""'),
      /<[^>]*onerror/,
      "markup left an attribute",
    );
  }
});

Deno.test("renderClientPage() and renderTaskPage() render the same title and icon of the tab as the page's script", () => {
  const failed = exampleTask({ state: "ERROR", active: false, finished_at: EXAMPLE_TIME + 9 });
  const list = renderClientPage(clientModel([exampleTask({ progress: 40 })]));
  assertStringIncludes(list, "<title>40% · 1 active · Taskscope</title>");
  assertStringIncludes(list, tabIcon({ percent: 40, failed: 0, isLive: true }));
  const page = renderTaskPage(taskModel(failed));
  assertStringIncludes(page, tabIcon({ percent: null, failed: 1, isLive: true }));
});

Deno.test("render functions need neither inline scripts nor inline styles", () => {
  const html = [
    renderClientPage(
      clientModel([exampleTask({ progress: 40 }), finishedTask({ id: "b" })], { startable: [START] }),
    ),
    renderTaskPage(taskModel(exampleTask({ progress: 40 }))),
    renderProblemPage({ status: 404, title: "No", detail: "Nothing", basePath: "", signInUrl: null }),
  ].join("");
  assertNotMatch(html, /\sstyle=/);
  assertNotMatch(html, /\son[a-z]+=/);
  assertNotMatch(html, /<style/);
  assertNotMatch(html, /javascript:/);
  for (const [, attributes] of html.matchAll(/<script([^>]*)>/g)) {
    assertMatch(attributes!, /src="|type="application\/json"/);
  }
});

Deno.test("renderClientPage() embeds the page data as JSON, whatever texts it contains", () => {
  const texts = fc.string({
    unit: fc.constantFrom("<", "/", "script", ">", "!--", "\u2028", "\\", '"', "&", "é"),
  });
  fc.assert(
    fc.property(texts, fc.jsonValue(), (text, result) => {
      const model = clientModel([
        finishedTask({ name: text, result: result as Task["result"], tags: [text] }),
      ]);
      const html = renderClientPage(model);
      assertEquals(dataOf(html), JSON.parse(JSON.stringify({ page: "client", model })));
      assertEquals(html.match(/<\/script>/g)?.length, 2);
    }),
    { numRuns: 50 },
  );
});

Deno.test("renderTaskPage() embeds the page data as JSON", () => {
  const model = taskModel(exampleTask(), {
    log: { lines: [{ at: 1, text: "</script>" }], dropped: 3, gone: 0 },
  });
  assertEquals(dataOf(renderTaskPage(model)), { page: "task", model });
});

Deno.test("renderClientPage() shows progress as a progress element with a name, without a value if it is indeterminate", () => {
  const known = renderClientPage(
    clientModel([
      exampleTask({ name: "copy", progress: 32.04, current: 3_204, total: 10_000, unit: "files" }),
    ]),
  );
  assertMatch(known, /<progress [^>]*max="100"[^>]*value="32.04"[^>]*aria-label="Progress of copy"/);
  assertStringIncludes(known, 'aria-valuetext="32%, 3,204 / 10,000 files"');
  assertStringIncludes(known, ">32%<");
  const unknown = renderClientPage(clientModel([exampleTask({ progress: null })]));
  assertNotMatch(unknown, /<progress [^>]*value="/);
  assertStringIncludes(unknown, 'aria-valuetext="indeterminate"');
});

Deno.test("renderClientPage() describes states, stale tasks and requested cancellation in words", () => {
  const html = renderClientPage(clientModel([
    exampleTask({ id: "a", stale: true, updated_at: EXAMPLE_TIME - 50, cancel_requested: true }),
    exampleTask({ id: "b", state: "NOT_STARTED", active: false }),
    finishedTask({ id: "c", state: "CANCELLED", progress: 43 }),
    finishedTask({
      id: "d",
      state: "ERROR",
      error: { message: "disk full", type: "IoError", stack: "at x" },
    }),
    exampleTask({ id: "e", state: "PAUSED" as never }),
  ]));
  for (
    const words of [
      "No sign of life for 1m 00s",
      "Cancelling…",
      "Waiting",
      "Stopped on request at 43%",
      "Failed",
    ]
  ) {
    assertStringIncludes(html, words);
  }
  assertStringIncludes(html, "disk full");
  assertStringIncludes(html, "PAUSED");
  assertStringIncludes(html, "<title>3 active · Taskscope</title>");
});

const INTERRUPTED = finishedTask({
  id: "cut",
  state: "ERROR",
  status: "Copying b.csv",
  progress: 40,
  error: { message: "The server ended while the task ran", type: "interrupted" },
});

Deno.test("render functions show the last progress and status of a failed task", () => {
  const plain = finishedTask({
    id: "plain",
    state: "ERROR",
    status: "Error: no",
    progress: null,
    error: { message: "no", type: "OddError" },
  });
  const rows = withoutData(renderClientPage(clientModel([INTERRUPTED, plain])));
  assertStringIncludes(rows, 'error-type">Interrupted</span> The server ended while the task ran');
  assertStringIncludes(rows, "Last: 40% · Copying b.csv");
  assertStringIncludes(rows, 'error-type">OddError</span> no');
  assertEquals(rows.match(/Last:/g)?.length, 1, "the error is shown only once");
  const page = withoutData(renderTaskPage(taskModel(INTERRUPTED)));
  assertStringIncludes(page, '<h2 id="error-title">Interrupted</h2>');
  assertStringIncludes(page, "40%");
  assertStringIncludes(page, "Copying b.csv");
  assertNotMatch(withoutData(renderTaskPage(taskModel(plain))), /Error: no/);
});

Deno.test("render functions show a storage error without JavaScript", () => {
  const degradation = "the disk is full (<b>)";
  const words = "Changes can&#39;t be saved at the moment: the disk is full (&lt;b>). " +
    "Running tasks continue, and their changes are saved as soon as this is resolved.";
  for (
    const html of [
      renderClientPage(clientModel([], { degradation })),
      renderTaskPage(taskModel(exampleTask(), { degradation })),
    ]
  ) {
    assertStringIncludes(withoutData(html).replaceAll("can't", "can&#39;t"), words);
  }
  assertNotMatch(withoutData(renderClientPage(clientModel([]))), /stored/);
});

Deno.test("renderClientPage() renders forms, links and the time of the snapshot, which work without JavaScript", () => {
  const html = renderClientPage(
    clientModel([exampleTask({ id: "01:A" }), finishedTask({ id: "b" })], { startable: [START] }),
  );
  assertStringIncludes(html, 'method="post" action="/base/t/team/01:A/cancel"');
  assertStringIncludes(html, 'method="post" action="/base/t/team/b/remove"');
  assertStringIncludes(html, 'method="post" action="/base/t/team/start/resize"');
  assertStringIncludes(html, "22:13:30 UTC");
  assertStringIncludes(html, "<noscript>");
  assertNotMatch(html, /aria-label="Copy/, "nothing can be copied without JavaScript");
});

Deno.test("renderClientPage() renders a form from the schema of a task's arguments", () => {
  const html = renderClientPage(clientModel([], { startable: [START] }));
  assertMatch(html, /<input [^>]*name="arg.width"[^>]*required[^>]*type="number"[^>]*step="1"[^>]*min="1"/);
  assertMatch(html, /<select [^>]*name="arg.format"/);
  assertMatch(html, /<option selected[^>]*value="webp"|<option [^>]*value="webp"[^>]* selected/);
  assertMatch(html, /<input [^>]*name="arg.keep"[^>]*type="checkbox"[^>]*checked/);
  assertMatch(html, /<textarea [^>]*name="arg.options"[^>]*>\{&quot;fast&quot;:true\}<\/textarea>/);
  assertMatch(html, /<details [^>]*open/, "a form is open if it is the only one");
  for (const id of html.matchAll(/<label for="([^"]+)"/g)) assertStringIncludes(html, `id="${id[1]}"`);
});

Deno.test("renderClientPage() shows the name of a task beside the title of its form", () => {
  const page = (title: string | null) =>
    withoutData(renderClientPage(clientModel([], { startable: [{ ...START, title }] })));
  assertMatch(
    page("Resize images"),
    /<span>Resize images<\/span> <code class="start-form-name">resize<\/code>/,
  );
  for (const title of [null, "resize"]) assertNotMatch(page(title), /start-form-name/);
});

Deno.test("renderClientPage() suggests how to create a first task", () => {
  assertStringIncludes(renderClientPage(clientModel([])), "No tasks yet");
  assertStringIncludes(renderClientPage(clientModel([finishedTask()])), "Nothing is running");
});

Deno.test("renderClientPage() shows shell commands with the server's own URL", () => {
  const html = renderClientPage(clientModel([], { startable: [START] }));
  assertStringIncludes(html, "curl https://tasks.example/base/tasks/team");
  assertStringIncludes(html, "npx -y wscat -c wss://tasks.example/base/ws/tasks/team");
  assertStringIncludes(html, "/base/tasks/team/start/resize");
});

Deno.test("renderClientPage() links to the previous and the next page", () => {
  const tasks = Array.from({ length: 250 }, (_, index) => exampleTask({ id: `t${index}` }));
  const html = renderClientPage({ ...clientModel(tasks), ...pageOfTasks(tasks, 2) });
  assertStringIncludes(html, 'rel="prev" href="/base/t/team"');
  assertStringIncludes(html, 'rel="next" href="/base/t/team?page=3"');
  assertStringIncludes(html, "Page 2 of 3");
  assertEquals(html.match(/data-task-id=/g)?.length, 100);
});

Deno.test("renderTaskPage() shows each series of values as a chart, and its extremes as text", () => {
  const model = taskModel(exampleTask({ value_count: 4 }));
  const page = (values: TaskValues) => withoutData(renderTaskPage(model, { values }));
  const html = page({
    series: [
      { name: "train/loss", points: [[EXAMPLE_TIME, 2.5], [EXAMPLE_TIME + 5, 0.25], [EXAMPLE_TIME + 10, 1]] },
      { name: "flat", points: [[EXAMPLE_TIME, -1e308]] },
    ],
    ignored: 2,
  });
  for (
    const text of [
      'aria-label="train/loss: last 1, lowest 0.25, highest 2.5"',
      "M0 0L500 100L1000 66.7",
      'aria-label="flat: last -1e+308, lowest -1e+308, highest -1e+308"',
      "M0 50h0",
      "2 values of further series not kept: a task has at most 16.",
      '<th scope="row">train/loss</th>',
      "/tasks/team/task-1/values?format=csv",
    ]
  ) {
    assertStringIncludes(html, text);
  }
  // Without the script, there is no slider to move along the chart.
  assertNotMatch(html, /role="slider"|NaN/);
  assertNotMatch(page({ series: [], ignored: 0 }), /values-title/);
});

Deno.test("renderTaskPage() shows dates at the charts of a run that spans more than one day", () => {
  const times = (seconds: number) => {
    const [start, end] = [EXAMPLE_TIME, EXAMPLE_TIME + seconds];
    const model = taskModel(finishedTask({ value_count: 2, started_at: start, finished_at: end }), {
      steps: [{ at: start, state: "PROCESSING", text: "Reading", progress: 0, count: 1 }],
      progressHistory: [[start, 0], [start + 1, 10], [start + 2, 20]],
    });
    const values = { series: [{ name: "loss", points: [[start, 2], [end, 1]] as const }], ignored: 0 };
    const html = withoutData(renderTaskPage(model, { values }));
    const found = html.matchAll(
      /<(div|span) class="(?:chart-times|timeline-time) number"[^>]*>(?:<time.*?)<\/\1>/g,
    );
    return [...found].map(([element]) => element.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ").trim());
  };
  const [clock, other] = ["22:13:20 UTC", "22:14:20 UTC"];
  assertEquals(times(60).sort(), [`${clock} ${other}`, `${clock} ${other}`, other]);
  const [first, last] = [`2023-11-14 ${clock}`, `2023-11-17 ${clock}`];
  assertEquals(times(3 * 86_400).sort(), [`${first} ${last}`, `${first} ${last}`, last]);
});

Deno.test("renderTaskPage() draws values that differ by more than the largest number", () => {
  const points = [[-1.7e308, -1.7e308], [1.7e308, 1.7e308]] as const;
  const html = renderTaskPage(taskModel(exampleTask()), {
    values: { series: [{ name: "huge", points }], ignored: 0 },
  });
  assertStringIncludes(html, "M0 100L1000 0");
  assertNotMatch(withoutData(html), /NaN|Infinity/);
});

Deno.test("renderTaskPage() shows log, result, error, subtasks and metadata", () => {
  const log = { lines: [{ at: EXAMPLE_TIME, text: "\u001b[31mred\u001b[0m line" }], dropped: 1_200, gone: 0 };
  const html = renderTaskPage(
    taskModel(
      finishedTask({
        log_count: 1_201,
        result: { answer: 42 },
        metadata: { file: "a.csv" },
        error: { message: "no", type: "Odd", stack: "at here" },
      }),
      { log, subtasks: [exampleTask({ id: "part", name: "first part", parent_id: "task-1" })] },
    ),
  );
  for (
    const text of [
      '<span class="fg-1">red</span> line',
      "1,200 older lines",
      '<span class="json-key">&quot;answer&quot;</span>: <span class="json-number">42</span>',
      "&quot;file&quot;",
      "at here",
      "first part",
    ]
  ) {
    assertStringIncludes(html, text);
  }
  assertStringIncludes(html, "<title>✓ task · Taskscope</title>");
});

Deno.test("renderTaskPage() shows texts of several lines as they are, and web addresses as links", () => {
  const link = (url: string) => `<a href="${url}" target="_blank" rel="noopener noreferrer">${url}</a>`;
  const table: [result: Task["result"], html: string][] = [
    ["done", '<span class="json-text">done</span>'],
    ["a\nb <c>", '<span class="json-text">a\nb &lt;c></span>'],
    ["at https://example.com/a.", `<span class="json-text">at ${link("https://example.com/a")}.</span>`],
    [{ a: "x" }, '<span class="json-string">&quot;x&quot;</span>'],
    [{ a: "x\ny" }, '<span class="json-text">x\ny</span>'],
    [
      ["https://example.com/"],
      `<span class="json-string">&quot;${link("https://example.com/")}&quot;</span>`,
    ],
    ["javascript:alert(1)", '<span class="json-text">javascript:alert(1)</span>'],
  ];
  for (const [result, html] of table) {
    assertStringIncludes(renderTaskPage(taskModel(finishedTask({ result }))), html);
  }
});

Deno.test("renderTaskPage() shows the timeline without JavaScript", () => {
  const step = (at: number, text: string, progress: number, count = 1) =>
    ({ at: EXAMPLE_TIME + at, state: "PROCESSING", text, progress, count }) as const;
  const html = renderTaskPage(taskModel(finishedTask({ finished_at: EXAMPLE_TIME + 100 }), {
    steps: [step(0, "Reading", 0), step(10, "Small ones", 30, 12), step(80, "Writing", 60)],
    progressHistory: [[EXAMPLE_TIME, 0], [EXAMPLE_TIME + 10, 30], [EXAMPLE_TIME + 80, 60]],
  }));
  const rows = [...html.matchAll(/<li class="timeline-row".*?<\/li>/g)].map(([row]) =>
    row.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ").trim()
  );
  assertEquals(rows, [
    "Reading 0% → 30% 10s after +0.0s",
    "12 short steps, from Small ones 30% → 60% 1m 10s after +10s",
    "Writing 60% → 100% 20s after +1m 20s",
  ]);
  assertStringIncludes(html, '<rect class="span-bar" x="10%" width="70%"');
  assertMatch(html, /role="img" aria-label="Progress over 1m 40s: 60% so far"/);
});

Deno.test("renderTaskPage() shows nested subtasks, each with its share of the progress if that is known", () => {
  const sharesIn = (html: string) =>
    [...html.matchAll(/of the parent:<\/span> (\d+%)/g)].map(([, share]) => share);
  const subtasks = [
    exampleTask({ id: "b", name: "first", parent_id: "a", weight: 1, progress: 40 }),
    exampleTask({ id: "c", name: "second", parent_id: "a", weight: 3, progress: 0 }),
    exampleTask({ id: "d", name: "inner", parent_id: "c" }),
  ];
  const html = renderTaskPage(taskModel(exampleTask({ id: "a", progress: 10 }), { subtasks }));
  assertEquals(sharesIn(html), ["25%", "75%", "100%"]);
  assertMatch(html, /<details class="subtask-below" open[^>]*><summary>1 subtask<\/summary>.*inner/);
  const omitting = renderTaskPage(
    taskModel(exampleTask({ id: "a", progress: 10 }), { subtasks, omitted: 5 }),
  );
  assertStringIncludes(omitting, "5 more subtasks not shown");
  assertEquals(sharesIn(omitting), []);
  assertEquals(sharesIn(renderTaskPage(taskModel(exampleTask({ id: "a" }), { subtasks }))), ["100%"]);
});

Deno.test("renderTaskPage() shows the reporter, the reason for a missing estimate, and a requested cancellation", () => {
  const words = (over: Partial<Task>) => withoutData(renderTaskPage(taskModel(exampleTask(over))));
  assertStringIncludes(words({}), "this server");
  assertStringIncludes(words({ reporter: "http" }), "HTTP API");
  assertStringIncludes(words({ reporter: "01J" }), "another program");
  assertStringIncludes(words({ eta_reason: "stalled" }), "no progress for a while");
  assertStringIncludes(words({ eta_reason: "unknown_progress" }), "the task reports no progress");
  assertStringIncludes(words({ eta_reason: "too_early" }), "too early to tell");
  assertStringIncludes(words({ cancel_requested: true }), "Cancellation requested");
  assertStringIncludes(words({ stale: true }), "No sign of life");
});

Deno.test("render functions show the failure of a command in words, and no full bar", () => {
  const failed = (message: string, progress: number) =>
    finishedTask({
      state: "ERROR",
      progress,
      status: "99 of 99",
      result: null,
      error: { type: "exit", message },
    });
  const task = failed("Exited with status 3: no such file: a", 100);
  const page = withoutData(renderTaskPage(taskModel(task)));
  assertMatch(
    page,
    /<h2 id="error-title">Exited with status 3<\/h2><p class="error-message">no such file: a</,
  );
  assertNotMatch(page, /<progress/);
  assertMatch(
    withoutData(renderTaskPage(taskModel(failed("killed by SIGKILL", 40)))),
    /">Killed by SIGKILL<\/h2><\/section>/,
  );
  assertMatch(
    withoutData(renderTaskPage(taskModel(failed("x", 40)))),
    /<progress/,
    "it shows how far the task got",
  );
  const list = withoutData(renderClientPage(clientModel([task])));
  assertMatch(list, /<span class="error-type">Exited with status 3<\/span> no such file: a/);
  assertStringIncludes(list, "Last: 99 of 99");
  const parent = { subtasks: [{ ...task, id: "sub", parent_id: "task-1" }] };
  const withSubtask = withoutData(renderTaskPage(taskModel(finishedTask(), parent)));
  assertNotMatch(withSubtask, /<progress/);
});

Deno.test("renderTaskPage() offers to undo a removal while that is possible", () => {
  const removed = withoutData(
    renderTaskPage(taskModel(finishedTask(), { removedAt: FRAME.now, undoSeconds: 7 })),
  );
  assertStringIncludes(removed, 'action="/base/t/team/task-1/restore?from=task"');
  assertMatch(removed, />7 s <span class="visually-hidden">left to undo/);
  assertNotMatch(removed, /task-1\/remove/);
  const late = (seconds: number) =>
    withoutData(
      renderTaskPage(taskModel(finishedTask(), { removedAt: FRAME.now - seconds, undoSeconds: 7 })),
    );
  assertMatch(late(3), />4 s <span/, "a page that is loaded later has less time left");
  assertNotMatch(late(7), /restore/);
});

Deno.test("renderTaskPage() offers to retry an ended task that the server has started", () => {
  const form = 'action="/base/t/team/task-1/retry?from=task"';
  const page = (task: Task) => withoutData(renderTaskPage(taskModel(task)));
  assertStringIncludes(page(finishedTask({ retryable: true })), form);
  for (const task of [finishedTask(), exampleTask({ retryable: true })]) assert(!page(task).includes(form));
});

Deno.test("renderTaskPage() shows values as trees, and very large values as text", () => {
  const page = (result: Task["result"]) => withoutData(renderTaskPage(taskModel(finishedTask({ result }))));
  assertMatch(page({ a: { b: [1, null] } }), /<details open[^>]*><summary>.*&quot;a&quot;.*1 key/);
  assertStringIncludes(page([]), '<span class="json-object">[]</span>');
  assertMatch(page(Array.from({ length: 2_000 }, (_, n) => n)), /<pre class="code"[^>]*>\[\n {2}0,\n {2}1,/);
});

Deno.test("renderProblemPage() explains the problem and links to the tasks, or to sign-in if that helps", () => {
  const problem = { status: 404, title: "Not Found", detail: "There is no task", basePath: "/base" };
  const html = renderProblemPage({ ...problem, signInUrl: null });
  assertStringIncludes(html, "There is no task");
  assertStringIncludes(html, '<a href="/base/">All tasks</a>');
  const denied = renderProblemPage({ ...problem, signInUrl: "/base/sign-in" });
  assertStringIncludes(denied, '<a href="/base/sign-in">Sign in with the key</a>');
});
