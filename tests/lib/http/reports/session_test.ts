/** Tests that the server responds to other requests while it applies a long batch of reports. */

import { Keyring } from "../../../../lib/access/keyring.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { call } from "../../../support/calls.ts";
import { createChange } from "../../../support/changes.ts";
import { startServer } from "../../../support/server.ts";
import { creation, REPORTER, reportOf } from "../../../support/report_socket.ts";

const KEY = "the-key-of-this-very-server";
/** The number of reports in the batch: the maximum that the server accepts. */
const REPORTS = 2_000;
/** The minimum number of turns of the event loop during the batch: one for every 50 reports. */
const TURNS = 40;

/** Advances `Date.now()` by a millisecond each time it is read, as if each report took that long. */
class SlowClock implements Disposable {
  readonly #now = Date.now;
  #reads = 0;

  constructor() {
    Date.now = () => this.#now() + this.#reads++;
  }

  [Symbol.dispose](): void {
    Date.now = this.#now;
  }
}

/** Counts the turns of the event loop while a promise is pending. */
async function turnsUntil(promise: Promise<unknown>): Promise<number> {
  let turns = 0;
  let timer: ReturnType<typeof setTimeout>;
  const turn = () => {
    turns++;
    timer = setTimeout(turn, 0);
  };
  timer = setTimeout(turn, 0);
  await promise.finally(() => clearTimeout(timer));
  return turns;
}

for (
  const { what, key, reportOfTask, taken } of [
    {
      what: "of new tasks",
      key: null,
      reportOfTask: (index: number) => creation(`t-${index}`),
      taken: REPORTS,
    },
    {
      what: "of new tasks, with a token",
      key: KEY,
      reportOfTask: (index: number) => creation(`t-${index}`),
      taken: REPORTS,
    },
    { what: "of one task", key: null, reportOfTask: () => creation("t"), taken: 1 },
    {
      what: "of tasks that are not valid",
      key: null,
      reportOfTask: (index: number) => reportOf(`t-${index}`, { ...createChange(), name: "" }),
      taken: 0,
    },
    {
      what: "of new tasks, which start",
      key: null,
      reportOfTask: (index: number) =>
        index % 2 === 0 ? creation(`t-${index}`) : reportOf(`t-${index - 1}`, { type: "start" }),
      taken: REPORTS / 2,
    },
  ]
) {
  Deno.test(`Session.take() lets other work of the event loop run during a long batch of reports ${what}`, async () => {
    await using server = startServer({ ...key !== null && { key } });
    const token = new Keyring(KEY).sign({ may: "write", client: "c", taskId: null, expiresAt: null });
    const reports = Array.from({ length: REPORTS }, (_, index) => reportOfTask(index));
    const post = async (reports: readonly unknown[]) => {
      const response = await server.monitor.fetch(
        new Request(`${server.url}/report?reporter=${REPORTER}`, {
          method: "POST",
          headers: { "content-type": "application/json", "authorization": `Bearer ${token}` },
          body: JSON.stringify({ batch: 1, reports }),
        }),
      );
      assertEquals(response.status, 200, await response.text());
    };
    let turns: number;
    {
      using _clock = new SlowClock();
      turns = await turnsUntil(post(reports));
    }
    assert(turns >= TURNS, `${turns} turns`);
    const counts = await call("GET", `${server.url}/clients`, {
      headers: { authorization: `Bearer ${KEY}` },
    });
    assertEquals(counts.json.clients[0]?.unfinished ?? 0, taken);
  });
}
