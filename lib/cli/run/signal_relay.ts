/**
 * Hears the signals that are meant for a command, and passes them on.
 *
 * @module
 */

/**
 * The same signal within so many milliseconds is one: of a Ctrl-C under a task runner, we hear from the terminal and from
 * the task runner, which passes it on.
 */
const SAME_SIGNAL_MS = 250;
/** Signals that a terminal sends to everybody in the foreground, so that the command has them, too. */
const FROM_KEYBOARD: ReadonlySet<Deno.Signal> = new Set(["SIGINT", "SIGQUIT"]);

/** Signals that mean the command and not us. */
export function relayedSignals(os: typeof Deno.build.os): Deno.Signal[] {
  return os === "windows"
    ? ["SIGINT", "SIGBREAK"]
    : ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"];
}

/** Options of a {@linkcode SignalRelay}. */
export interface SignalRelayOptions {
  /** Whether a terminal is there, whose keyboard signals reach the command without us. */
  readonly hasTerminal: boolean;
  /** Passes a signal on. */
  readonly relay: (signal: Deno.Signal) => void;
}

/** Passes signals on, each as often as it was meant. */
export class SignalRelay {
  readonly #options: SignalRelayOptions;
  readonly #heard: Map<Deno.Signal, number> = new Map();

  /** @param options where signals go */
  constructor(options: SignalRelayOptions) {
    this.#options = options;
  }

  /** The signals that came so far. */
  get heard(): ReadonlySet<Deno.Signal> {
    return new Set(this.#heard.keys());
  }

  /** Takes a signal. */
  take(signal: Deno.Signal): void {
    const now = Date.now();
    const before = this.#heard.get(signal);
    if (before !== undefined && now - before >= 0 && now - before < SAME_SIGNAL_MS) return;
    this.#heard.set(signal, now);
    if (this.#options.hasTerminal && FROM_KEYBOARD.has(signal)) return;
    this.#options.relay(signal);
  }

  /**
   * Listens for signals of this process.
   *
   * @param os what it runs on
   * @returns what ends the listening
   */
  listen(os: typeof Deno.build.os): Disposable {
    const listeners = relayedSignals(os).map((signal) => [signal, () => this.take(signal)] as const);
    for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
    return {
      [Symbol.dispose]() {
        for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
      },
    };
  }
}
