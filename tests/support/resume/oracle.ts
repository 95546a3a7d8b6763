/**
 * Records the state of a registry at every sequence number, to compare each message with the state at its cursor.
 *
 * @module
 */

import { atHand } from "../at_hand.ts";
import type { Registry } from "../../../lib/registry/registry.ts";
import type { RegistryEvent } from "../../../lib/registry/registry_types.ts";
import { isFinal } from "../../../lib/task/task.ts";

/** The records of a client's tasks as JSON, by id. */
export type Records = ReadonlyMap<string, string>;

interface Moment {
  readonly seq: number;
  readonly records: Records;
  /** The sequence number of the newest change so far that created, ended, removed or restored a task. */
  readonly membershipSeq: number;
}

/** A record of every state that a registry had. */
export class ResumeOracle implements Disposable {
  readonly #registry: Registry;
  readonly #moments: Map<string, Moment[]> = new Map();
  readonly #unsubscribe: () => void;

  /**
   * @param registry the registry; the oracle must be its first listener
   * @param clients all clients whose tasks may be compared
   */
  constructor(registry: Registry, clients: readonly string[]) {
    this.#registry = registry;
    const { seq } = registry.cursor;
    for (const client of clients) {
      this.#moments.set(client, [{ seq: 0, records: recordsOf(registry, client), membershipSeq: seq }]);
    }
    this.#unsubscribe = registry.subscribe((event) => this.#note(event));
  }

  /** Returns the records of a client at a sequence number. */
  records(client: string, seq: number): Records {
    return this.#moment(client, seq).records;
  }

  /** Returns the number of a client's last change up to `seq` that may only be published after its commit. */
  membershipSeq(client: string, seq: number): number {
    return this.#moment(client, seq).membershipSeq;
  }

  /** Returns a client's records according to the registry's events; they must equal those in the registry. */
  newest(client: string): Records {
    return this.#moment(client, Infinity).records;
  }

  /** Returns the records of a client in the registry. */
  present(client: string): Records {
    return recordsOf(this.#registry, client);
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }

  #moment(client: string, seq: number): Moment {
    return this.#moments.get(client)!.findLast((moment) => moment.seq <= seq)!;
  }

  #note({ client, seq, stored, removedId }: RegistryEvent): void {
    const { records: before, membershipSeq } = this.#moment(client, Infinity);
    const records = new Map(before);
    if (stored === undefined) records.delete(removedId);
    else records.set(stored.id, stored.json);
    const isMembership = stored === undefined || !before.has(stored.id) || isFinal(stored.task.state);
    this.#moments.get(client)!.push({ seq, records, membershipSeq: isMembership ? seq : membershipSeq });
  }
}

/** Whether two sets of records are equal, regardless of their order. */
export function isSame(a: Records, b: Records): boolean {
  return a.size === b.size && [...a].every(([id, json]) => b.get(id) === json);
}

function recordsOf(registry: Registry, client: string): Records {
  return new Map(Array.from(registry.list(client), (stored) => [stored.id, atHand(stored).json]));
}
