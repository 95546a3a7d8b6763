/**
 * Every call that programs make, for the document and for the page that people read.
 *
 * @module
 */

import { z } from "zod";
import { LIST_PARAMETERS, NAME_PARAMETERS } from "../tasks/query.ts";
import {
  CANCELLED_BODY,
  CREATE_BODY,
  FAIL_BODY,
  FINISH_BODY,
  LOGS_BODY,
  UPDATE_BODY,
} from "../reports/schemas.ts";
import { START_BODY } from "../tasks/rest.ts";
import { TOKEN_BODY } from "../pages/sharing.ts";
import {
  CANCELLING,
  CHANGES,
  CLIENTS,
  HEALTH,
  HISTORY,
  LOG_PAGE,
  NAMES,
  PROGRESS,
  READINESS,
  REMOVED,
  STARTED,
  TASK,
  TASK_LIST,
  TOKEN,
} from "./answers.ts";

/** What an answer holds: JSON of a shape, or something else by its type; `null` where it is empty. */
export type AnswerBody = z.ZodType | string | null;

/** A call. */
export interface Call {
  readonly method: "get" | "post" | "patch" | "delete";
  /** As documents write it, with `{client}` and `{id}`. */
  readonly path: string;
  /** What it does, in a few words. */
  readonly summary: string;
  /** More of it, in sentences. */
  readonly description?: string;
  /** Parameters of the query, and what they say. */
  readonly query?: Readonly<Record<string, string>>;
  /** The body; may be a form as well where `isForm`. */
  readonly body?: z.ZodType;
  readonly isForm?: boolean;
  /** Whether the body may be plain text, too. */
  readonly isText?: boolean;
  /** What is answered where all is well. */
  readonly answers: Readonly<Record<number, AnswerBody>>;
  /** With what else it may be answered, beside what every call may be. */
  readonly problems?: readonly number[];
  /** Whether everybody may call it, also where there is a key. */
  readonly isOpen?: boolean;
  /** A line for a shell; `{server}` stands for the address. Run as a test, in the order of the list. */
  readonly example: string;
}

/** Calls that belong together. */
export interface CallGroup {
  readonly title: string;
  readonly about: string;
  readonly calls: readonly Call[];
}

const WAIT = {
  wait: "states to wait for, such as FINISHED,ERROR; ended is any last one",
  timeout: "seconds to wait at most, up to 60",
};

