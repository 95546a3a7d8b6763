/**
 * A simulated network, which delays and loses messages.
 *
 * @module
 */

import type { Machine } from "./machine.ts";
import type { World } from "./world.ts";

/** How often a network loses and delays messages. */
export interface Weather {
  /** The share of messages that are lost. */
  readonly loss: number;
  /** The share of messages that take seconds. */
  readonly slow: number;
}

/** The longest delay of a usual message, and of a slow one, in milliseconds. */
const USUAL_MS = 20;
const SLOW_MS = 9_000;

/** The network of a simulated cluster. */
export class Network {
  /** The present loss and delays; replaced when the period of faults ends. */
  weather: Weather;
  readonly #world: World;
  readonly #cuts: Map<Machine, Map<string, number>> = new Map();

  constructor(world: World, weather: Weather) {
    this.#world = world;
    this.weather = weather;
  }

  /** Cuts a machine off from the database, or from its peers, for a time. */
  cut(machine: Machine, from: "database" | "peers", durationMs: number): void {
    let cuts = this.#cuts.get(machine);
    if (cuts === undefined) this.#cuts.set(machine, cuts = new Map());
    cuts.set(from, this.#world.nowMs + durationMs);
  }

  /**
   * Delivers a message after a delay, or never.
   *
   * @param machine the machine at one end
   * @param other what is at the other end
   */
  send(machine: Machine, other: "database" | "peers", deliver: () => void): void {
    const { nowMs } = this.#world;
    if ((this.#cuts.get(machine)?.get(other) ?? 0) > nowMs) return;
    const { loss, slow } = this.weather;
    const chance = this.#world.random();
    if (chance < loss) return;
    this.#world.at(nowMs + this.#world.between(1, chance < loss + slow ? SLOW_MS : USUAL_MS), deliver);
  }

  /** Returns how long a message takes on a connection that loses none, in milliseconds. */
  delayMs(): number {
    return this.#world.between(1, USUAL_MS);
  }
}
