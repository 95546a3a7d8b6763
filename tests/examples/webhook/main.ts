/**
 * An example of a receiver of webhooks, which checks the signature and the timestamp, and skips duplicate deliveries.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";

const SECRET = Deno.env.get("WEBHOOK_SECRET") ?? "";

/** The maximum difference between a timestamp and the current time, in seconds: an attacker may replay old requests. */
const TOLERANCE = 5 * 60;

/** The ids of processed deliveries; if a response is lost, the delivery is sent again with the same id. */
const processed = new Set<string>();

/** Whether the sender of a request knows the secret. */
function isGenuine(headers: Headers, body: Uint8Array): boolean {
  const timestamp = headers.get("taskscope-timestamp") ?? "";
  if (!/^\d+$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE) return false;
  const mac = createHmac("sha256", SECRET).update(`${timestamp}.`).update(body).digest("hex");
  const expected = Buffer.from(`v1=${mac}`);
  const received = Buffer.from(headers.get("taskscope-signature") ?? "");
  // The comparison takes constant time, so that its duration reveals nothing about the signature.
  return received.length === expected.length && timingSafeEqual(received, expected);
}

const port = Number(Deno.args[0] ?? 9000);
Deno.serve({ hostname: "127.0.0.1", port }, async (request) => {
  const body = new Uint8Array(await request.arrayBuffer());
  if (!isGenuine(request.headers, body)) return new Response("Invalid signature", { status: 401 });
  const { event, delivery_id, client, task } = JSON.parse(new TextDecoder().decode(body));
  if (!processed.has(delivery_id)) {
    processed.add(delivery_id);
    // deno-lint-ignore no-console -- the example prints its result
    console.log(`${event}: ${client}/${task.name}, ${task.status}`);
  }
  return new Response(null, { status: 204 });
});
