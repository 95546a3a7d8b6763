/**
 * Keeps a page's WebSocket to the server: comes back after every loss with the cursor of what it saw last, so that
 * nothing is missed, and says honestly how current the page is.
 *
 * @module
 */

import type { Task } from "../lib/task.ts";
import type { ProbeResult } from "./probe.ts";
import { readMessage } from "../lib/wire.ts";

/** How the connection stands. */
export type ConnectionStatus =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** Live still, but the server is about to end. */
  | { readonly kind: "closing" }
  /** Lost; it is being tried again. */
  | { readonly kind: "reconnecting"; readonly reason: string | null }
  /** Lost for good. */
  | { readonly kind: "stopped"; readonly reason: string };

/** What a server that was lost says first when it is found again. */
export interface Return {
  /** The tasks that changed meanwhile, or all of them. */
  readonly tasks: readonly Task[];
  readonly removed: readonly string[];
  /** Whether what changed meanwhile could not be told, and everything was sent anew. */
  readonly isAnew: boolean;
  /** Whether the server had said, before it was lost, that it was about to end. */
  readonly wasClosing: boolean;
}

/** How a {@linkcode DeltaConnection} behaves. */
export interface DeltaConnectionOptions {
  /** The socket's address without a query: `ws://host/ws/tasks/default`. */
  readonly url: string;
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
  readonly onTrouble: (detail: string | null) => void;
  /** Called at every sign of life from the server. */
  readonly onSign: () => void;
  /** Asks the server over plain HTTP whether it is there, and still serves this page. */
  readonly probe: () => Promise<ProbeResult>;
  /** Longest wait before the first retry; the wait is drawn at random and its bound doubles. @default {500} */
  readonly minRetryMs?: number;
  /** Bound of that bound. @default {10_000} */
  readonly maxRetryMs?: number;
  /** How long a socket may say nothing before the server is probed. @default {20_000} */
  readonly silenceMs?: number;
}

/** Closed because the watcher may not see this, or no longer. */
const REFUSED_CODES: ReadonlySet<number> = new Set([1008, 4401, 4403]);
const NOT_FOUND_CODE = 4404;
/** After so many vain attempts in a row with a server that answers otherwise, something between blocks the socket. */
const BLOCKED_AFTER = 2;
/** Who said nothing of trouble for so long after the opening, in milliseconds, has none. */
const OPENING_MS = 500;
/** A socket that was open for less, in milliseconds, counts as one more vain attempt: some accept, then close. */
const STEADY_MS = 5_000;

/** A socket that comes back. Begins at once; ends with {@linkcode DeltaConnection.close}. */
export class DeltaConnection implements Disposable {
  readonly #options: DeltaConnectionOptions;
  #cursor: string;
  #socket: WebSocket | undefined;
  /** Retry or silence: never both at a time. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;
  /** How often in a row the server answered otherwise after a vain attempt. */
  #blocked = 0;
  #wasLive = false;
  #isLost = false;
  /** Whether the server that was lost had said that it was about to end. */
  #wasClosing = false;
  /** Of the present socket: whether it has told what was missed, that the server ends, and of trouble. */
  #isCurrent = false;
  #isClosing = false;
  #isTroubleTold = false;
  #troubleTimer: ReturnType<typeof setTimeout> | undefined;
  /** How often the server was heard; tells whether it spoke while it was being asked. */
  #signs = 0;
  #ended = false;

  /** @param options where to connect, and who hears of it */
  constructor(options: DeltaConnectionOptions) {
    this.#options = options;
    this.#cursor = options.cursor;
    options.onStatus({ kind: "connecting" });
    this.#connect();
  }

  /** The position of what was seen last. */
  get cursor(): string {
    return this.#cursor;
  }