/** All calls, in the order in which somebody would make them. */
export const CALL_GROUPS: readonly CallGroup[] = [
  {
    title: "Report",
    about:
      "A task that runs elsewhere is created, updated and ended. Bodies are JSON or forms. A seq, higher each time, makes " +
      "late and repeated reports harmless: they are answered with 409 and the task as it is.",
    calls: [
      {
        method: "post",
        path: "/tasks/{client}",
        summary: "Create a task",
        description: "Answers 200 with the task where there is one of this id already.",
        body: CREATE_BODY,
        isForm: true,
        answers: { 201: TASK, 200: TASK },
        problems: [409, 503],
        example: "curl {server}/tasks/default -d id=backup-1 -d name=backup -d stale_after=60",
      },
      {
        method: "patch",
        path: "/tasks/{client}/{id}",
        summary: "Say how far it is",
        description: "An empty body is a sign of life. POST does the same.",
        body: UPDATE_BODY,
        isForm: true,
        answers: { 200: TASK },
        problems: [404, 409],
        example: "curl -X PATCH {server}/tasks/default/backup-1 -d progress=50 -d status='Copying files'",
      },
      {
        method: "post",
        path: "/tasks/{client}/{id}",
        summary: "Say how far it is, for tools that know no PATCH",
        body: UPDATE_BODY,
        isForm: true,
        answers: { 200: TASK },
        problems: [404, 409],
        example: "curl {server}/tasks/default/backup-1 -d current=70 -d total=100 -d unit=files",
      },
      {
        method: "post",
        path: "/tasks/{client}/{id}/logs",
        summary: "Add lines to its log",
        description:
          "first, the number of the first line, keeps lines that are sent again from being there twice.",
        body: LOGS_BODY,
        isForm: true,
        isText: true,
        answers: { 200: TASK },
        problems: [404, 409],
        example: "curl {server}/tasks/default/backup-1/logs -H content-type:text/plain -d 'read a.txt'",
      },
      {
        method: "post",
        path: "/tasks/{client}/{id}/finish",
        summary: "Say that it has finished",
        description: "The same end twice is 200.",
        body: FINISH_BODY,
        isForm: true,
        answers: { 200: TASK },
        problems: [404, 409],
        example:
          'curl {server}/tasks/default/backup-1/finish -H content-type:application/json -d \'{"result": {"files": 100}}\'',
      },
      {
        method: "post",
        path: "/tasks/{client}/{id}/fail",
        summary: "Say that it has failed",
        body: FAIL_BODY,
        isForm: true,
        answers: { 200: TASK },
        problems: [404, 409],
        example: "curl {server}/tasks/default/backup-2/fail -d message='no space left'",
      },
      {
        method: "post",
        path: "/tasks/{client}/{id}/cancelled",
        summary: "Say that it has stopped on request",
        body: CANCELLED_BODY,
        isForm: true,
        answers: { 200: TASK },
        problems: [404, 409],
        example: "curl -X POST {server}/tasks/default/backup-3/cancelled",
      },
    ],
  },
  {
    title: "Look",
    about:
      "An unknown client is an empty list, an unknown task is 404. Answers carry an ETag. With Accept: text/plain lists and " +
      "tasks are bars of text, and logs a text file.",
    calls: [
      {
        method: "get",
        path: "/tasks/{client}",
        summary: "List tasks, or what changed",
        description:
          "Without parameters nothing is cut. With filters the answer is in pages, and Link has the next one. With after, " +
          "it is what changed since that cursor: 410 where that is not known any more.",
        query: {
          ...LIST_PARAMETERS,
          after: "a cursor: answer with what changed since",
          timeout: "with after: seconds to wait for a change, up to 60",
        },
        answers: { 200: z.union([TASK_LIST, CHANGES]) },
        problems: [410],
        example: 'curl "{server}/tasks/default?state=FINISHED,ERROR&sort=-finished_at&limit=20"',
      },
      {
        method: "get",
        path: "/tasks/{client}/{id}",
        summary: "One task, or its end",
        description:
          "With wait it is answered once the task is in such a state; else with 408 (not yet) or 409 (never any more) and the " +
          "task.",
        query: WAIT,
        answers: { 200: TASK, 408: TASK, 409: TASK },
        problems: [404],
        example: 'curl "{server}/tasks/default/backup-1?wait=ended&timeout=10"',
      },
      {
        method: "get",
        path: "/tasks/{client}/{id}/logs",
        summary: "Its log",
        query: {
          after: "lines from this number on",
          before: "lines before this number",
          limit: "how many, 1000 by default",
          format: "text or json, where no Accept header can be sent",
        },
        answers: { 200: LOG_PAGE },
        problems: [404],
        example: "curl {server}/tasks/default/backup-1/logs",
      },
      {
        method: "get",
        path: "/tasks/{client}/{id}/history",
        summary: "Its states and status texts, with times",
        answers: { 200: HISTORY },
        problems: [404],
        example: "curl {server}/tasks/default/backup-1/history",
      },
      {
        method: "get",
        path: "/tasks/{client}/{id}/progress",
        summary: "How its progress moved",
        answers: { 200: PROGRESS },
        problems: [404],
        example: "curl {server}/tasks/default/backup-1/progress",
      },
      {
        method: "get",
        path: "/names/{client}",
        summary: "How the runs of each name went",
        query: NAME_PARAMETERS,
        answers: { 200: NAMES },
        example: "curl {server}/names/default",
      },
      {
        method: "get",
        path: "/badge/{client}/{id}.svg",
        summary: "A badge for wikis and READMEs",
        query: { label: "what stands at its left" },
        answers: { 200: "image/svg+xml" },
        example: "curl {server}/badge/default/backup-1.svg",
      },
    ],
  },
  {
    title: "Start and stop",
    about: "Tasks are started by the name that they are registered under, in the server or with --tasks.",
    calls: [
      {
        method: "post",
        path: "/tasks/{client}/start/{name}",
        summary: "Start a registered task",
        body: START_BODY,
        answers: { 202: STARTED },
        problems: [404, 409, 503],
        example:
          'curl {server}/tasks/default/start/long_running_task -H content-type:application/json -d \'{"id": "demo-1"}\'',
      },
      {
        method: "post",
        path: "/tasks/{client}/{id}/cancel",
        summary: "Ask it to stop",
        query: { force: "true ends it at once, whatever its code does" },
        answers: { 202: CANCELLING },
        problems: [404, 409],
        example: 'curl -X POST "{server}/tasks/default/demo-1/cancel?force=true"',
      },
      {
        method: "post",
        path: "/tasks/{client}/{id}/retry",
        summary: "Start it once more",
        answers: { 202: STARTED },
        problems: [404, 409, 503],
        example: "curl -X POST {server}/tasks/default/demo-1/retry",
      },
      {
        method: "delete",
        path: "/tasks/{client}/{id}",
        summary: "Remove an ended task",
        answers: { 204: null },
        problems: [404, 409],
        example: "curl -X DELETE {server}/tasks/default/demo-1",
      },
      {
        method: "post",
        path: "/tasks/{client}/{id}/restore",
        summary: "Take that back, within 5 s",
        answers: { 200: TASK },
        problems: [404, 409],
        example: "curl -X POST {server}/tasks/default/demo-1/restore",
      },
      {
        method: "delete",
        path: "/tasks/{client}",
        summary: "Remove ended tasks",
        query: { ...LIST_PARAMETERS, state: "which of them: FINISHED,ERROR,CANCELLED" },
        answers: { 200: REMOVED },
        example: 'curl -X DELETE "{server}/tasks/default?state=CANCELLED"',
      },
    ],
  },
  {
    title: "Hear",
    about:
      "Event streams tell task.created, task.started, task.progress, task.finished, task.error, task.cancelled, task.removed " +
      "and log; the id of an event is a cursor, and Last-Event-ID goes on there. That of one task ends behind its end.",
    calls: [
      {
        method: "get",
        path: "/events/tasks/{client}",
        summary: "Events of all tasks of a client",
        query: { after: "a cursor to go on from" },
        answers: { 200: "text/event-stream" },
        problems: [503],
        example: "curl -N --max-time 1 {server}/events/tasks/default",
      },
      {
        method: "get",
        path: "/events/tasks/{client}/{id}",
        summary: "Events of one task, until its end",
        query: { after: "a cursor to go on from" },
        answers: { 200: "text/event-stream", 204: null },
        problems: [404, 503],
        example: "curl -N --max-time 1 {server}/events/tasks/default/backup-1",
      },
    ],
  },
  {
    title: "See to the server",
    about: "For whoever has the key, where there is one; /healthz is for everybody.",
    calls: [
      {
        method: "get",
        path: "/healthz",
        summary: "Whether it runs",
        answers: { 200: HEALTH },
        isOpen: true,
        example: "curl {server}/healthz",
      },
      {
        method: "get",
        path: "/readyz",
        summary: "Whether all is well",
        answers: { 200: READINESS, 503: READINESS },
        example: "curl {server}/readyz",
      },
      {
        method: "get",
        path: "/metrics",
        summary: "Figures for Prometheus",
        answers: { 200: "text/plain" },
        example: "curl {server}/metrics",
      },
      {
        method: "get",
        path: "/clients",
        summary: "Which clients have tasks",
        answers: { 200: CLIENTS },
        example: "curl {server}/clients",
      },
      {
        method: "post",
        path: "/tokens",
        summary: "Make a token that does less than the key",
        description: "Only where there is a key. read looks, write reports; another key ends all of them.",
        body: TOKEN_BODY,
        answers: { 201: TOKEN },
        problems: [404],
        example:
          'curl {server}/tokens -H content-type:application/json -d \'{"may": "read", "client": "default", "expires_in": 3600}\'',
      },
    ],
  },
];

/** All calls. */
export const CALLS: readonly Call[] = CALL_GROUPS.flatMap(({ calls }) => calls);
