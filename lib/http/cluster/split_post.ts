/**
 * Forwards the parts of a batch of reports that arrived over plain HTTP.
 *
 * @module
 */

import { parseBatch, type ReportBatch } from "../../remote/messages.ts";
import { parseJson } from "../../task/protocol.ts";
import { object } from "../../task/field_checks.ts";
import { jsonResponse } from "../responses.ts";
import type { Answer } from "../route.ts";
import type { Forwarder } from "./forwarder.ts";
import { clientOfReport, keyOfOwner, type Split, splitReports, writePart } from "./split.ts";

/** The arguments of {@linkcode splitPost}. */
export interface SplitPost {
  readonly request: Request;
  /** The body of the request. */
  readonly bytes: Uint8Array<ArrayBuffer> | null;
  /** The address at the other end of the request's connection. */
  readonly peer: string;
  readonly split: Split;
  readonly forwarder: Forwarder;
  /** Handles the request, or a part of it, on this node. */
  readonly here: (request: Request) => Answer;
}

/**
 * Sends each owner its part of a batch.
 *
 * @returns the response to the whole batch: the error of a node that has refused its part, if there is one;
 * otherwise the replies of all nodes
 * @throws {OwnerUnreachableError} if an owner can't be reached; the reporter may send the batch again
 */
export async function splitPost(post: SplitPost): Promise<Response> {
  const { request, bytes, peer, split, forwarder, here } = post;
  const parts = partsOf(bytes, split);
  if (parts === null) return await here(copyOf(request, bytes));
  const responses = await Promise.all(
    split.owners.flatMap((owner) => {
      const body = parts.bodies.get(keyOfOwner(owner));
      if (body === undefined) return [];
      const part = new TextEncoder().encode(body);
      return owner === null ? here(copyOf(request, part)) : forwarder.forward(request, part, peer, owner);
    }),
  );
  const failed = responses.find(({ ok }) => !ok);
  if (failed !== undefined) return failed;
  const bodies = await Promise.all(responses.map((response) => response.json()));
  const replies = bodies.flatMap((body) => object(body, "response").replies as readonly { type: string }[]);
  const others = replies.filter(({ type }) => type !== "taken");
  return jsonResponse(JSON.stringify({ replies: [...others, { type: "taken", batch: parts.batch }] }));
}

/** Copies a request whose body was read. */
export function copyOf(
  { url, method, headers }: Request,
  body: Uint8Array<ArrayBuffer> | null,
): Request {
  return new Request(url, { method, headers, body });
}

/**
 * Returns the parts of a batch by owner; `null` if the batch is not valid, so that any node can refuse it.
 */
function partsOf(
  bytes: Uint8Array<ArrayBuffer> | null,
  split: Split,
): { readonly batch: number; readonly bodies: ReadonlyMap<string, string> } | null {
  let batch: ReportBatch;
  let parts: ReadonlyMap<string, readonly unknown[]>;
  try {
    batch = parseBatch(parseJson(new TextDecoder().decode(bytes ?? new Uint8Array())));
    parts = splitReports(batch.reports, clientOfReport, split);
  } catch {
    return null;
  }
  // With an empty batch, a reporter asks all owners whether any of its tasks is to be cancelled.
  if (parts.size === 0) parts = new Map(split.owners.map((owner) => [keyOfOwner(owner), []]));
  return {
    batch: batch.batch,
    bodies: new Map(Array.from(parts, ([key, reports]) => [key, writePart(batch, reports)])),
  };
}