  /** Tries again now rather than when the wait is over: the network is back, or somebody looks. */
  retryNow(): void {
    if (this.#ended || this.#socket !== undefined) return;
    this.#attempts = 0;
    this.#connect();
  }

  /** Asks the server now whether it is still there: the machine woke up, or the network changed. */
  checkNow(): void {
    // A server that is about to end answers nobody any more, but tells its watchers the rest.
    if (this.#isClosing) return;
    if (this.#socket?.readyState === WebSocket.OPEN) void this.#probeSilence(this.#socket);
    else this.retryNow();
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
    const url = `${this.#options.url}?mode=delta&after=${encodeURIComponent(this.#cursor)}`;
    const socket = new WebSocket(url);
    this.#socket = socket;
    let openedAt: number | undefined;
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      openedAt = performance.now();
      this.#blocked = 0;
      this.#signOfLife(socket);
      // Who comes back may meet another version of the server.
      if (this.#isLost) void this.#probeSilence(socket);
    };
    socket.onmessage = (event) => {
      if (socket !== this.#socket) return;
      this.#signOfLife(socket);
      this.#receive(event.data);
    };
    socket.onclose = (event) => {
      if (socket !== this.#socket) return;
      this.#drop();
      if (openedAt !== undefined && performance.now() - openedAt >= STEADY_MS) this.#attempts = 0;
      if (REFUSED_CODES.has(event.code)) {
        this.#stop("The server refuses to show this any longer. Reload the page to sign in again.");
      } else if (event.code === NOT_FOUND_CODE) {
        this.#stop("The server no longer knows what this page shows.");
      } else void this.#lost(openedAt !== undefined);
    };
    // An error is always followed by a close, which says more.
    socket.onerror = (event) => event.preventDefault();
  }

  #receive(data: unknown): void {
    try {
      const message = readMessage(String(data));
      switch (message.type) {
        case "task_update":
          this.#options.onChanges(message.tasks, message.removed);
          this.#cursor = message.cursor ?? this.#cursor;
          this.#current({ tasks: message.tasks, removed: message.removed, isAnew: false });
          break;
        case "initial_state":
          this.#options.onReplace(message.tasks);
          this.#cursor = message.cursor ?? this.#cursor;
          this.#current({ tasks: message.tasks, removed: [], isAnew: true });
          break;
        case "closing":
          this.#isClosing = true;
          if (this.#isCurrent) this.#options.onStatus({ kind: "closing" });
          break;
        case "degraded":
          this.#isTroubleTold = true;
          this.#options.onTrouble(message.detail);
          break;
          // "resync" only announces the initial state that follows; until then the old cursor stays right.
      }
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
      // What could not be read is a gap: come back and ask for it again.
      this.#drop();
      void this.#lost(true);
    }
  }

  /** The first state that a socket brings is what was missed: from now on the page is live. */
  #current(missed: Omit<Return, "wasClosing">): void {
    if (this.#isCurrent) return;
    this.#isCurrent = true;
    this.#options.onStatus({ kind: this.#isClosing ? "closing" : "live" });
    if (this.#wasLive) this.#options.onReturn({ ...missed, wasClosing: this.#wasClosing });
    this.#wasLive = true;
    this.#isLost = false;
    this.#wasClosing = false;
    // Trouble is told beside the opening, and nothing where there is none.
    if (!this.#isTroubleTold) this.#troubleTimer = setTimeout(() => this.#noTrouble(), OPENING_MS);
  }

  #noTrouble(): void {
    if (!this.#isTroubleTold) this.#options.onTrouble(null);
  }

  /** The server was heard: wait anew for a silence. */
  #signOfLife(socket: WebSocket): void {
    this.#signs++;
    this.#options.onSign();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#probeSilence(socket), this.#options.silenceMs ?? 20_000);
  }

  /** A socket that says nothing may have nothing to say, or have been cut where neither side notices. */
  async #probeSilence(socket: WebSocket): Promise<void> {
    if (socket !== this.#socket) return;
    clearTimeout(this.#timer);
    const signs = this.#signs;
    const found = await this.#options.probe();
    if (socket !== this.#socket) return;
    const spoke = signs !== this.#signs;
    if (found === "alive" || (found === "dead" && spoke)) return this.#signOfLife(socket);
    this.#drop();
    if (found === "outdated") this.#stopOutdated();
    else await this.#lost(true);
  }

  async #lost(opened: boolean): Promise<void> {
    this.#attempts++;
    this.#isLost = true;
    this.#options.onStatus({ kind: "reconnecting", reason: null });
    const bound = Math.min(
      this.#options.maxRetryMs ?? 10_000,
      (this.#options.minRetryMs ?? 500) * 2 ** (this.#attempts - 1),
    );
    // Drawn at random, so that the watchers of a server that restarts do not all come back in the same instant.
    this.#timer = setTimeout(() => this.#connect(), bound * (0.5 + Math.random() / 2));
    if (opened || this.#attempts < 2) return;
    const attempt = this.#attempts;
    const found = await this.#options.probe();
    if (this.#ended || attempt !== this.#attempts || this.#socket?.readyState === WebSocket.OPEN) return;
    // A server that is just starting may answer this after it refused the socket.
    this.#blocked = found === "alive" ? this.#blocked + 1 : 0;
    if (found === "outdated") this.#stopOutdated();
    else if (this.#blocked >= BLOCKED_AFTER) {
      const reason = "The server answers, but something between blocks live updates. Reload to refresh.";
      this.#options.onStatus({ kind: "reconnecting", reason });
    }
  }

  #stopOutdated(): void {
    this.#stop("The server was updated. Reload the page to go on.");
  }

  #stop(reason: string): void {
    this.close();
    this.#options.onStatus({ kind: "stopped", reason });
  }

  #drop(): void {
    // What waits is for this socket: its silence, and word of trouble.
    clearTimeout(this.#timer);
    clearTimeout(this.#troubleTimer);
    this.#wasClosing ||= this.#isClosing;
    this.#isCurrent = this.#isClosing = this.#isTroubleTold = false;
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined && socket.readyState < WebSocket.CLOSING) socket.close();
  }
}
