/**
 * Recognises message numbers that were used before, in a fixed amount of memory.
 *
 * @module
 */

/**
 * The size of the window: how far below a sender's highest number a number may be; lower numbers are refused.
 */
const WINDOW = 65_536;
/**
 * The maximum number of senders that are remembered; beyond it, the least recently active sender is
 * forgotten.
 */
const SENDERS = 64;

/**
 * The used numbers of one sender: a bit for each of the {@linkcode WINDOW} numbers up to the highest number.
 */
interface Numbers {
  highest: number;
  readonly bits: Uint32Array;
}

/**
 * Accepts each number of a sender once. Senders number their messages consecutively from 1. Messages may
 * overtake each other, but only by so little that remembering the latest numbers suffices (RFC 4303, section
 * 3.4.3).
 */
export class ReplayWindow {
  /** The numbers of each sender; the most recently active senders come last. */
  readonly #senders: Map<string, Numbers> = new Map();

  /**
   * Marks a number as used. Call this only with numbers whose sender was verified.
   *
   * @param sender the id of the sender
   * @param number the number, from 1
   * @returns `false` if the number was used before, or is below the window
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
