import { whenExpired } from "../../../lib/access/expiry.ts";
import { FULL_GRANT, type Grant, type ScopedGrant } from "../../../lib/access/grant.ts";
import { RunGrants, type RunRecord } from "../../../lib/access/run_grants.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { CLOCK_START, FakeClock } from "../../support/fake_clock.ts";

const HOUR = 3_600;
const DAY = 24 * HOUR;
const STATED: ScopedGrant = {
  kind: "scoped",
  may: "write",
  client: "c",
  taskId: null,
  expiresAt: CLOCK_START + 30 * DAY,
  run: { taskId: "t", reporter: "its-reporter", signedAt: CLOCK_START },
};

/** The task of a run, which a test may replace; counts how often the reporter is read from its record. */
class Tasks {
  task: { reporter: string; createdAt: number; endedAt: number | null } | undefined;
  reads = 0;
  /** Whether reading the reporter is asynchronous, as if the record were on disk. */
  isRead = false;

  readonly find = (client: string, id: string): RunRecord | undefined => {
    const { task } = this;
    if (task === undefined || client !== "c" || id !== "t") return undefined;
    return {
      summary: { created_at: task.createdAt, finished_at: task.endedAt },
      reporter: () => {
        this.reads++;
        return this.isRead ? Promise.resolve(task.reporter) : task.reporter;
      },
    };
  };

  run(values: { reporter?: string; createdAt?: number; endedAt?: number | null } = {}): void {
    this.task = { reporter: "its-reporter", createdAt: CLOCK_START, endedAt: null, ...values };
  }
}

/** Returns the grant of a token that is bound to the run. */
function bound(tasks: Tasks): Grant {
  return new RunGrants(tasks.find).bound(STATED) as Grant;
}

Deno.test("RunGrants.bound() waits for the record of a run if it is on disk, and reads it only once", async () => {
  using _clock = new FakeClock();
  const tasks = new Tasks();
  tasks.isRead = true;
  for (
    const [reporter, expiresAt] of [["its-reporter", CLOCK_START + HOUR], [
      "http",
      CLOCK_START + 600,
    ]] as const
  ) {
    tasks.run({ reporter, endedAt: CLOCK_START });
    const grants = new RunGrants(tasks.find);
    const grant = await grants.bound(STATED);
    assertEquals([grant.expiresAt, grant.expiresAt], [expiresAt, expiresAt], reporter);
    assert(grants.bound(STATED) === grant, "it is known now");
  }
  assertEquals(tasks.reads, 2);
});

Deno.test("RunGrants.bound() returns a grant that lasts until an hour after the end of its run", () => {
  using _clock = new FakeClock();
  const tasks = new Tasks();
  const grant = bound(tasks);
  tasks.run();
  assertEquals(grant.expiresAt, STATED.expiresAt);
  tasks.run({ endedAt: CLOCK_START + 2 * DAY });
  assertEquals(grant.expiresAt, CLOCK_START + 2 * DAY + HOUR);
  tasks.run({ endedAt: CLOCK_START + 40 * DAY });
  assertEquals(grant.expiresAt, STATED.expiresAt, "it never outlasts what the token states");
  assertEquals(tasks.reads, 1);
});

Deno.test("RunGrants.bound() without a run returns a grant that lasts ten minutes after its signature or the start of the server", async () => {
  using clock = new FakeClock();
  const tasks = new Tasks();
  const grant = bound(tasks);
  assertEquals(grant.expiresAt, CLOCK_START + 600, "never reported");
  tasks.run();
  assertEquals(grant.expiresAt, STATED.expiresAt, "reported");
  tasks.run({ endedAt: CLOCK_START + 60 });
  tasks.task = undefined;
  assertEquals(grant.expiresAt, CLOCK_START + 600, "removed");
  for (const other of ["another-reporter", "http"]) {
    tasks.run({ reporter: other, createdAt: CLOCK_START + DAY });
    assertEquals(grant.expiresAt, CLOCK_START + 600, "another task with the id of the run");
  }
  tasks.task = undefined;
  await clock.passAsync(5 * DAY * 1_000);
  assertEquals(bound(tasks).expiresAt, CLOCK_START + 5 * DAY + 600, "restarted");
});

Deno.test("RunGrants.bound() returns other grants as they are, and the same object for the same grant", () => {
  const grants = new RunGrants(() => undefined);
  const { run: _, ...unbound } = STATED;
  assert(grants.bound(unbound) === unbound);
  assert(grants.bound(FULL_GRANT) === FULL_GRANT);
  assert(grants.bound(STATED) === grants.bound(STATED));
});

Deno.test("whenExpired() notices the end of a run in time, although it was not known before", async () => {
  using clock = new FakeClock();
  const tasks = new Tasks();
  tasks.run();
  let calls = 0;
  whenExpired(bound(tasks), () => calls++);
  await clock.passAsync(DAY * 1_000 + 12_000);
  tasks.run({ endedAt: CLOCK_START + DAY + 12 });
  await clock.passAsync(HOUR * 1_000 - 1);
  assertEquals(calls, 0);
  await clock.passAsync(1);
  assertEquals([calls, clock.pending], [1, 0]);
});
