/**
 * The parts of the API reference that no schema describes: WebSocket messages, close codes and errors.
 *
 * @module
 */

import type { DocumentedField } from "../../lib/page_renderer.ts";

/** Describes the messages that the server sends over a WebSocket. */
export const SOCKET_MESSAGES: readonly {
  readonly type: string;
  readonly about: string;
  readonly example: string;
}[] = [
  {
    type: "initial_state",
    about: "Every task. This is the first message, unless the connection resumes from a cursor.",
    example:
      '{"type": "initial_state", "active_tasks": [task…], "all_tasks": {"id": task…}, "cursor": "e1:42"}',
  },
  {
    type: "state_update",
    about:
      "All tasks, sent again after every change, but at most 1 MB per second and client: intermediate states are skipped.",
    example:
      '{"type": "state_update", "active_tasks": [task…], "all_tasks": {"id": task…}, "cursor": "e1:43"}',
  },
  {
    type: "task_update",
    about: "With `?mode=delta`, instead of `state_update`: the changes. Apply `removed` before `tasks`.",
    example: '{"type": "task_update", "cursor": "e1:44", "tasks": [task…], "removed": ["id"…]}',
  },
  {
    type: "resync",
    about: "With `?after=`: the server no longer has the changes after that cursor. `initial_state` follows.",
    example: '{"type": "resync"}',
  },
  {
    type: "degraded",
    about:
      "With `?mode=delta`: the reason why the server cannot store changes; null once it can store them again.",
    example: '{"type": "degraded", "detail": "the disk is full"}',
  },
  {
    type: "pong",
    about: "The answer to the text `ping`, which a watcher may send to see that an idle connection is alive.",
    example: '{"type": "pong"}',
  },
  {
    type: "closing",
    about: "The server is shutting down: reconnect with the last cursor.",
    example: '{"type": "closing"}',
  },
];

/** Describes the codes with which the server closes a WebSocket. */
export const CLOSE_CODES: readonly DocumentedField[] = [
  { name: "1000", type: "", about: "the task has ended" },
  { name: "1001", type: "", about: "the server is shutting down: reconnect with the last cursor" },
  { name: "1008", type: "", about: "the key, token or session has expired: don't reconnect with it" },
  { name: "1009", type: "", about: "the client sent a message that is too large" },
  { name: "1011", type: "", about: "the tasks could not be read; the reason is in the server's log" },
  {
    name: "1013",
    type: "",
    about: "the client read too slowly and was disconnected: reconnect with the last cursor",
  },
];

/** An example of an error response. */
export const PROBLEM: string = JSON.stringify({
  title: "Not found",
  status: 404,
  detail: 'Task "backup-9" does not exist',
  code: "task_not_found",
});
