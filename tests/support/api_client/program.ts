/**
 * A program that makes the main calls of the API through a client generated from its OpenAPI document.
 *
 * @module
 */

import createClient from "openapi-fetch";
import type { paths } from "./schema.d.ts";

/**
 * Reports, reads, starts, cancels and removes tasks.
 *
 * @param baseUrl the address of a server without a key that offers the task `long_running_task`
 * @returns the body or the status of each response, by the name of the call
 */
export async function callServer(baseUrl: string): Promise<Readonly<Record<string, unknown>>> {
  const api = createClient<paths>({ baseUrl });
  const client = { path: { client: "generated" } };
  const backup = { path: { ...client.path, id: "backup-1" } };
  const demo = { path: { ...client.path, id: "demo-1" } };

  const created = await api.POST("/tasks/{client}", {
    params: client,
    body: { id: "backup-1", name: "backup", tags: ["nightly"], metadata: { host: "a" }, stale_after: 60 },
  });
  const updated = await api.PATCH("/tasks/{client}/{id}", {
    params: backup,
    body: { current: 1, total: 4, unit: "files", status: "Copying" },
  });
  const listed = await api.GET("/tasks/{client}", {
    params: {
      ...client,
      query: { state: ["STARTING", "PROCESSING"], tag: ["nightly"], sort: "-created_at", limit: 5 },
    },
  });
  const list = listed.data !== undefined && "all_tasks" in listed.data ? listed.data : undefined;
  const got = await api.GET("/tasks/{client}/{id}", { params: backup });
  const logged = await api.POST("/tasks/{client}/{id}/logs", {
    params: backup,
    body: { lines: ["read a.txt", { at: 1_700_000_000, text: "read b.txt" }], first: 0 },
  });
  const log = await api.GET("/tasks/{client}/{id}/logs", {
    params: { ...backup, query: { after: 1, limit: 10 } },
  });
  const finished = await api.POST("/tasks/{client}/{id}/finish", {
    params: backup,
    body: { result: { files: 4 } },
  });
  const waited = await api.GET("/tasks/{client}/{id}", {
    params: { ...backup, query: { wait: "ended", timeout: 5 } },
  });
  const since = list?.cursor ?? "";
  const changes = await api.GET("/tasks/{client}", { params: { ...client, query: { after: since } } });
  const changed = changes.data !== undefined && "tasks" in changes.data ? changes.data.tasks : [];

  const started = await api.POST("/tasks/{client}/start/{name}", {
    params: { path: { ...client.path, name: "long_running_task" } },
    body: { id: "demo-1", args: [] },
  });
  const cancelled = await api.POST("/tasks/{client}/{id}/cancel", {
    params: { ...demo, query: { force: true } },
  });
  const removed = await api.DELETE("/tasks/{client}/{id}", { params: demo });
  const unknown = await api.GET("/tasks/{client}/{id}", { params: demo });
  return {
    created: [created.response.status, created.data?.state],
    updated: [updated.data?.progress, updated.data?.status],
    listed: [list?.total, Object.keys(list?.all_tasks ?? {})],
    got: got.data?.unit,
    logged: logged.data?.log_count,
    log: log.data?.lines.map(({ text }: { readonly text: string }) => text),
    finished: [finished.data?.state, finished.data?.result],
    waited: [waited.response.status, waited.data?.state],
    changed: changed.map(({ id, state }: { readonly id: string; readonly state: string }) => [id, state]),
    started: [started.response.status, started.data?.task_id],
    cancelled: cancelled.data?.state,
    removed: removed.response.status,
    unknown: [unknown.response.status, unknown.error && "code" in unknown.error ? unknown.error.code : null],
  };
}
