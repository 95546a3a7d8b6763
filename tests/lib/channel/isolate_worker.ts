/**
 * A channel member or authority in a separate isolate, controlled by a test.
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

/**
 * Posts messages on an unrelated channel, so that the ring buffer that all channels of the process share
 * overflows.
 */
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
  /** Sends numbered messages, and floods an unrelated channel after the first batches of messages. */
  async burst({ from, count, prefix, flooded, flag }: Burst) {
    const padding = "x".repeat(130);
    const started = performance.now();
    for (let i = from; i < from + count; i++) member.send(`${prefix} ${i} ${padding}`);
    // The member sends its first batches in the next microtask.
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
  /** Sets the flag `blocked`, then blocks the isolate until the flag `released` is set. */
  block({ blocked, released }: Blockade) {
    raise(blocked);
    blockUntil(released);
  },
  received: () => received,
  connects: () => connects,
  conflicts: () => conflicts,
  lostPackets: () => member.lostPackets,
  /** Returns the received messages once the given number of them has arrived. */
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

/** Messages for a member to send. */
export interface Burst {
  readonly from: number;
  readonly count: number;
  readonly prefix: string;
  /** The number of messages to post on an unrelated channel after the first batches were sent. */
  readonly flooded: number;
  /** The flag that the worker sets once it has posted the unrelated messages. */
  readonly flag?: Int32Array<SharedArrayBuffer>;
}

/** The flags for blocking an isolate: one to set when it is blocked, and one that releases it. */
export interface Blockade {
  readonly blocked: Int32Array<SharedArrayBuffer>;
  readonly released: Int32Array<SharedArrayBuffer>;
}
