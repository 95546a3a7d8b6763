/**
 * The calls that start, cancel, retry, remove and restore tasks.
 *
 * @module
 */

import { z } from "zod";
import { START_BODY } from "../../tasks/rest.ts";
import type { CallGroup } from "../call.ts";
import { LIST_QUERY } from "../parameters.ts";
import { CANCELLING, REMOVED, STARTED, TASK } from "../response_schemas.ts";

/** The calls that control tasks. */
export const CONTROL_CALLS: CallGroup = {
  title: "Start and control tasks",
  about:
    "The server itself can run functions that were registered under a name: its demo tasks, the functions of a module " +
    "passed to `--tasks`, and those of a program that embeds the server. Cancellation can be requested for any task, wherever it runs.",
  calls: [
    {
      id: "startTask",
      method: "post",
      path: "/tasks/{client}/start/{name}",
      access: "key",
      summary: "Start a registered task",
      description: "Responds as soon as the task exists, without waiting for its end. The body may be empty.",
      body: START_BODY,
      responses: { 202: STARTED },
      responseHeaders: { Location: "the path of the new task" },
      problems: [404, 409, 503],
      example:
        'curl {server}/tasks/default/start/long_running_task -H content-type:application/json -d \'{"id": "demo-1"}\'',
    },
    {
      id: "cancelTask",
      method: "post",
      path: "/tasks/{client}/{id}/cancel",
      access: "key",
      summary: "Cancel a task",
      description:
        "Sets `cancel_requested`, which aborts the `signal` of a function and ends a command. The task decides when to " +
        "stop; with `force=true` it ends as CANCELLED at once.",
      query: z.object({
        force: z.boolean().describe("end the task at once, whatever its code does; false by default")
          .optional(),
      }),
      responses: { 202: CANCELLING },
      problems: [404, 409, 503],
      example: 'curl -X POST "{server}/tasks/default/demo-1/cancel?force=true"',
    },
    {
      id: "retryTask",
      method: "post",
      path: "/tasks/{client}/{id}/retry",
      access: "key",
      summary: "Start an ended task again",
      description:
        "Only for ended tasks that the server itself has started. The new attempt is a task of its own, with the same " +
        "arguments, tags and metadata.",
      responses: { 202: STARTED },
      responseHeaders: { Location: "the path of the new task" },
      problems: [404, 409, 503],
      example: "curl -X POST {server}/tasks/default/demo-1/retry",
    },
    {
      id: "removeTask",
      method: "delete",
      path: "/tasks/{client}/{id}",
      access: "key",
      summary: "Remove an ended task",
      description:
        "A task that has not ended gets 409. The removal can be undone for some seconds, 5 by default.",
      responses: { 204: null },
      problems: [404, 409, 503],
      example: "curl -X DELETE {server}/tasks/default/demo-1",
    },
    {
      id: "restoreTask",
      method: "post",
      path: "/tasks/{client}/{id}/restore",
      access: "key",
      summary: "Restore a removed task",
      description: "Only within some seconds of its removal, 5 by default; later it gets 404.",
      responses: { 200: TASK },
      problems: [404, 409, 503],
      example: "curl -X POST {server}/tasks/default/demo-1/restore",
    },
    {
      id: "removeTasks",
      method: "delete",
      path: "/tasks/{client}",
      access: "key",
      summary: "Remove all ended tasks that match",
      description:
        "Takes the filters of the list; `state` is required, `limit` and `page` are ignored. Tasks that have not ended are " +
        "kept.",
      query: LIST_QUERY.required({ state: true }),
      responses: { 200: REMOVED },
      problems: [503],
      example: 'curl -X DELETE "{server}/tasks/default?state=CANCELLED"',
    },
  ],
};
