/**
 * One side of a channel in an isolate of its own, at the command of a test.
 *
 * @module
 */

import { AuthorityChannel } from "../../../lib/channel_authority.ts";
import { MemberChannel } from "../../../lib/channel_member.ts";
import { block, serveCommands } from "../../support/isolate.ts";

let member: MemberChannel;
let authority: AuthorityChannel;
const received: string[] = [];
const gone: string[] = [];
const conflicts: string[] = [];
const connects: string[] = [];
const floods: BroadcastChannel[] = [];

/** Posts on an unrelated name, so that the ring of the process overflows. */
function flood(count: number): void {
  const channel = new BroadcastChannel("unrelated");
  floods.push(channel);
  for (let i = 0; i < count; i++) channel.postMessage(i);
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
  async burst({ from, count, prefix, flooded }: Burst) {
    const padding = "x".repeat(130);
    const started = performance.now();
    for (let i = from; i < from + count; i++) member.send(`${prefix} ${i} ${padding}`);
    await Promise.resolve();
    if (flooded > 0) flood(flooded);
    await member.drained();
    return performance.now() - started;
  },
  send: (message: string) => member.send(message),
  drained: () => member.drained(),
  request: (payload: string) => member.request(payload),
  flood,
  block,
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

/** What {@linkcode AuthorityChannel} is to receive. */
export interface Burst {
  readonly from: number;
  readonly count: number;
  readonly prefix: string;
  readonly flooded: number;
}
