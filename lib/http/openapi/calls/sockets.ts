/**
 * The calls that open WebSockets, described as handshakes.
 *
 * @module
 */

import { z } from "zod";
import type { CallGroup } from "../call.ts";
import { AFTER } from "../parameters.ts";

/**
 * The calls that open WebSockets. An OpenAPI document can't describe the messages of sockets; the page at
 * `/docs` does.
 */
export const SOCKET_CALLS: CallGroup = {
  title: "WebSockets",
  about:
    "The server sends JSON messages and ignores those of the client. Browsers cannot send headers with a WebSocket: if the " +
    "server has a key, offer the subprotocols `taskscope` and `taskscope.bearer.` followed by the key or token in base64url.",
  calls: [
    {
      id: "watchTasks",
      method: "get",
      path: "/ws/tasks/{client}",
      access: "socket",
      summary: "Watch a client's tasks",
      description:
        "Sends all tasks first, and all of them again after each change. With `mode=delta` it sends only what changed, and " +
        "with `after` it resumes at a cursor.",
      query: z.object({
        mode: z.enum(["full", "delta"]).describe(
          "send every task each time, or what changed; full by default",
        ).optional(),
        after: AFTER.describe("with `mode=delta`, a cursor: send what changed since, then every later change")
          .optional(),
      }),
      responses: { 101: null },
      problems: [426, 503],
      example: 'npx -y wscat -c "{server}/ws/tasks/default?mode=delta"',
    },
    {
      id: "watchTask",
      method: "get",
      path: "/ws/tasks/{client}/{id}",
      access: "socket",
      summary: "Watch one task until it ends",
      description:
        "Sends the record after each change, as fields of the message, and closes after the task's end.",
      responses: { 101: null },
      problems: [404, 426, 503],
      example: "npx -y wscat -c {server}/ws/tasks/default/backup-1",
    },
  ],
};
