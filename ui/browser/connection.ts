/**
 * Keeps a page connected to the server: comes back after every loss with the cursor of what it saw last, so that nothing
 * is missed, goes another way where something blocks the best one, and says honestly how current the page is.
 *
 * @module
 */

import type { Return } from "../shared/news.ts";
import type { Task } from "../../lib/task/task.ts";
import type { ServerMessage } from "../../lib/task/wire.ts";
import type { ProbeResult } from "./probe.ts";
import type { Link, LinkEnd, Transport } from "./transports.ts";
import type { TransportName } from "../shared/view.ts";

/** How the connection stands. */
export type ConnectionStatus =
  | { readonly kind: "connecting" }
  | { readonly kind: "live"; readonly over: TransportName }
  /** Live still, but the server is about to end. */
  | { readonly kind: "closing" }
  /** Lost; it is being tried again. */
  | { readonly kind: "reconnecting"; readonly reason: string | null }
  /** Lost for good. */
  | { readonly kind: "stopped"; readonly reason: string };

/** How a {@linkcode DeltaConnection} behaves. */
export interface DeltaConnectionOptions {
  /** The ways to the server, best first. */
  readonly transports: readonly [Transport, ...Transport[]];
  /** The way to begin with: the one that worked last. @default {the best} */
  readonly first?: TransportName | null;
  /** The position from which on changes are wanted. */
  readonly cursor: string;
  /** Takes what changed. */
  readonly onChanges: (tasks: readonly Task[], removed: readonly string[]) => void;
  /** Takes all tasks, where what was missed could not be told. */
  readonly onReplace: (tasks: readonly Task[]) => void;
  readonly onStatus: (status: ConnectionStatus) => void;
  /** Hears, after each loss of a connection that was live, what was missed, once that was given to the others. */
  readonly onReturn: (back: Return) => void;
  /** Hears why the server can't store anything, and `null` where it can. May hear the same again. */
  readonly onDegradation: (detail: string | null) => void;
  /** Called at every sign of life from the server. */
  readonly onSign: () => void;
  /** Asks the server over plain HTTP whether it is there, and still serves this page. */
  readonly probe: () => Promise<ProbeResult>;
  /** Longest wait before the first retry; the wait is drawn at random and its bound doubles. @default {500} */
  readonly minRetryMs?: number;
  /** Bound of that bound. @default {10_000} */
  readonly maxRetryMs?: number;
  /** How long a link may say nothing before the server is probed. @default {20_000} */
  readonly silenceMs?: number;
  /** How long a link may take until the server is heard over it; three times that to tell what was missed. @default {6_000} */
  readonly openMs?: number;
  /** Wait before a better way is tried again; doubles with every vain trial, up to 5 minutes. @default {15_000} */
  readonly trialMs?: number;
}

/** After so many vain attempts in a row with a server that answers otherwise, something between blocks this way. */
const BLOCKED_AFTER = 2;
/** Who said nothing of trouble for so long after the opening, in milliseconds, has none. */
const OPENING_MS = 500;
/** A link that lasted for less, in milliseconds, counts as one more attempt: some accept, then close. */
const STEADY_MS = 2_000;
/** Longest wait before a better way is tried again, in milliseconds. */
const MOST_TRIAL_MS = 300_000;

/** One link, from its beginning to its end. */
interface Attempt {
  /** Which of the transports it goes by. */
  readonly level: number;
  link: Link | undefined;
  /** When the server was first heard over it; `undefined` before. */
  heardAt: number | undefined;
  /** Whether it has told what was missed, that the server ends, and of degradation. */
  isCurrent: boolean;
  isClosing: boolean;
  isTroubleTold: boolean;
  /** Whether it was given up because nothing came over it. */
  isMute: boolean;
  /** Of a trial: what came before it was taken for the link. */
  early: ServerMessage[];
  /** Ends it where it does not tell what was missed. */
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** A connection that comes back. Begins at once; ends with {@linkcode DeltaConnection.close}. */
export class DeltaConnection implements Disposable {
  readonly #options: DeltaConnectionOptions;
  #cursor: string;
  #level: number;
  #present: Attempt | undefined;
  /** A better way that is being tried while the present one goes on. */
  #trial: Attempt | undefined;
  #trialTimer: ReturnType<typeof setTimeout> | undefined;
  #trialMs: number;
  /** Retry or silence: never both at a time. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;
  /** How often in a row the server answered otherwise after a vain attempt. */
  #blocked = 0;
  #wasLive = false;
  #isLost = false;
  /** Whether the server that was lost had said that it was about to end. */
  #wasClosing = false;
  #troubleTimer: ReturnType<typeof setTimeout> | undefined;
  /** How often the server was heard; tells whether it spoke while it was being asked. */
  #signs = 0;
  #ended = false;

