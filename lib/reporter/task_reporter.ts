/**
 * The reporter's side of one task: merges what is said in quick succession and hands it on, in order.
 *
 * @module
 */

import { truncate } from "../task/truncate.ts";
import { byteLength, nestsDeeperThan } from "../task/protocol.ts";
import { LIMITS } from "../task/grammar.ts";
import type {
  CancelledChange,
  CreateChange,
  FailChange,
  FinishChange,
  LogLine,
  ReportedChange,
  UpdateChange,
} from "../task/task.ts";
import type { ReportedTask, ReportSink } from "./report_sink.ts";
import { UPDATE_FIELD_NAMES, UPDATE_FIELDS } from "../task/update_fields.ts";
import { mergeMetadata, progressAfter, type TaskProgress } from "../task/transition.ts";

/** How a {@linkcode TaskReporter} merges. */
export interface ReporterOptions {
  /** Least time between two hand-overs of progress, in milliseconds; 0 hands on every update by itself. */
  readonly flushIntervalMs: number;
  /** Log lines that are held back at most; of more, the newest are kept. */
  readonly unsentLogLines: number;
}

/** What a {@linkcode TaskReporter} tells the task's own side. */
export interface TaskHandlers {
  /** Somebody asks the task to stop. */
  readonly onCancel: () => void;
  /** The process is about to end. */
  readonly onInterrupt: () => void;
  readonly warn: (message: string) => void;
}

/** The defaults of {@linkcode ReporterOptions}. */
export const REPORTER_DEFAULTS: ReporterOptions = { flushIntervalMs: 50, unsentLogLines: 1_000 };

/** What an end can be. */
export type EndChange = FinishChange | FailChange | CancelledChange;

type Draft = { -readonly [Key in keyof UpdateChange]: UpdateChange[Key] };

/** An update as user code gives it: nothing is believed. */
export interface TaskUpdate extends Omit<UpdateChange, "type"> {}

/**
 * Merges the updates of one task: newest wins, first at once, then at most one every `flushIntervalMs`. State changes,
 * log lines and the last value are never merged away. What is held back is bounded by the task, not by how often it
 * is updated.
 */
export class TaskReporter implements ReportedTask {
  readonly client: string;
  readonly id: string;
  readonly #sink: ReportSink;
  readonly #options: ReporterOptions;
  readonly #handlers: TaskHandlers;
  /** State changes that were not handed over yet, in order. */
  #states: { readonly at: number; readonly change: ReportedChange }[] = [];
  /** How the task began, with the metadata that it has now. */
  #create: { readonly at: number; readonly change: CreateChange } | null = null;
  /** All else that was said of it since, merged; `null` where nothing was. */
  #summary: Draft | null = null;
  /** It was asked to stop. */
  #isCancelRequested = false;
  #draft: Draft | null = null;
  #draftAt = 0;
  #lines: LogLine[] = [];
  #droppedLines = 0;
  #sentLines = 0;
  #progress: TaskProgress = { progress: null, current: null, total: null };
  #flushedMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #end: { readonly at: number; readonly change: EndChange } | null = null;
  #closed = false;
  #refused = false;
  #warned = false;

  /**
   * @param sink where reports go
   * @param key which task
   * @param handlers what to do on a request to stop and before the end of the process, and where warnings go
   * @param options how to merge
   */
  constructor(
    sink: ReportSink,
    key: { readonly client: string; readonly id: string },
    handlers: TaskHandlers,
    options: ReporterOptions = REPORTER_DEFAULTS,
  ) {
    this.#sink = sink;
    this.client = key.client;
    this.id = key.id;
    this.#handlers = handlers;
    this.#options = options;
    sink.open(this);
  }

  get ended(): boolean {
    return this.#end !== null;
  }

  /** Registers the task and says that its code begins. */
  begin(create: CreateChange): void {
    this.#create = { at: Date.now() / 1000, change: create };
    this.#queueCreation();
    this.flush();
  }

