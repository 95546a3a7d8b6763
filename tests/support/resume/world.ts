/**
 * Runs a registry with watchers of every kind through a history of steps, and checks every message.
 *
 * @module
 */

import { atHand } from "../at_hand.ts";
import { FULL_GRANT } from "../../../lib/access/grant.ts";
import type { Visitor } from "../../../lib/http/gate.ts";
import type { MonitorLimits } from "../../../lib/config/limits.ts";
import type { HandlerContext } from "../../../lib/http/context.ts";
import { Problem } from "../../../lib/http/problem.ts";
import { Rest } from "../../../lib/http/tasks/rest.ts";
import { Waits } from "../../../lib/http/tasks/waits.ts";
import { Hub } from "../../../lib/hub/hub.ts";
import { parseCursor } from "../../../lib/task/cursor.ts";
import { Registry } from "../../../lib/registry/registry.ts";
import type { ChangesSince, TaskStore } from "../../../lib/store/store.ts";
import { isFinal, type ReportedChange } from "../../../lib/task/task.ts";
import { createChange } from "../changes.ts";
import { TestReporter } from "../registry.ts";
import type { ResumeDisk } from "./disk.ts";
import { NaiveTasks } from "./naive.ts";
import { isSame, type Records, ResumeOracle } from "./oracle.ts";
import type { StepCursor, TaskStep, WorldStep } from "./steps.ts";
import { ListWatcher, TaskWatcher } from "./watchers.ts";
import type { WatcherModel } from "../watcher_model.ts";

/** The clients whose tasks the steps change. */
export const CLIENTS = ["a", "b", "c"] as const;

/** A cursor that a watcher received, with the watcher's records at that time. */
interface SeenCursor {
  readonly client: string;
  readonly cursor: string;
  readonly records: Records;
}

/** Counts of what the histories covered. */
export interface ResumeCounts {
  /** The number of times that a cursor was accepted and led to the current state. */
  known: number;
  /** The number of times that a cursor of the current epoch was rejected as too old. */
  forgotten: number;
  /** The number of times that a cursor of another epoch was rejected. */
  foreign: number;
  messages: number;
  restarts: number;
}

/** The time that passes in a step `turn`, in milliseconds of the fake clock. */
const FRAME_MS = 50;
/** The visitor of a server without a key. */
const VISITOR: Visitor = { grant: FULL_GRANT, source: null, peer: "" };

/** A registry, a hub and a REST handler on a disk, with watchers, that run through one history of steps. */
export class ResumeWorld implements AsyncDisposable {
  readonly counts: ResumeCounts = { known: 0, forgotten: 0, foreign: 0, messages: 0, restarts: 0 };
  readonly #disk: ResumeDisk;
  readonly #limits: MonitorLimits;
  readonly #pass: (milliseconds: number) => void;
  readonly #reporter = new TestReporter();
  readonly #watchers: readonly ListWatcher[];
  readonly #seen: SeenCursor[] = [];
  readonly #failures: unknown[] = [];
  readonly #past: (readonly [seq: number, naive: NaiveTasks])[] = [];
  #taskWatchers: TaskWatcher[] = [];
  #polls: Promise<void>[] = [];
  #naive: NaiveTasks;
  #runs = 0;
  #starts = 0;
  #store!: TaskStore;
  #registry!: Registry;
  #oracle!: ResumeOracle;
  #hub!: Hub;
  #rest!: Rest;
  #waits!: Waits;

