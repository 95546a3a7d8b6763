/**
 * The calls that report tasks that run outside the server.
 *
 * @module
 */

import { z } from "zod";
import {
  CANCELLED_BODY,
  CREATE_BODY,
  FAIL_BODY,
  FINISH_BODY,
  LOGS_BODY,
  UPDATE_BODY,
} from "../../reports/schemas.ts";
import type { CallGroup } from "../call.ts";
import { TASK } from "../response_schemas.ts";

/** The calls that report tasks. */
export const REPORT_CALLS: CallGroup = {
  title: "Report a task",
  about:
    "A task that runs outside the server is created, updated and ended with these calls. Every response is the task's record: " +
    "stop the work once `cancel_requested` is true. A token that may only write gets just `id`, `state`, " +
    "`cancel_requested`, `log_count` and `report_seq` of the record. Bodies are JSON or a form, in which `metadata.key=value`, " +
    "`values.name=number` and `error.message=text` set one field of an object. `seq`, a number that rises with each report of a task, makes late " +
    "and repeated reports harmless: such a report gets 409 and the current record. Give each run an `id` of its own, so that a " +
    "request can be repeated safely. In a shell script, `taskscope report` does all of this.",
  calls: [
    {
      id: "createTask",
      method: "post",
      path: "/tasks/{client}",
      access: "write",
      summary: "Create a task",
      description:
        "The task is NOT_STARTED until its first update. `started: true` moves it to STARTING at once; any field of an " +
        "update (`progress`, `status`, `current`, `total`, `unit`, `values`) makes the request its first update, too. Without `id`, " +
        "the server generates one. If a task of the same id and name exists already, responds with 200 and its record.",
      body: CREATE_BODY,
      isForm: true,
      responses: { 201: TASK, 200: TASK },
      responseHeaders: { Location: "the path of the task" },
      problems: [409, 503],
      example: "curl {server}/tasks/default -d id=backup-1 -d name=backup -d stale_after=60",
    },
    {
      id: "updateTask",
      method: "patch",
      path: "/tasks/{client}/{id}",
      access: "write",
      summary: "Update a task's progress",
      description:
        "Fields that are absent keep their value. `progress` is derived from `current` and `total` unless it is given; " +
        "null makes it indeterminate. `metadata` is merged key by key, and null removes a key. `values` are numbers to " +
        "chart over time, one for each series, with the time of the request. An empty body is a " +
        "heartbeat: it shows that the task is alive, and clears `stale`.",
      body: UPDATE_BODY,
      isForm: true,
      responses: { 200: TASK },
      problems: [404, 409, 503],
      example: "curl -X PATCH {server}/tasks/default/backup-1 -d progress=50 -d status='Copying files'",
    },
    {
      id: "updateTaskByPost",
      method: "post",
      path: "/tasks/{client}/{id}",
      access: "write",
      summary: "Update a task's progress, with a client that cannot send PATCH",
      body: UPDATE_BODY,
      isForm: true,
      responses: { 200: TASK },
      problems: [404, 409, 503],
      example: "curl {server}/tasks/default/backup-1 -d current=70 -d total=100 -d unit=files",
    },
    {
      id: "appendLogLines",
      method: "post",
      path: "/tasks/{client}/{id}/logs",
      access: "write",
      summary: "Append lines to a task's log",
      description:
        "`first` is the number of the first line, counting from 0. If it is given, lines that are sent again are not appended " +
        "twice, and a gap before the first line gets 409. Each line of a plain-text body becomes a line of the log; `first` and " +
        "`seq` are then parameters of the query.",
      query: z.object({
        first: z.int().min(0).describe("with a plain-text body: the number of its first line").optional(),
        seq: z.int().min(1).describe("with a plain-text body: the number of this report").optional(),
      }),
      body: LOGS_BODY,
      isForm: true,
      isText: true,
      responses: { 200: TASK },
      problems: [404, 409, 503],
      example: "curl {server}/tasks/default/backup-1/logs -H content-type:text/plain -d 'read a.txt'",
    },
    {
      id: "finishTask",
      method: "post",
      path: "/tasks/{client}/{id}/finish",
      access: "write",
      summary: "Report that a task has finished",
      description:
        "Repeating the request is harmless; a task that has already ended in another way gets 409. A result of more than " +
        "65,536 bytes of JSON or 56 levels is cut, and the log then says so: the part that was left out is " +
        '`"… 12 more"` at the end of an array, a field `"…"` of an object, and an ellipsis at the end of a text.',
      body: FINISH_BODY,
      isForm: true,
      responses: { 200: TASK },
      problems: [404, 409, 503],
      example:
        'curl {server}/tasks/default/backup-1/finish -H content-type:application/json -d \'{"result": {"files": 100}}\'',
    },
    {
      id: "failTask",
      method: "post",
      path: "/tasks/{client}/{id}/fail",
      access: "write",
      summary: "Report that a task has failed",
      description:
        "The task ends as ERROR. `message` is short for `error.message`; `error` can also carry a type and a stack. " +
        "Texts that are too long are truncated.",
      body: FAIL_BODY,
      isForm: true,
      responses: { 200: TASK },
      problems: [404, 409, 503],
      example: "curl {server}/tasks/default/backup-2/fail -d message='no space left'",
    },
    {
      id: "confirmCancellation",
      method: "post",
      path: "/tasks/{client}/{id}/cancelled",
      access: "write",
      summary: "Report that a task has stopped on request",
      description:
        "The task ends as CANCELLED. Its status is the last one reported, or `status` of this request.",
      body: CANCELLED_BODY,
      isForm: true,
      responses: { 200: TASK },
      problems: [404, 409, 503],
      example: "curl -X POST {server}/tasks/default/backup-3/cancelled",
    },
  ],
};
