/**
 * A receiver of webhooks: it takes what is signed with the shared secret, is new, and was not told before.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";

const SECRET = Deno.env.get("WEBHOOK_SECRET") ?? "";

/** How far its clock may be from ours, in seconds: what is older may have been recorded, and sent again by others. */
const TOLERANCE = 5 * 60;

/** Deliveries that were told already. One that is told again, as our answer was lost, has the same id. */
const told = new Set<string>();

/** Whether a request is what somebody sent who knows the secret. */
function isGenuine(headers: Headers, body: Uint8Array): boolean {
  const timestamp = headers.get("taskscope-timestamp") ?? "";
  if (!/^\d+$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE) return false;
  const mac = createHmac("sha256", SECRET).update(`${timestamp}.`).update(body).digest("hex");
  const wanted = Buffer.from(`v1=${mac}`);
  const received = Buffer.from(headers.get("taskscope-signature") ?? "");
  // How long a comparison takes must not tell how much of a guess is right.
  return received.length === wanted.length && timingSafeEqual(received, wanted);
}

const port = Number(Deno.args[0] ?? 9000);
Deno.serve({ hostname: "127.0.0.1", port }, async (request) => {
  const body = new Uint8Array(await request.arrayBuffer());
  if (!isGenuine(request.headers, body)) return new Response("Who are you?", { status: 401 });
  const { event, delivery_id, client, task } = JSON.parse(new TextDecoder().decode(body));
  if (!told.has(delivery_id)) {
    told.add(delivery_id);
    // deno-lint-ignore no-console -- this is what it is there for
    console.log(`${event}: ${client}/${task.name}, ${task.status}`);
  }
  return new Response(null, { status: 204 });
});