  /**
   * @param disk the disk, which is disposed of together with the world
   * @param limits the limits of the registry and the hub
   * @param pass advances the fake clock
   */
  constructor(disk: ResumeDisk, limits: MonitorLimits, pass: (milliseconds: number) => void) {
    this.#disk = disk;
    this.#limits = limits;
    this.#pass = pass;
    this.#naive = new NaiveTasks(limits);
    this.#watchers = [
      new ListWatcher("a", "delta"),
      new ListWatcher("a", "delta"),
      new ListWatcher("a", "full"),
      new ListWatcher("a", "rest"),
      new ListWatcher("b", "delta"),
      new ListWatcher("b", "rest"),
      new ListWatcher("c", "delta"),
      new ListWatcher("a", "events"),
      new ListWatcher("b", "events"),
    ];
    this.#open();
  }

  /** The current registry. */
  get registry(): Registry {
    return this.#registry;
  }

  /** Whether the limits are low enough that cursors may be rejected as too old. */
  get #mayForget(): boolean {
    return this.#limits.removalsPerClient < 1_000 || this.#limits.emptyClients < 1_000;
  }

  /** Returns a watcher by its index; the constructor lists the clients and kinds of the watchers. */
  watcher(number: number): ListWatcher {
    return this.#watchers[number % this.#watchers.length]!;
  }

  /** Runs a step, synchronously if possible, so that several steps run in one turn of the event loop. */
  step(step: WorldStep): Promise<void> | void {
    const done = this.#step(step);
    return done === undefined ? this.#check() : done.then(() => this.#check());
  }

  /** Runs steps one after the other. */
  async run(steps: Iterable<WorldStep>): Promise<void> {
    for (const step of steps) {
      const done = this.step(step);
      if (done !== undefined) await done;
    }
  }

  /** Heals the disk, reconnects all watchers, and checks that each then has the current state. */
  async finish(): Promise<void> {
    await this.#disk.heal();
    for (const watcher of this.#watchers) if (!watcher.isConnected) this.#connect(watcher, "last");
    for (let round = 0; round < 8; round++) {
      this.#pass(300);
      await this.#disk.settle();
    }
    await Promise.all(this.#polls);
    for (const watcher of this.#watchers) {
      if (watcher.kind === "rest") await this.#poll(watcher, "last");
    }
    this.#check();
    for (const { client, model, kind } of this.#watchers) {
      this.#compare(
        recordsOf(model),
        this.#oracle.present(client),
        `${kind} watcher of ${client} in the end`,
      );
    }
    for (const watcher of this.#taskWatchers) {
      const stored = this.#registry.stored(watcher.client, watcher.id);
      const task = stored && atHand(stored).task;
      watcher.checkEnd(task?.metadata.run === watcher.run ? task : undefined);
    }
    this.#checkCursors();
    this.#check();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
    await this.#disk[Symbol.asyncDispose]();
  }

  #step(step: WorldStep): Promise<void> | void {
    switch (step.do) {
      case "pass":
        return this.#pass(step.milliseconds);
      case "sweep":
        this.#registry.sweep();
        return this.#naive.sweep(Date.now());
      case "turn":
        this.#pass(FRAME_MS);
        return this.#disk.settle();
      case "hold":
        return this.#disk.mood === "well" ? this.#disk.hold() : undefined;
      case "fail":
        return this.#disk.mood === "well" ? this.#disk.fail() : undefined;
      case "heal":
        return this.#disk.heal();
      case "restart":
        return this.#restart(step.how);
      case "watch":
        return this.#connect(this.watcher(step.watcher), step.from);
      case "leave":
        return this.watcher(step.watcher).leave();
      case "watch task":
        return this.#watchTask(step.client, step.id);
    }
    const changed = this.#change(step);
    return changed === undefined ? this.#note() : changed.then(() => this.#note());
  }

  /** Remembers the tasks as of the last change. */
  #note(): void {
    if (this.#past.at(-1)?.[0] !== this.#store.seq) this.#past.push([this.#store.seq, this.#naive.clone()]);
  }

  #change(step: TaskStep): Promise<void> | void {
    const { client, id } = step;
    const state = this.#naive.state(client, id);
    const isLive = state !== undefined && !isFinal(state);
    const nowMs = Date.now();
    switch (step.do) {
      case "begin":
        if (state !== undefined) return;
        this.#runs++;
        this.#report(client, id, createChange({ metadata: { run: this.#runs } }));
        this.#naive.begin(client, id, this.#runs, "NOT_STARTED");
        if (!step.isStarted) return;
        this.#report(client, id, { type: "start" });
        return this.#naive.move(client, id, "STARTING", nowMs);
      case "update":
        if (!isLive) return;
        this.#report(client, id, { type: "update", progress: step.progress, status: `At ${step.progress}` });
        return this.#naive.move(client, id, "PROCESSING", nowMs);
      case "log":
        if (isLive) this.#report(client, id, { type: "log", lines: [{ at: nowMs / 1_000, text: "line" }] });
        return;
      case "end":
        if (!isLive) return;
        this.#report(client, id, step.change);
        return this.#naive.move(client, id, STATE_AFTER[step.change.type], nowMs);
      case "remove":
        if (state === undefined || isLive) return;
        this.#registry.remove(client, id);
        return this.#naive.remove(client, id, nowMs);
      case "restore": {
        if (state !== undefined || !this.#naive.isRestorable(client, id, nowMs)) return;
        const restored = this.#registry.restore(client, id);
        const restore = () => this.#naive.restore(client, id, nowMs);
        return restored instanceof Promise ? restored.then(restore) : restore();
      }
    }
  }

  #report(client: string, id: string, change: ReportedChange): void {
    this.#registry.report({ client, id, at: Date.now() / 1_000, change }, this.#reporter);
  }

  #open(): void {
    this.#store = this.#disk.open();
    this.#starts++;
    const unsavedEpoch = `unsaved${this.#starts}`;
    this.#registry = new Registry({ store: this.#store, limits: this.#limits, unsavedEpoch });
    this.#oracle = new ResumeOracle(this.#registry, CLIENTS);
    this.#hub = new Hub(this.#registry, this.#limits);
    // Only the parts of a context that requests for lists and changes need.
    const context = {
      registry: this.#registry,
      limits: this.#limits,
      cluster: null,
    } as unknown as HandlerContext;
    this.#rest = new Rest(context);
    this.#waits = new Waits(context);
    this.#past.push([this.#store.seq, this.#naive.clone()]);
  }

  /** Stops the registry and all watchers. */
  #stop(): void {
    for (const watcher of [...this.#watchers, ...this.#taskWatchers]) watcher.leave();
    this.#taskWatchers = [];
    this.#polls = [];
    this.#oracle[Symbol.dispose]();
    this.#hub[Symbol.dispose]();
    this.#registry[Symbol.dispose]();
  }

  async #restart(how: "close" | "crash"): Promise<void> {
    this.counts.restarts++;
    this.#stop();
    const keptSeq = await this.#disk[how]();
    const kept = this.#past.findLast(([seq]) => seq <= keptSeq)?.[1] ?? new NaiveTasks(this.#limits);
    // The changes that the next registry makes on its start may never be committed, so they are not recorded here.
    this.#past.splice(0, this.#past.length, [keptSeq, kept]);
    this.#naive = kept.restarted(Date.now());
    this.#open();
    this.#checkCursors();
  }

  #connect(watcher: ListWatcher, from: StepCursor): void {
    if (watcher.kind === "rest") {
      if (!watcher.isConnected) this.#polls.push(this.#poll(watcher, from));
      return;
    }
    const after = this.#begin(watcher, from);
    const { client, kind, model } = watcher;
    const connection = watcher.connect({
      received: () => this.#shown(client, model),
      failed: (error) => this.#failures.push(error),
    });
    const cursor = after === null ? null : parseCursor(after);
    connection.stop = kind === "events"
      ? this.#hub.watchEvents(client, connection, cursor)
      : this.#hub.watch(client, connection, kind, cursor);
  }

  async #poll(watcher: ListWatcher, from: StepCursor): Promise<void> {
    const after = this.#begin(watcher, from);
    const { client, model } = watcher;
    const { seq } = this.#registry.cursor;
    const connection = watcher.connect({ received: () => {}, failed: () => {} });
    const all = `http://localhost/tasks/${client}`;
    try {
      let isAll = after === null;
      let response: Response | undefined;
      if (after !== null) {
        response = await this.#answer(`${all}?after=${after}`, client);
        watcher.checkResync(response === undefined);
        isAll = response === undefined;
      }
      if (isAll) model.beginAnew();
      response ??= await this.#answer(all, client);
      const body = await response!.json();
      if (!connection.isOpen) return;
      if (isAll) model.takeState(body);
      else model.takeChanges(body);
      this.#shown(client, model);
      const wanted = this.#oracle.records(client, Math.max(seq, model.seq));
      this.#compare(recordsOf(model), wanted, `${model.name} asked at ${seq}`);
    } catch (error) {
      if (connection.isOpen) this.#failures.push(error);
    } finally {
      if (connection.isOpen) watcher.leave();
    }
  }

  /** Returns the response to a request; `undefined` if the cursor is too old. */
  async #answer(url: string, client: string): Promise<Response | undefined> {
    try {
      const request = new Request(url);
      if (url.includes("?")) return await this.#waits.changes({ client, request, visitor: VISITOR });
      return await this.#rest.list({ client, request });
    } catch (error) {
      if (error instanceof Problem && error.status === 410 && error.code === "cursor_gone") return undefined;
      throw error;
    }
  }

  /** Selects the state from which a watcher resumes; returns the cursor, or `null` to request the full state. */
  #begin(watcher: ListWatcher, from: StepCursor): string | null {
    watcher.leave();
    watcher.choose(from);
    const { epoch, seq } = this.#registry.cursor;
    const { cursor } = watcher.model;
    const mode = watcher.kind === "full" ? "full" : "delta";
    watcher.model.connect(mode);
    if (mode === "full" || cursor === null) return null;
    if (from === "future" || from === "foreign") {
      watcher.expect("resync");
      return from === "future" ? `${epoch}:${seq + 1}` : `foreign:${seq}`;
    }
    watcher.expect(!this.#isKnown(cursor) ? "resync" : this.#mayForget ? "either" : "changes");
    return cursor;
  }

  #watchTask(client: string, id: string): void {
    const stored = this.#registry.stored(client, id);
    if (stored === undefined) return;
    const watcher = new TaskWatcher(client, atHand(stored).task, (error) => this.#failures.push(error));
    this.#taskWatchers.push(watcher);
    watcher.stop = this.#hub.watchTask(client, atHand(stored), watcher);
  }

  /** Whether a cursor has an epoch that the current registry accepts. */
  #isKnown(cursor: string): boolean {
    const [epoch] = cursor.split(":");
    return epoch === this.#store.epoch || epoch === `unsaved${this.#starts}`;
  }

  /** Checks that a watcher's copy equals the state at its cursor, and has no change that had to be committed first. */
  #shown(client: string, model: WatcherModel): void {
    this.counts.messages++;
    const cursor = model.cursor!;
    const records = recordsOf(model);
    const { seq } = model;
    this.#compare(records, this.#oracle.records(client, seq), `${model.name} at ${cursor}`);
    const membershipSeq = this.#oracle.membershipSeq(client, seq);
    if (cursor.startsWith(`${this.#store.epoch}:`) && membershipSeq > this.#store.committedSeq) {
      const { committedSeq } = this.#store;
      throw new Error(
        `${model.name} received change ${membershipSeq} when only ${committedSeq} was committed`,
      );
    }
    this.#seen.push({ client, cursor, records });
  }

  /** Checks that every cursor that any watcher received leads to the current state or is rejected. */
  #checkCursors(): void {
    for (const { client, cursor, records } of this.#seen) {
      const changes = this.#registry.changesSince(client, parseCursor(cursor));
      if (!this.#isKnown(cursor)) {
        this.counts.foreign++;
        if (changes !== undefined) throw new Error(`Cursor ${cursor} has another epoch, but was accepted`);
      } else if (changes === undefined) {
        this.counts.forgotten++;
        if (!this.#mayForget) throw new Error(`Cursor ${cursor} was rejected, although nothing is forgotten`);
      } else {
        this.counts.known++;
        this.#compare(applied(records, changes), this.#oracle.present(client), `${client} from ${cursor}`);
      }
    }
  }

  #check(): void {
    const [failure] = this.#failures;
    if (failure !== undefined) throw failure;
    for (const client of CLIENTS) {
      this.#compare(
        this.#oracle.newest(client),
        this.#oracle.present(client),
        `the published changes of ${client}`,
      );
      const runs = Array.from(this.#registry.list(client), (stored) => {
        const { id, state, metadata } = atHand(stored).task;
        return `${id} ${metadata.run} ${state}`;
      });
      const wanted = this.#naive.shown(client);
      if (runs.sort().join() !== wanted.join()) throw new Error(`${client} has ${runs}, wanted ${wanted}`);
    }
  }

  #compare(received: Records, wanted: Records, what: string): void {
    if (isSame(received, wanted)) return;
    const [was, should] = [received, wanted].map((records) => [...records.values()].join("\n  "));
    throw new Error(`Wrong: ${what}\n  ${was}\nwanted\n  ${should}`);
  }
}

const STATE_AFTER = { finish: "FINISHED", fail: "ERROR", cancelled: "CANCELLED" } as const;

function recordsOf(model: WatcherModel): Records {
  return new Map(Array.from(model.tasks, ([id, task]) => [id, JSON.stringify(task)]));
}

function applied(records: Records, { removed, tasks }: ChangesSince): Records {
  const after = new Map(records);
  for (const { id } of removed) after.delete(id);
  for (const stored of tasks) after.set(stored.id, atHand(stored).json);
  return after;
}
