/**
 * Recognises numbers that were used before, in a fixed amount of memory.
 *
 * @module
 */

/** The number of the latest numbers of a sender that are told apart; a number that arrives later is refused. */
const WINDOW = 65_536;
/** The maximum number of senders that are remembered; beyond it, the one that was silent longest is forgotten. */
const SENDERS = 64;

/** The numbers of one sender: a bit for each of the {@linkcode WINDOW} numbers up to the highest one. */
interface Numbers {
  highest: number;
  readonly bits: Uint32Array;
}

/**
 * Accepts each number of a sender once. Senders count their messages from 1, so it suffices to remember the latest
 * numbers (RFC 4303, section 3.4.3), although messages overtake each other.
 */
export class ReplayWindow {
  /** The numbers of each sender; the most recently active senders come last. */
  readonly #senders: Map<string, Numbers> = new Map();

  /**
   * Uses up a number. Only call this with numbers whose sender was verified.
   *
   * @param sender the id of the sender
   * @param number the number, from 1
   * @returns `false` if the number was used before, or is too old to know
   */
  use(sender: string, number: number): boolean {
    const numbers = this.#senders.get(sender) ?? { highest: 0, bits: new Uint32Array(WINDOW / 32) };
    this.#senders.delete(sender);
    this.#senders.set(sender, numbers);
    if (this.#senders.size > SENDERS) this.#senders.delete(this.#senders.keys().next().value!);
    const { highest, bits } = numbers;
    if (number > highest) {
      if (number - highest >= WINDOW) bits.fill(0);
      else for (let each = highest + 1; each < number; each++) set(bits, each, false);
      numbers.highest = number;
    } else if (number <= highest - WINDOW || isSet(bits, number)) {
      return false;
    }
    set(bits, number, true);
    return true;
  }
}

function isSet(bits: Uint32Array, number: number): boolean {
  const at = number % WINDOW;
  return (bits[at >>> 5]! & (1 << (at & 31))) !== 0;
}

function set(bits: Uint32Array, number: number, value: boolean): void {
  const at = number % WINDOW;
  if (value) bits[at >>> 5]! |= 1 << (at & 31);
  else bits[at >>> 5]! &= ~(1 << (at & 31));
}
