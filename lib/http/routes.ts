/**
 * The route table: every method of every path, the access that it needs, and its handler.
 *
 * @module
 */

import type { Areas } from "./areas.ts";
import { healthy } from "./health_responses.ts";
import { readiness } from "./operations/health.ts";
import { bulkAccess } from "./pages/bulk.ts";
import { FILE_KINDS, type FileKindName, isArchive } from "./reporters/reporter_files.ts";
import { type Answer, type Call, hasParam, type Method, type Route, type RouteTraits } from "./route.ts";

const PAGE = { isPage: true };
const COMPRESSED_PAGE = { isPage: true, isCompressed: true };
const COMPRESSED = { isCompressed: true };
const LOCAL = { isLocal: true };
const LOCAL_COMPRESSED = { isLocal: true, isCompressed: true };
const LOCAL_PAGE = { isPage: true, isCompressed: true, isLocal: true };
const SIGN_IN_PAGE = { isPage: true, requires: "sign_in", isLocal: true } as const;
const KEY_CALL = { requires: "key", isLocal: true } as const;
const SHARE_PAGE = { isPage: true, requires: "sign_in", isChange: false } as const;
const SHARED = { isShared: true };
const READ = { ...COMPRESSED, isLasting: isLongPoll };
/** The properties that only some routes have. */
type Traits = RouteTraits & Pick<Route<Areas>, "starts">;

const STREAM = { isLasting: true };
const SOCKET = { isLasting: true, isSocket: true };
const REPORT_SOCKET = { ...SOCKET, isChange: true };

/** Traits of routes that start a function: by its name, or by the id of an earlier run of the function. */
const START: Traits = { starts: (_, { name }) => name };
const RETRY: Traits = { starts: ({ rest }, { client, id }) => rest.launchedName(client, id) };

/**
 * The route table. Routes such as `/stats` and `/names` have a root of their own, because any segment below `/t/{client}`
 * and `/tasks/{client}` can be a task id.
 */
