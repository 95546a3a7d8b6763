/**
 * One side of a channel in an isolate of its own, at the command of a test.
 *
 * @module
 */

import { AuthorityChannel } from "../../../lib/channel/authority.ts";
import { MemberChannel } from "../../../lib/channel/member.ts";
import { blockUntil, posted, raise, serveCommands } from "../../support/isolate.ts";

let member: MemberChannel;
let authority: AuthorityChannel;
const received: string[] = [];
const gone: string[] = [];
const conflicts: string[] = [];
const connects: string[] = [];
const floods: BroadcastChannel[] = [];

/** Posts on an unrelated name, so that the ring of the process overflows. */
async function flood(count: number): Promise<void> {
  const channel = new BroadcastChannel("unrelated");
  floods.push(channel);
  for (let i = 0; i < count; i++) channel.postMessage(i);
  await posted();
}

serveCommands({
  openMember(name: string) {
    member = new MemberChannel({
      name,
      onMessage: (message) => received.push(message),
      onConnect: (connected) => connects.push(connected.epoch),
    });
    return member.whenConnected(20_000);
  },
  openAuthority({ name, epoch }: { name: string; epoch: string }) {
    authority = new AuthorityChannel({
      name,
      epoch,
      onMessage: (_id, message) => received.push(message),
      onRequest: (_id, payload) => `${epoch} answers ${payload}`,
      onMemberGone: (id) => gone.push(id),
      onConflict: (error) => conflicts.push(`${error.name}: ${error.message}`),
    });
  },
  memberId: () => member.id,
  /** Sends numbered messages, and floods an unrelated name once the first batches are out. */
  async burst({ from, count, prefix, flooded, flag }: Burst) {
    const padding = "x".repeat(130);
    const started = performance.now();
    for (let i = from; i < from + count; i++) member.send(`${prefix} ${i} ${padding}`);
    // The first batches leave with the microtask.
    await Promise.resolve();
    if (flooded > 0) await flood(flooded);
    if (flag !== undefined) raise(flag);
    await member.drained();
    return performance.now() - started;
  },
  send: (message: string) => member.send(message),
  drained: () => member.drained(),
  request: (payload: string) => member.request(payload),
  flood,
  /** Raises one flag and does nothing more until the other is raised. */
  block({ blocked, released }: Blockade) {
    raise(blocked);
    blockUntil(released);
  },
  received: () => received,
  connects: () => connects,
  conflicts: () => conflicts,
  lostPackets: () => member.lostPackets,
  /** Answers as soon as there is something to tell. */
  async waitForReceived(count: number) {
    while (received.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
    return received;
  },
  async waitForConflict() {
    while (conflicts.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    return conflicts;
  },
  close() {
    for (const channel of floods.splice(0)) channel.close();
    member?.close();
    authority?.close();
  },
});

/** Messages that a member is to send. */
export interface Burst {
  readonly from: number;
  readonly count: number;
  readonly prefix: string;
  /** How many messages on an unrelated name follow the first ones. */
  readonly flooded: number;
  /** Raised when the flood is over. */
  readonly flag?: Int32Array<SharedArrayBuffer>;
}

/** A time in which an isolate does nothing. */
export interface Blockade {
  readonly blocked: Int32Array<SharedArrayBuffer>;
  readonly released: Int32Array<SharedArrayBuffer>;
}
