/**
 * The calls that stream events.
 *
 * @module
 */

import { z } from "zod";
import type { CallGroup } from "../call.ts";
import { AFTER } from "../parameters.ts";

const query = z.object({
  after: AFTER.describe("a cursor: send what changed since, then every later change").optional(),
});
const manyQuery = z.object({
  watch: z.array(z.string()).min(1).max(64).describe("`client` or `client/id`, up to 64 times"),
  after: z.array(AFTER).describe("a cursor for each `watch`, in the same order, or none at all").optional(),
});
const headers = z.object({
  "Last-Event-ID": z.string()
    .describe(
      "the `id` of the last event received; takes precedence over `after`. Browsers send this header when they reconnect",
    )
    .optional(),
});

/** The calls that stream events. */
export const EVENT_CALLS: CallGroup = {
  title: "Stream events",
  about:
    "Server-sent events: `task.created`, `task.started`, `task.progress`, `task.finished`, `task.error` and " +
    "`task.cancelled` carry the record, `task.removed` an `id`, `log` the new lines. The first event is `initial_state` " +
    "with every task, unless the stream resumes at a cursor. The `id` of an event is a cursor: pass it back as `Last-Event-ID` or " +
    "`after`, and the stream resumes there, with the comment `: nothing missed` if there is no change to send. If the server no longer knows what changed since, it sends `resync` and then " +
    "`initial_state`. No change of state and no log line is skipped; progress updates in quick succession are coalesced. " +
    "`degraded` reports a storage error and its end, `closing` that the server is shutting down.",
  calls: [
    {
      id: "streamManyEvents",
      method: "get",
      path: "/events/tasks",
      access: "any",
      summary: "Stream the events of several subscriptions over one connection",
      description:
        "For browsers, which open at most six connections to a server over all tabs. The comment `: watch 1` precedes the " +
        "events of the second subscription, and so on. The event `end` carries the `status` that the subscription's own " +
        "stream would have: 200 at its end, 204 if nothing can follow, 403 or 404 if it is refused. The stream ends with the " +
        "last subscription.",
      query: manyQuery,
      responses: { 200: "text/event-stream" },
      problems: [503],
      example: "curl -N --max-time 1 '{server}/events/tasks?watch=default&watch=default/backup-1'",
    },
    {
      id: "streamEvents",
      method: "get",
      path: "/events/tasks/{client}",
      access: "read",
      summary: "Stream the events of a client's tasks",
      query,
      headers,
      responses: { 200: "text/event-stream" },
      problems: [503],
      example: "curl -N --max-time 1 {server}/events/tasks/default",
    },
    {
      id: "streamTaskEvents",
      method: "get",
      path: "/events/tasks/{client}/{id}",
      access: "read",
      summary: "Stream the events of one task until it ends",
      description:
        "The stream ends after the task's last event. Resuming after that gets 204, which stops browsers from reconnecting.",
      query,
      headers,
      responses: { 200: "text/event-stream", 204: null },
      problems: [404, 503],
      example: "curl -N --max-time 1 {server}/events/tasks/default/backup-1",
    },
  ],
};
