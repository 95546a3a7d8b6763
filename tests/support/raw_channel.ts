/**
 * A channel peer that a test controls frame by frame.
 *
 * @module
 */

import { type Frame, parseFrame, toWire } from "../../lib/channel/frames.ts";
import type { Packet } from "../../lib/channel/packet.ts";
import { posted } from "./isolate.ts";

type FrameOf<T extends Frame["type"]> = Extract<Frame, { readonly type: T }>;

/** A peer that posts frames unchanged, and records received ones. */
export class RawPeer implements Disposable {
  readonly #channel: BroadcastChannel;
  readonly #frames: Frame[] = [];
  #wake: () => void = () => {};
  #transmission = 0;

  /** Opens a channel after a pause, because a channel may miss or duplicate messages just after another was closed. */
  static async open(name: string, id: string): Promise<RawPeer> {
    await posted();
    return new RawPeer(name, id);
  }

  private constructor(name: string, readonly id: string) {
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }) => {
      const frame = parseFrame(data);
      if (frame === undefined || (frame.to !== id && frame.to !== "*")) return;
      this.#frames.push(frame);
      this.#wake();
    };
  }

  /** Posts a frame. */
  post(frame: Frame): void {
    this.#channel.postMessage(toWire(frame));
  }

  /** Posts a packet of messages and acknowledgements. */
  postPacket(to: string, session: string, packet: Partial<Packet>): void {
    const transmission = ++this.#transmission;
    const whole = { transmission, first: 0, messages: [], next: 1, seen: 0, held: [], ...packet };
    this.post({ type: "packet", from: this.id, to, session, packet: whole });
  }

  /** Waits for the next frame of a type, removes it from the received ones, and drops earlier frames. */
  async take<T extends Frame["type"]>(
    type: T,
    wanted: (frame: FrameOf<T>) => boolean = () => true,
  ): Promise<FrameOf<T>> {
    while (true) {
      for (let frame = this.#frames.shift(); frame !== undefined; frame = this.#frames.shift()) {
        if (frame.type === type && wanted(frame as FrameOf<T>)) return frame as FrameOf<T>;
      }
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** Waits for the next packet with messages, and returns the messages. */
  async takeMessages(): Promise<readonly string[]> {
    return (await this.take("packet", (frame) => frame.packet.messages.length > 0)).packet.messages;
  }

  [Symbol.dispose](): void {
    this.#channel.close();
  }
}