  /** Says how far the task is. Never throws: a value that can't be is left out with one warning. */
  update(update: TaskUpdate): void {
    if (this.#end !== null) return;
    const nowMs = Date.now();
    try {
      this.#merge(update ?? {});
    } catch {
      // A getter or a conversion of the user's own threw.
      this.#warnOnce("a value can't be read");
    }
    this.#draftAt = nowMs / 1000;
    this.#flushSoon(nowMs);
  }

  /** Adds a line to the task's log. */
  log(line: string): void {
    if (this.#end !== null) return;
    const nowMs = Date.now();
    this.#lines.push({ at: nowMs / 1000, text: truncate(textOf(line), LIMITS.logLineLength) });
    if (this.#lines.length >= this.#options.unsentLogLines) this.flush();
    // Only where they can't be handed over. Cut in halves, so that each line costs the same on average.
    if (this.#lines.length >= this.#options.unsentLogLines * 2) this.#dropOldLines();
    this.#flushSoon(nowMs);
  }

  /** Says that somebody on this side asked the task to stop. */
  requestCancel(): void {
    if (this.#end !== null) return;
    this.#isCancelRequested = true;
    this.#states.push({ at: Date.now() / 1000, change: { type: "request_cancel" } });
    this.flush();
  }

  /** Says how the task ended; nothing can be said afterwards. */
  end(change: EndChange): void {
    if (this.#end !== null) return;
    this.#end = { at: Date.now() / 1000, change };
    this.flush();
  }

  announce(): void {
    if (this.#closed || !this.#sink.ready) return;
    for (const { at, change } of this.#states.splice(0)) this.#report(at, change);
  }

  flush(): void {
    if (this.#closed || !this.#sink.ready) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushedMs = Date.now();
    this.announce();
    if (this.#draft !== null) {
      const draft = this.#draft;
      this.#draft = null;
      this.#remember(draft);
      this.#report(this.#draftAt, draft);
    }
    if (this.#lines.length > 0) this.#flushLines();
    if (this.#end !== null) {
      this.#report(this.#end.at, this.#end.change);
      this.#close();
    }
  }

  cancelRequested(): void {
    if (this.#end === null) this.#handlers.onCancel();
  }

  interrupted(): void {
    if (this.#end === null) this.#handlers.onInterrupt();
  }

  restate(lines: readonly LogLine[]): void {
    if (this.#create === null || this.#refused) return;
    if (this.#closed) {
      this.#closed = false;
      this.#sink.open(this);
    }
    this.#states = [];
    if (this.#draft !== null) this.#remember(this.#draft);
    this.#draft = this.#summary === null ? null : { ...this.#summary };
    this.#queueCreation();
    this.#lines.unshift(...lines);
    this.#sentLines = 0;
    this.flush();
  }

  refused(message: string | null): void {
    if (this.#refused) return;
    this.#refused = true;
    // Also of a task that has ended already: whoever ran it looks for it in vain.
    if (message !== null) this.#handlers.warn(`Task "${this.id}" runs unmonitored: ${message}`);
    if (!this.#closed) this.#close();
  }

  #queueCreation(): void {
    if (this.#create === null) return;
    const { at } = this.#create;
    this.#states.push(this.#create, { at, change: { type: "start" } });
    if (this.#isCancelRequested) this.#states.push({ at, change: { type: "request_cancel" } });
  }

  /** Takes note of what is said, to be able to say it again. */
  #remember({ metadata, ...draft }: Draft): void {
    this.#summary = { ...this.#summary, ...draft };
    if (metadata === undefined || this.#create === null) return;
    const { at, change } = this.#create;
    this.#create = { at, change: { ...change, metadata: mergeMetadata(change.metadata, metadata) } };
  }

  #close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#states = [];
    this.#draft = null;
    this.#lines = [];
    this.#sink.close(this);
  }

  #report(at: number, change: ReportedChange): void {
    if (!this.#closed) this.#sink.report(this, { client: this.client, id: this.id, at, change });
  }

  #flushSoon(nowMs: number): void {
    if (this.#closed) return;
    const waitMs = this.#flushedMs + this.#options.flushIntervalMs - nowMs;
    // A clock that was set back must not hold reports up.
    if (waitMs <= 0 || waitMs > this.#options.flushIntervalMs) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), waitMs);
  }

  #flushLines(): void {
    this.#dropOldLines();
    const lines = this.#lines;
    this.#lines = [];
    if (this.#droppedLines > 0) {
      lines.push({
        at: lines.at(-1)?.at ?? 0,
        text: `… ${this.#droppedLines} lines were dropped before these`,
      });
      this.#droppedLines = 0;
    }
    const first = this.#sentLines;
    this.#sentLines += lines.length;
    this.#report(lines[0]?.at ?? 0, { type: "log", first, lines });
  }

  #dropOldLines(): void {
    const over = this.#lines.length - this.#options.unsentLogLines;
    if (over <= 0) return;
    this.#lines = this.#lines.slice(over);
    this.#droppedLines += over;
  }

  #merge(update: TaskUpdate): void {
    const draft = this.#draft ??= { type: "update" };
    const given = { type: "update" } as Draft;
    if (update.progress !== undefined && this.#isAmount(update.progress, "progress")) {
      given.progress = update.progress;
    }
    if (update.current !== undefined && this.#isAmount(update.current, "current")) {
      draft.current = given.current = update.current;
    }
    if (update.total !== undefined && this.#isAmount(update.total, "total")) {
      draft.total = given.total = update.total;
    }
    if (given.progress !== undefined || given.current !== undefined || given.total !== undefined) {
      // Resolved here, so that the merged update leads to the same record as its parts one by one.
      const before = this.#progress.progress;
      this.#progress = progressAfter(this.#progress, given);
      const { progress } = this.#progress;
      // A total alone says nothing of progress, and must not hide what the task's children add up to.
      if (given.progress !== undefined || progress !== before) draft.progress = progress;
    }
    Object.assign(draft, textsOf(update));
    if (update.metadata !== undefined) this.#mergeMetadata(draft, update.metadata);
  }

  #mergeMetadata(draft: Draft, metadata: unknown): void {
    try {
      // A copy: what user code does with its object later is no report.
      const copy = JSON.parse(JSON.stringify(metadata));
      if (typeof copy !== "object" || copy === null || Array.isArray(copy)) {
        throw new TypeError("not an object");
      }
      const merged = { ...draft.metadata, ...copy };
      const text = JSON.stringify(merged);
      if (byteLength(text) > LIMITS.metadataBytes) throw new RangeError("too large");
      if (nestsDeeperThan(text, LIMITS.jsonDepth)) throw new RangeError("too deep");
      draft.metadata = merged;
    } catch {
      this.#warnOnce(`metadata must be a JSON object of at most ${LIMITS.metadataBytes} bytes`);
    }
  }

  #isAmount(value: unknown, field: string): boolean {
    if (value === null || (typeof value === "number" && Number.isFinite(value))) return true;
    this.#warnOnce(`"${field}" must be a finite number or null, received ${textOf(value)}`);
    return false;
  }

  #warnOnce(message: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#handlers.warn(`Ignored part of an update of task "${this.id}": ${message}`);
  }
}

/** The fields of an update that are texts, truncated to their limits. */
function textsOf(update: TaskUpdate): Partial<UpdateChange> {
  const texts: Record<string, string | null> = {};
  for (const name of UPDATE_FIELD_NAMES) {
    const [field, value] = [UPDATE_FIELDS[name], update[name]];
    if (field.kind !== "text" || value === undefined) continue;
    texts[name] = field.isNullable && value === null ? null : truncate(String(value), field.maxLength);
  }
  return texts;
}

/** What user code gave as a text, whatever it is. */
export function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "(something that can't be shown)";
  }
}
