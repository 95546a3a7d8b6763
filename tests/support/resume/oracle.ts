/**
 * What a registry's tasks were at every number, so that a message can be held against the moment that it is of.
 *
 * @module
 */

import type { Registry } from "../../../lib/registry/registry.ts";
import type { RegistryEvent } from "../../../lib/registry/registry_types.ts";
import { isFinal } from "../../../lib/task/task.ts";

/** The records of a client's tasks as JSON, by id. */
export type Records = ReadonlyMap<string, string>;

interface Moment {
  readonly seq: number;
  readonly records: Records;
  /** The number of the newest change up to here that says which tasks there are, or which have ended. */
  readonly membershipSeq: number;
}

/** Listens to a registry from its start. */
export class ResumeOracle implements Disposable {
  readonly #registry: Registry;
  readonly #moments: Map<string, Moment[]> = new Map();
  readonly #unsubscribe: () => void;

  /**
   * @param registry whom to listen to; the first of all who do
   * @param clients whose tasks it may have already
   */
  constructor(registry: Registry, clients: readonly string[]) {
    this.#registry = registry;
    const { seq } = registry.cursor;
    for (const client of clients) {
      this.#moments.set(client, [{ seq: 0, records: recordsOf(registry, client), membershipSeq: seq }]);
    }
    this.#unsubscribe = registry.subscribe((event) => this.#note(event));
  }

  /** The records of a client at a number. */
  records(client: string, seq: number): Records {
    return this.#moment(client, seq).records;
  }

  /** The number of the newest change of a client, up to a number, that may be shown only once it is committed. */
  membershipSeq(client: string, seq: number): number {
    return this.#moment(client, seq).membershipSeq;
  }

  /** The records of a client as they were told, which have to be those that the registry has. */
  newest(client: string): Records {
    return this.#moment(client, Infinity).records;
  }

  /** The records of a client that the registry has. */
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

/** Whether two sets of records are the same, in whatever order. */
export function isSame(a: Records, b: Records): boolean {
  return a.size === b.size && [...a].every(([id, json]) => b.get(id) === json);
}

function recordsOf(registry: Registry, client: string): Records {
  return new Map(Array.from(registry.list(client), (stored) => [stored.id, stored.json]));
}