  /** @param options where to connect, and who hears of it */
  constructor(options: DeltaConnectionOptions) {
    this.#options = options;
    this.#cursor = options.cursor;
    this.#trialMs = options.trialMs ?? 15_000;
    this.#level = Math.max(0, options.transports.findIndex(({ name }) => name === options.first));
    options.onStatus({ kind: "connecting" });
    this.#connect();
  }

  /** The position of what was seen last. */
  get cursor(): string {
    return this.#cursor;
  }

  /** Tries again now rather than when the wait is over: the network is back, or somebody looks. */
  retryNow(): void {
    if (this.#ended) return;
    if (this.#present === undefined) {
      this.#attempts = 0;
      this.#connect();
    } else if (this.#present.isCurrent && this.#level > 0 && this.#trial === undefined) {
      this.#trialMs = this.#options.trialMs ?? 15_000;
      this.#try(0);
    }
  }

  /** Asks the server now whether it is still there: the machine woke up, or the network changed. */
  checkNow(): void {
    const present = this.#present;
    // A server that is about to end answers nobody any more, but tells its watchers the rest.
    if (present?.isClosing) return;
    if (present?.heardAt === undefined) return this.retryNow();
    void this.#probeSilence(present);
    this.retryNow();
  }

  /** Ends the connection for good, without a word. */
  close(): void {
    this.#ended = true;
    this.#drop();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.#present = this.#open(this.#level);
  }

  #open(level: number): Attempt {
    const attempt: Attempt = {
      level,
      link: undefined,
      heardAt: undefined,
      isCurrent: false,
      isClosing: false,
      isTroubleTold: false,
      early: [],
      isMute: false,
      timer: undefined,
    };
    this.#expect(attempt, 1);
    attempt.link = this.#options.transports[level]!.open(this.#cursor, {
      onSign: () => this.#sign(attempt),
      onMessage: (message) => this.#receive(attempt, message),
      onEnd: (why) => this.#end(attempt, why),
    });
    return attempt;
  }

  /** Gives a link some time to go on. */
  #expect(attempt: Attempt, times: number): void {
    clearTimeout(attempt.timer);
    const openMs = this.#options.openMs ?? 6_000;
    attempt.timer = setTimeout(() => {
      attempt.isMute = true;
      this.#end(attempt, "lost");
    }, openMs * times);
  }

  /** The server was heard: wait anew for a silence. */
  #sign(attempt: Attempt): void {
    const isFirst = attempt.heardAt === undefined;
    attempt.heardAt ??= performance.now();
    // What was missed may be much, and the line slow.
    if (!attempt.isCurrent) this.#expect(attempt, 3);
    if (attempt !== this.#present) return;
    this.#signs++;
    this.#options.onSign();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#probeSilence(attempt), this.#options.silenceMs ?? 20_000);
    // Who comes back may meet another version of the server.
    if (isFirst && this.#isLost) void this.#probeSilence(attempt);
  }

  #receive(attempt: Attempt, message: ServerMessage): void {
    const isState = message.type === "task_update" || message.type === "initial_state";
    if (attempt === this.#trial) {
      attempt.early.push(message);
      if (isState) this.#adopt(attempt);
      return;
    }
    if (attempt !== this.#present) return;
    if (isState) {
      const isAnew = message.type === "initial_state";
      const removed = isAnew ? [] : message.removed;
      if (isAnew) this.#options.onReplace(message.tasks);
      else this.#options.onChanges(message.tasks, removed);
      this.#cursor = message.cursor ?? this.#cursor;
      this.#current(attempt, { tasks: message.tasks, removed, isAnew });
    } else if (message.type === "closing") {
      attempt.isClosing = true;
      if (attempt.isCurrent) this.#options.onStatus({ kind: "closing" });
    } else if (message.type === "degraded") {
      attempt.isTroubleTold = true;
      this.#options.onDegradation(message.detail);
    }
    // "resync" only announces the initial state that follows; until then the old cursor stays right.
  }

  /** The first state that a link brings is what was missed: from now on the page is live. */
  #current(attempt: Attempt, missed: Omit<Return, "wasClosing">): void {
    if (attempt.isCurrent) return;
    attempt.isCurrent = true;
    clearTimeout(attempt.timer);
    this.#blocked = 0;
    const over = this.#options.transports[attempt.level]!.name;
    this.#options.onStatus(attempt.isClosing ? { kind: "closing" } : { kind: "live", over });
    if (this.#isLost && this.#wasLive) this.#options.onReturn({ ...missed, wasClosing: this.#wasClosing });
    this.#wasLive = true;
    this.#isLost = false;
    this.#wasClosing = false;
    // Trouble is told beside the opening, and nothing where there is none.
    clearTimeout(this.#troubleTimer);
    this.#troubleTimer = setTimeout(() => {
      if (!attempt.isTroubleTold) this.#options.onDegradation(null);
    }, OPENING_MS);
    this.#planTrial();
  }

  /** A link that says nothing may have nothing to say, or have been cut where neither side notices. */
  async #probeSilence(attempt: Attempt): Promise<void> {
    if (attempt !== this.#present) return;
    clearTimeout(this.#timer);
    const signs = this.#signs;
    const found = await this.#options.probe();
    if (attempt !== this.#present) return;
    const spoke = signs !== this.#signs;
    if (found === "alive" || (found === "dead" && spoke)) return this.#sign(attempt);
    this.#drop();
    if (found === "outdated") this.#stopOutdated();
    else await this.#lost(true);
  }

  #end(attempt: Attempt, why: LinkEnd): void {
    if (attempt === this.#trial) return this.#trialFailed(attempt);
    if (attempt !== this.#present) return;
    const { heardAt, isCurrent, isMute } = attempt;
    this.#drop();
    if (heardAt !== undefined && performance.now() - heardAt >= STEADY_MS) this.#attempts = 0;
    if (why === "refused") {
      this.#stop("The server refuses to show this any longer. Reload the page to sign in again.");
    } else if (why === "not_found") {
      this.#stop("The server no longer knows what this page shows.");
    } else void this.#lost(isCurrent, isMute);
  }

  async #lost(wasCurrent: boolean, isMute = false): Promise<void> {
    this.#attempts++;
    this.#isLost = true;
    this.#options.onStatus({ kind: "reconnecting", reason: null });
    const bound = Math.min(
      this.#options.maxRetryMs ?? 10_000,
      (this.#options.minRetryMs ?? 500) * 2 ** (this.#attempts - 1),
    );
    // Drawn at random, so that the watchers of a server that restarts do not all come back in the same instant.
    this.#timer = setTimeout(() => this.#connect(), bound * (0.5 + Math.random() / 2));
    if (wasCurrent || (this.#attempts < 2 && !isMute)) return;
    const attempt = this.#attempts;
    const found = await this.#options.probe();
    if (this.#ended || attempt !== this.#attempts || this.#present?.heardAt !== undefined) return;
    // A server that is just starting may answer this after it refused the link.
    // One that let a link in and then said nothing will not say more next time.
    this.#blocked = found === "alive" ? this.#blocked + (isMute ? BLOCKED_AFTER : 1) : 0;
    if (found === "outdated") this.#stopOutdated();
    else if (this.#blocked >= BLOCKED_AFTER) this.#goDown();
  }

  /** Something between blocks the present way: takes the next. */
  #goDown(): void {
    if (this.#level + 1 < this.#options.transports.length) {
      this.#drop();
      this.#level++;
      this.#blocked = this.#attempts = 0;
      this.#connect();
      return;
    }
    const reason = "The server answers, but something between blocks live updates. Reload to refresh.";
    this.#options.onStatus({ kind: "reconnecting", reason });
  }

  /** Tries better ways after a while, and less and less often. */
  #planTrial(): void {
    clearTimeout(this.#trialTimer);
    if (this.#level === 0 || this.#trial !== undefined) return;
    this.#trialTimer = setTimeout(() => this.#try(0), this.#trialMs);
    this.#trialMs = Math.min(MOST_TRIAL_MS, this.#trialMs * 2);
  }

  #try(level: number): void {
    clearTimeout(this.#trialTimer);
    this.#trial = undefined;
    if (level < this.#level) this.#trial = this.#open(level);
    else this.#planTrial();
  }

  #trialFailed(trial: Attempt): void {
    release(trial);
    this.#try(trial.level + 1);
  }

  /** A better way works: goes on by it. It begins at an older cursor at most, which does no harm. */
  #adopt(trial: Attempt): void {
    this.#trial = undefined;
    if (this.#present !== undefined) release(this.#present);
    this.#present = trial;
    this.#level = trial.level;
    this.#sign(trial);
    for (const message of trial.early.splice(0)) this.#receive(trial, message);
  }

  #stopOutdated(): void {
    this.#stop("The server was updated. Reload the page to go on.");
  }

  #stop(reason: string): void {
    this.close();
    this.#options.onStatus({ kind: "stopped", reason });
  }

  #drop(): void {
    // What waits is for this link: its silence, word of degradation, and a better way.
    for (const timer of [this.#timer, this.#troubleTimer, this.#trialTimer]) clearTimeout(timer);
    for (const attempt of [this.#present, this.#trial]) if (attempt !== undefined) release(attempt);
    this.#wasClosing ||= this.#present?.isClosing ?? false;
    this.#present = this.#trial = undefined;
  }
}

/** Ends a link that nobody listens to any more. */
function release({ link, timer }: Attempt): void {
  clearTimeout(timer);
  link?.close();
}
