/**
 * Passes the messages between reporters and the nodes that own the tasks.
 *
 * @module
 */

import { shareOf } from "../../access/grant.ts";
import { ClosedError } from "../../errors.ts";
import { type Owner, OwnerUnreachableError } from "../cluster/forwarder.ts";
import type { Split } from "../cluster/split.ts";
import type { HandlerContext } from "../context.ts";
import type { Call } from "../route.ts";
import { Slots } from "../slots.ts";
import { checkHandshake, CLOSE, type OpenSockets, upgrade } from "../streams/upgrade.ts";
import type { ReportBatches } from "./batches.ts";
import { ForwardedSocket } from "./forwarded_socket.ts";
import { SplitRelay, WholeRelay } from "./relays.ts";
import { reporterFrom } from "./session.ts";

/** Forwards requests to `/ws/report`. */
export class ForwardedReporters {
  readonly #context: HandlerContext;
  readonly #open: OpenSockets;
  readonly #batches: ReportBatches;
  readonly #slots: Slots;
  readonly #sockets: Set<ForwardedSocket> = new Set();
  #isClosed = false;

  /**
   * @param context the parts of the monitor to use
   * @param open the sockets that are not closed yet
   * @param batches takes the reports of tasks that this node owns
   */
  constructor(context: HandlerContext, open: OpenSockets, batches: ReportBatches) {
    this.#context = context;
    this.#open = open;
    this.#batches = batches;
    this.#slots = new Slots(context.limits.reporters, "reporters");
  }

  /** Announces to reporters that this node is about to shut down. */
  beginClosing(): void {
    for (const socket of this.#sockets) socket.reply('{"type":"closing"}');
  }

  /** Closes every socket, and accepts no further ones. */
  close(): void {
    this.#isClosed = true;
    this.closeAll();
  }

  /** Closes every socket. */
  closeAll(): void {
    for (const socket of this.#sockets) socket.close(CLOSE.goingAway, "The server is shutting down");
  }

  /**
   * `WS /ws/report?reporter={id}`: opens sockets to the owners, then completes the handshake of the reporter.
   *
   * @param call the request and its visitor
   * @param peer the address at the other end of the request's connection
   * @param to the node that owns all tasks, or the nodes that own some of the tasks each
   * @returns the response of the handshake
   * @throws {OwnerUnreachableError} if an owner can't be reached, or refuses the socket
   * @throws {Problem} 400 or 426 if the request is not a valid handshake, 503 if too many reporters are connected
   */
  async upgrade(
    { request, visitor }: Pick<Call, "request" | "visitor">,
    peer: string,
    to: Owner | Split,
  ): Promise<Response> {
    checkHandshake(request);
    reporterFrom(request);
    const share = shareOf(visitor.grant);
    const release = this.#slots.take(share);
    const { forwarder } = this.#context.cluster!;
    const isSplit = "ownerOf" in to;
    const relay = isSplit ? new SplitRelay(to) : new WholeRelay(to.address);
    const socket = new ForwardedSocket({ context: this.#context, relay, share });
    this.#sockets.add(socket);
    const unregister = (isSplit ? to.owners : [to]).flatMap((owner) => {
      if (owner === null) return [];
      const { url, headers } = forwarder.prepare(request, peer, owner);
      socket.connect(owner.address, url, Object.fromEntries(headers));
      return [
        forwarder.socketTo(owner, () => socket.close(CLOSE.goingAway, "Another node owns the tasks now")),
      ];
    });
    const end = () => {
      unregister.forEach((each) => each());
      socket.close();
      this.#sockets.delete(socket);
      release();
    };
    try {
      if (!await socket.open()) {
        throw new OwnerUnreachableError("The node that owns the tasks can't be reached");
      }
      if (this.#isClosed) throw new ClosedError("The server is shutting down");
      if (isSplit && to.owners.includes(null)) {
        socket.serve((each) => this.#batches.session(request, visitor, each));
      }
      return upgrade(request, {
        attach: (reporter) => {
          this.#open.add(reporter);
          socket.attach(reporter, () => {
            this.#open.delete(reporter);
            end();
          });
        },
        reportError: this.#context.reportError,
      });
    } catch (error) {
      end();
      throw error;
    }
  }
}
