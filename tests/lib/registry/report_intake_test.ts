/** Tests the replies to refused reports. */

import { StorageError } from "../../../lib/errors.ts";
import type { ReportedChange } from "../../../lib/task/task.ts";
import { ReportIntake } from "../../../lib/registry/report_intake.ts";
import type { Report } from "../../../lib/task/protocol.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../support/assert.ts";
import { createChange } from "../../support/changes.ts";
import { HeldStore } from "../../support/held_store.ts";
import { TestRegistry, TestReporter } from "../../support/registry.ts";
import { SlowRecords } from "../../support/slow_records.ts";

const UPDATE: ReportedChange = { type: "update", progress: 5 };
const FINISH: ReportedChange = { type: "finish", result: null };

/** Passes reports to a registry as those of a reporter in another process; returns the replies. */
class Intake {
  readonly #intake: ReportIntake;

  constructor(test: TestRegistry, id = "far") {
    this.#intake = new ReportIntake(test.registry, new TestReporter(id, true));
  }

  take(id: string, change: ReportedChange, seq?: number, client = "c"): unknown {
    const report = { client, id, at: 1, change };
    return this.#intake.take(seq === undefined ? report : { ...report, seq });
  }
}

Deno.test("ReportIntake.take() returns null if it applies a report, or has applied the report before", () => {
  using test = new TestRegistry();
  const intake = new Intake(test);
  assertEquals(intake.take("1", createChange(), 1), null);
  assertEquals(intake.take("1", UPDATE, 2), null);
  const { cursor } = test.registry;
  for (const seq of [1, 2]) assertEquals(intake.take("1", createChange(), seq), null);
  assertEquals(test.registry.cursor, cursor);
  assertEquals([intake.take("1", FINISH, 3), intake.take("1", FINISH, 3)], [null, null]);
  assertEquals(intake.take("1", UPDATE, 2), null, "a late report is ignored");
});

Deno.test("ReportIntake.take() returns that a task is unknown only once, until the task is created", () => {
  using test = new TestRegistry();
  const intake = new Intake(test);
  const unknown = { type: "unknown", client: "c", id: "1" };
  assertEquals([intake.take("1", UPDATE, 5), intake.take("1", UPDATE, 6)], [unknown, null]);
  assertEquals(intake.take("2", FINISH, 7), { ...unknown, id: "2" });
  assertEquals(intake.take("1", FINISH, 7, "d"), { ...unknown, client: "d" });
  assertEquals(intake.take("1", createChange(), 8), null);
  assertEquals(intake.take("1", UPDATE, 9), null);
  assertEquals(test.registry.task("c", "1")?.progress, 5);
  assertEquals(test.registry.task("c", "2"), undefined);
  test.report("c", "1", FINISH, new TestReporter("far", true));
  test.registry.remove("c", "1");
  assertEquals(intake.take("1", UPDATE, 10), unknown, "the task is unknown again");
});

Deno.test("ReportIntake.take() returns a refusal with its reason, or without a reason if the task has ended", () => {
  using test = new TestRegistry({ liveTasksPerClient: 1 });
  const intake = new Intake(test);
  const refused = (id: string, reason: string | null) => ({ type: "refused", client: "c", id, reason });
  assertEquals(intake.take("1", createChange(), 1), null);
  assertEquals(
    intake.take("1", createChange(), 2),
    refused("1", 'Cannot create task "1": the id is already taken'),
  );
  assertEquals(
    new Intake(test, "other").take("1", UPDATE),
    refused("1", 'Cannot report task "1": another reporter runs it'),
  );
  const full = intake.take("2", createChange(), 3) as { readonly type: string; readonly reason: string };
  assertEquals([full.type, /limit/.test(full.reason)], ["refused", true], full.reason);
  test.registry.apply("c", "1", { type: "fail", error: { message: "ended here", type: "lost" } });
  assertEquals(intake.take("1", UPDATE, 4), refused("1", null));
  assertEquals(intake.take("1", FINISH, 5), refused("1", null));
});

Deno.test("ReportIntake.take() throws storage errors", async () => {
  const store = new HeldStore();
  using test = new TestRegistry({}, "first", store);
  const intake = new Intake(test);
  intake.take("1", createChange(), 1);
  intake.take("1", FINISH, 2);
  store.isBroken = true;
  assertThrows(() => intake.take("1", UPDATE, 3), StorageError, "damaged");
  await store.release();
});

Deno.test("ReportIntake remembers a limited number of unknown tasks, and reports forgotten ones again", () => {
  using test = new TestRegistry();
  const intake = new Intake(test);
  for (let n = 0; n < 10_000; n++) intake.take(`${n}`, UPDATE);
  assertEquals(intake.take("5", UPDATE), null);
  assertEquals(intake.take("one more", UPDATE), { type: "unknown", client: "c", id: "one more" });
  assertEquals(intake.take("5", UPDATE), { type: "unknown", client: "c", id: "5" });
});

Deno.test("ReportIntake.replies() reads the end of a task from the database if necessary, and fails if the record cannot be read", async () => {
  const store = new SlowRecords();
  using test = new TestRegistry({}, "first", store);
  for (const id of ["interrupted", "cancelled", "finished"]) test.begin("c", id);
  test.report("c", "cancelled", { type: "cancelled" });
  test.report("c", "finished", FINISH);
  test.registry.interruptAll("gone", () => true);
  const refused = (id: string) => ({ type: "refused", client: "c", id, reason: null }) as const;
  const intake = new ReportIntake(test.registry, new TestReporter("far", true));
  const told = (id: string) => intake.replies({ client: "c", id, at: 1, change: UPDATE }, refused(id));
  const all = ["interrupted", "cancelled", "finished"].map(told);
  assert(all.every((each) => each instanceof Promise));
  await store.release();
  assertEquals(await Promise.all(all), [
    [{ type: "interrupt", client: "c", id: "interrupted" }, refused("interrupted")],
    [{ type: "cancel", client: "c", id: "cancelled" }, refused("cancelled")],
    [refused("finished")],
  ]);
  assertEquals(told("unknown"), [refused("unknown")]);
  const failed = assertRejects(async () => await told("interrupted"), StorageError);
  await store.release(new StorageError("the database", "away"));
  await failed;
});

Deno.test("ReportIntake.replies() contains no refusal of a report that was applied before the record left the memory", async () => {
  const store = new SlowRecords();
  using test = new TestRegistry({}, "first", store);
  const reporter = new TestReporter("far", true);
  const intake = new ReportIntake(test.registry, reporter);
  const reports = [createChange(), { type: "start" } as const, FINISH]
    .map((change, index) => ({ client: "c", id: "1", at: 1, change, seq: index + 1 }));
  for (const report of reports) assertEquals(intake.take(report), null);
  const [creation] = reports;
  const repliesTo = async (intake: ReportIntake, report: Report) => {
    const command = intake.take(report);
    assert(command?.type === "refused");
    const replies = intake.replies(report, command);
    await store.release();
    return (await replies).map(({ type }) => type);
  };
  assertEquals(await repliesTo(intake, creation!), []);
  assertEquals(await repliesTo(intake, { ...creation!, seq: 4 }), ["refused"]);
  const other = new ReportIntake(test.registry, new TestReporter("other", true));
  assertEquals(await repliesTo(other, creation!), ["refused"]);
});