export const ROUTES: readonly Route<Areas>[] = [
  route("GET /", "any", ({ pages }, call) => pages.home(call), PAGE),
  route("GET /t/{client}", "read", ({ pages }, call) => pages.list(call), COMPRESSED_PAGE),
  route("POST /t/{client}", bulkAccess, ({ pages }, call) => pages.bulk(call), PAGE),
  route("POST /t/{client}/start/{name}", "start", ({ pages }, call) => pages.start(call), {
    ...PAGE,
    ...START,
  }),
  route("GET /t/{client}/{id}", "read", ({ pages }, call) => pages.task(call), COMPRESSED_PAGE),
  route("POST /t/{client}/{id}/cancel", "cancel", ({ pages }, call) => pages.change("cancel", call), PAGE),
  route("POST /t/{client}/{id}/remove", "remove", ({ pages }, call) => pages.change("remove", call), PAGE),
  route("POST /t/{client}/{id}/restore", "remove", ({ pages }, call) => pages.change("restore", call), PAGE),
  route("POST /t/{client}/{id}/retry", "start", ({ pages }, call) => pages.change("retry", call), {
    ...PAGE,
    ...RETRY,
  }),
  route("GET /stats/{client}", "read", ({ pages }, call) => pages.names(call), COMPRESSED_PAGE),
  route("GET /stats/{client}/{name}", "read", ({ pages }, call) => pages.runs(call), COMPRESSED_PAGE),
  route("GET /share/{client}", "operate", ({ sharing }, call) => sharing.page(call), SHARE_PAGE),
  route("POST /share/{client}", "operate", ({ sharing }, call) => sharing.share(call), SHARE_PAGE),
  route("GET /share/{client}/{id}", "operate", ({ sharing }, call) => sharing.page(call), SHARE_PAGE),
  route("POST /share/{client}/{id}", "operate", ({ sharing }, call) => sharing.share(call), SHARE_PAGE),
  route("GET /s/{token}", "none", ({ sharing }, call) => sharing.follow(call), SIGN_IN_PAGE),
  route("GET /sign-in", "none", ({ signIn }, call) => signIn.form(call), SIGN_IN_PAGE),
  route("POST /sign-in", "none", ({ signIn }, call) => signIn.signIn(call), SIGN_IN_PAGE),
  route("POST /sign-out", "none", ({ signIn }) => signIn.signOut(), SIGN_IN_PAGE),
  route("GET /docs", "any", async ({ docs }, { request }) => (await docs()).page(request), LOCAL_PAGE),
  route("GET /install", "none", ({ pages }, call) => pages.install(call), LOCAL_PAGE),
  route("GET /assets/{file}", "none", ({ pages }, call) => pages.asset(call), LOCAL),

  ...Object.entries(FILE_KINDS).flatMap(([name, kind]) =>
    [kind.path, ..."present" in kind ? [kind.present] : []].map((path) => {
      const isVersioned = path === kind.path;
      const handler: Route<Areas>["handler"] = ({ files }, call) =>
        files.answer(name as FileKindName, call, isVersioned);
      return route(`GET ${path}`, "none", handler, isArchive(kind) ? LOCAL : LOCAL_COMPRESSED);
    })
  ),
  route("GET /simple/", "none", ({ simple }, call) => simple.projects(call), LOCAL),
  route("GET /simple/taskscope/", "none", ({ simple }, call) => simple.project(call), LOCAL),

  route("GET /tasks/{client}", "read", listOrChanges, READ),
  route("POST /tasks/{client}", "report", ({ reports }, call) => reports.create(call), SHARED),
  route("DELETE /tasks/{client}", "remove", ({ rest }, call) => rest.removeMany(call)),
  route("POST /tasks/{client}/start/{name}", "start", ({ rest }, call) => rest.start(call), START),
  route("GET /tasks/{client}/{id}", "read", taskOrWait, READ),
  route(
    "PATCH /tasks/{client}/{id}",
    "report",
    ({ reports }, call) => reports.report("update", call),
    SHARED,
  ),
  route("POST /tasks/{client}/{id}", "report", ({ reports }, call) => reports.report("update", call), SHARED),
  route("DELETE /tasks/{client}/{id}", "remove", ({ rest }, call) => rest.remove(call)),
  route("GET /tasks/{client}/{id}/logs", "read", ({ logs }, call) => logs.answer(call), COMPRESSED),
  route(
    "POST /tasks/{client}/{id}/logs",
    "report",
    ({ reports }, call) => reports.report("logs", call),
    SHARED,
  ),
  route("GET /tasks/{client}/{id}/history", "read", ({ rest }, call) => rest.history(call), COMPRESSED),
  route("GET /tasks/{client}/{id}/progress", "read", ({ rest }, call) => rest.progress(call), COMPRESSED),
  route("GET /tasks/{client}/{id}/values", "read", ({ rest }, call) => rest.values(call), COMPRESSED),
  route(
    "POST /tasks/{client}/{id}/finish",
    "report",
    ({ reports }, call) => reports.report("finish", call),
    SHARED,
  ),
  route(
    "POST /tasks/{client}/{id}/fail",
    "report",
    ({ reports }, call) => reports.report("fail", call),
    SHARED,
  ),
  route(
    "POST /tasks/{client}/{id}/cancelled",
    "report",
    ({ reports }, call) => reports.report("cancelled", call),
    SHARED,
  ),
  route("POST /tasks/{client}/{id}/cancel", "cancel", ({ rest }, call) => rest.cancel(call)),
  route("POST /tasks/{client}/{id}/retry", "start", ({ rest }, call) => rest.retry(call), RETRY),
  route("POST /tasks/{client}/{id}/restore", "remove", ({ rest }, call) => rest.restore(call)),
  route("GET /names/{client}", "read", ({ names }, call) => names.list(call), COMPRESSED),
  route("GET /badge/{client}/{id}.svg", "read", ({ badges }, call) => badges.badge(call)),

  // The handler checks access for each subscription.
  route("GET /events/tasks", "any", ({ events }, call) => events.watchMany(call), STREAM),
  route("GET /events/tasks/{client}", "read", ({ events }, call) => events.watch(call), STREAM),
  route("GET /events/tasks/{client}/{id}", "read", ({ events }, call) => events.watchTask(call), STREAM),
  route("GET /ws/tasks/{client}", "read", ({ sockets }, call) => sockets.watch(call), SOCKET),
  route("GET /ws/tasks/{client}/{id}", "read", ({ sockets }, call) => sockets.watchTask(call), SOCKET),

  // The handlers check access for each report in the body or message.
  route("POST /report", "some_report", ({ batches }, call) => batches.post(call), SHARED),
  route("GET /ws/report", "some_report", ({ batches }, call) => batches.upgrade(call), REPORT_SOCKET),

  route("POST /tokens", "operate", ({ sharing }, call) => sharing.create(call), KEY_CALL),
  route("GET /clients", "operate", ({ clients }) => clients.list(), COMPRESSED),
  route("GET /nodes", "operate", ({ nodes }) => nodes.list(), LOCAL),
  route("GET /metrics", "operate", ({ metrics }) => metrics.answer(), LOCAL),
  route(
    "GET /openapi.json",
    "any",
    async ({ docs }, { request }) => (await docs()).json(request),
    LOCAL_COMPRESSED,
  ),
  route("GET /healthz", "none", healthy, LOCAL),
  route("GET /readyz", "any", ({ context }) => readiness(context), LOCAL),
];

function route(
  call: `${Method} /${string}`,
  access: Route<Areas>["access"],
  handler: Route<Areas>["handler"],
  traits: Traits = {},
): Route<Areas> {
  const [method, path] = call.split(" ") as [Method, string];
  return { method, path, access, handler, ...traits };
}

/** Returns whether a GET request waits for a change (long polling). */
function isLongPoll(request: Request): boolean {
  return hasParam(request, "wait") || hasParam(request, "timeout");
}

function listOrChanges({ rest, waits }: Areas, call: Call): Answer {
  return hasParam(call.request, "after") ? waits.changes(call) : rest.list(call);
}

function taskOrWait({ rest, waits, polled }: Areas, call: Call): Answer {
  if (hasParam(call.request, "wait")) return waits.task(call);
  const answer = rest.task(call);
  polled.add(call);
  return answer;
}
