/**
 * Forwards this process's signals to the command that it runs.
 *
 * @module
 */

import { monotonicMs } from "../../clock.ts";
import { withTimeout } from "../../timeout.ts";
import type { Keyboard } from "./keyboard.ts";

/**
 * The time in milliseconds within which a repeated signal counts once: Ctrl-C under a task runner arrives
 * twice, from the terminal and from the task runner, which forwards it.
 */
const SAME_SIGNAL_MS = 250;
/**
 * The signals that a terminal's keyboard sends to the whole foreground process group, the command included.
 */
const FROM_KEYBOARD: ReadonlySet<Deno.Signal> = new Set(["SIGINT", "SIGQUIT"]);

/** Returns the signals that this process forwards to the command. */
export function relayedSignals(os: typeof Deno.build.os): Deno.Signal[] {
  return os === "windows"
    ? ["SIGINT", "SIGBREAK"]
    : ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"];
}

/** Options of a {@linkcode SignalRelay}. */
export interface SignalRelayOptions {
  /**
   * The keyboard of the terminal that both this process and the command run in, so that the command gets its signals
   * directly; `null` if there is none.
   */
  readonly keyboard: Pick<Keyboard, "maySignal"> | null;
  /** Forwards a signal to the command. */
  readonly relay: (signal: Deno.Signal) => void;
}

/**
 * Forwards signals to the command, except repeated signals, and keyboard signals that the command gets directly. In the
 * foreground of a terminal, a SIGINT or SIGQUIT that a program sends to this process alone is not forwarded, because
 * it can't be distinguished from Ctrl-C.
 */
export class SignalRelay {
  readonly #options: SignalRelayOptions;
  readonly #receivedMs: Map<Deno.Signal, number> = new Map();
  #onSignalAfterEnd: (() => void) | undefined;
  #onReceived: ((signal: Deno.Signal) => void) | undefined;

  /** @param options how to forward signals, and the keyboard whose signals the command gets directly */
  constructor(options: SignalRelayOptions) {
    this.#options = options;
  }

  /** The signals received so far. */
  get received(): ReadonlySet<Deno.Signal> {
    return new Set(this.#receivedMs.keys());
  }

  /**
   * Waits until this process also receives the signal that has ended the command, but only briefly, because the
   * signal may have been sent to the command alone.
   */
  async whenReceived(signal: Deno.Signal): Promise<void> {
    if (this.#receivedMs.has(signal) || !relayedSignals(Deno.build.os).includes(signal)) return;
    const received = Promise.withResolvers<void>();
    this.#onReceived = (other) => other === signal && received.resolve();
    await withTimeout(received.promise, SAME_SIGNAL_MS);
    this.#onReceived = undefined;
  }

  /** Stops forwarding, because the command has ended; every further signal calls `onSignal` instead. */
  commandEnded(onSignal: () => void): void {
    this.#onSignalAfterEnd = onSignal;
  }

  /** Handles a signal that this process received. */
  handle(signal: Deno.Signal): void {
    if (this.#onSignalAfterEnd !== undefined) return this.#onSignalAfterEnd();
    const now = monotonicMs();
    const before = this.#receivedMs.get(signal);
    if (before !== undefined && now - before < SAME_SIGNAL_MS) return;
    this.#receivedMs.set(signal, now);
    this.#onReceived?.(signal);
    if (FROM_KEYBOARD.has(signal)) void this.#relayUnlessTyped(signal);
    else this.#options.relay(signal);
  }

  async #relayUnlessTyped(signal: Deno.Signal): Promise<void> {
    const { keyboard, relay } = this.#options;
    if (keyboard === null || !await keyboard.maySignal()) relay(signal);
  }

  /**
   * Listens for signals to this process.
   *
   * @param os the operating system
   * @returns a handle whose disposal removes the listeners
   */
  listen(os: typeof Deno.build.os): Disposable {
    const listeners = relayedSignals(os).map((signal) => [signal, () => this.handle(signal)] as const);
    for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
    return {
      [Symbol.dispose]() {
        for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
      },
    };
  }
}
