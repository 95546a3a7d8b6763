/** Tests finding the routes of a path, and reading the parameters of a path. */

import type { Method, Route } from "../../../lib/http/route.ts";
import { paramsIn, RouteTree, segmentsOf } from "../../../lib/http/route_tree.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { Problem } from "../../../lib/http/problem.ts";

function route(method: Method, path: string, isShared = false): Route<unknown> {
  return { method, path, access: "none", isShared, handler: () => new Response() };
}

const TREE = new RouteTree([
  route("GET", "/"),
  route("GET", "/tasks/{client}"),
  route("POST", "/tasks/{client}", true),
  route("POST", "/tasks/{client}/start/{name}"),
  route("GET", "/tasks/{client}/{id}"),
  route("PATCH", "/tasks/{client}/{id}", true),
  route("POST", "/tasks/{client}/{id}", true),
  route("POST", "/tasks/{client}/{id}/finish"),
  route("GET", "/badge/{client}/{id}.svg"),
  route("GET", "/v{version}/a.js"),
  route("GET", "/folder/"),
  route("GET", "/b/b-{version}-b.gz"),
]);

function found(path: string) {
  return TREE.find(segmentsOf(`http://x${path}`, ""));
}

Deno.test("RouteTree.find() finds the routes of a path, and prefers literal segments to parameters", () => {
  const table: [path: string, route: string][] = [
    ["/", "/"],
    ["/tasks/c", "/tasks/{client}"],
    ["/tasks/", "/tasks/{client}"],
    ["/tasks/c?start", "/tasks/{client}"],
    ["/tasks/c/start/x", "/tasks/{client}/start/{name}"],
    ["/tasks/c/start/finish", "/tasks/{client}/start/{name}"],
    ["/tasks/c/start", "/tasks/{client}/{id}"],
    ["/tasks/c/finish", "/tasks/{client}/{id}"],
    ["/tasks/c/t/finish", "/tasks/{client}/{id}/finish"],
    ["/badge/c/t.svg", "/badge/{client}/{id}.svg"],
    ["/v1/a.js", "/v{version}/a.js"],
    ["/folder/", "/folder/"],
    ["/v/a.js", "/v{version}/a.js"],
    ["/b/b-1-b.gz", "/b/b-{version}-b.gz"],
    ["/b/b--b.gz", "/b/b-{version}-b.gz"],
  ];
  for (const [path, expected] of table) {
    const routes = Object.values(found(path)?.resource.routes ?? {});
    assertEquals(new Set(routes.map((route) => route.path)), new Set([expected]), path);
  }
  for (
    const path of [
      ...["//", "/tasks", "/tasks/c/t/x", "/tasks/c/t/finish/", "/badge/c/t", "/%74asks/c", "/x"],
      ...["/1/a.js", "/%761/a.js", "/folder", "/folder//", "/v1/b.js", "/b/b-b.gz", "/b/1-b.gz", "/b/b-1-b"],
    ]
  ) {
    assertEquals(found(path), null, path);
  }
});

Deno.test("RouteTree.find() distinguishes folders, whose paths end with a slash, from other resources", () => {
  assertEquals(found("/folder/")?.resource.isFolder, true);
  for (const path of ["/tasks/c", "/tasks/", "/badge/c/t.svg"]) {
    assertEquals(found(path)?.resource.isFolder, false, path);
  }
});

Deno.test("RouteTree.find() returns the routes of a path and the methods that other origins may use", () => {
  const { routes, sharedMethods } = found("/tasks/c/t")!.resource;
  assertEquals(Object.keys(routes).sort(), ["GET", "PATCH", "POST"]);
  assertEquals(sharedMethods, ["POST", "PATCH"]);
});

Deno.test("paramsIn() decodes and validates the parameters of a path", () => {
  const table: [path: string, client: string, id: string, name: string][] = [
    ["/tasks/c", "c", "", ""],
    ["/tasks/c/t", "c", "t", ""],
    ["/tasks/web/job%3A1", "web", "job:1", ""],
    ["/tasks/%63/job:1/finish", "c", "job:1", ""],
    ["/tasks/c/start/a%2Fb%20%C3%A9", "c", "", "a/b é"],
    ["/badge/c/job%3A1.svg", "c", "job:1", ""],
  ];
  for (const [path, client, id, name] of table) {
    assertEquals(paramsIn(found(path)!), { client, id, name, file: "", version: "", token: "" }, path);
  }
  const wrong: [path: string, code: string][] = [
    ["/tasks/a:b", "bad_client"],
    ["/tasks/a%2Fb/t", "bad_client"],
    ["/tasks/%zz", "bad_client"],
    ["/tasks/", "bad_client"],
    ["/tasks/c/start", "bad_task_id"],
    ["/tasks/c/%5F%5Fproto__", "bad_task_id"],
    ["/tasks/c/%ff", "bad_task_id"],
    ["/tasks/c/start/%zz", "bad_path"],
    ["/badge/c/.svg", "bad_task_id"],
  ];
  for (const [path, code] of wrong) {
    const problem = assertThrows(() => paramsIn(found(path)!), Problem);
    assertEquals([problem.code, problem.status], [code, 400], path);
  }
});

Deno.test("segmentsOf() splits a path below the base path, and throws for other paths", () => {
  const table: [url: string, basePath: string, segments: string[]][] = [
    ["http://x", "", [""]],
    ["http://x/", "", [""]],
    ["http://x/a/b?c/d", "", ["a", "b"]],
    ["http://x/m", "/m", [""]],
    ["http://x/m/", "/m", [""]],
    ["http://x/m?q", "/m", [""]],
    ["http://x/m/a//%2F", "/m", ["a", "", "%2F"]],
  ];
  for (const [url, basePath, segments] of table) assertEquals(segmentsOf(url, basePath), segments, url);
  for (const url of ["http://x/", "http://x/a", "http://x/mm"]) {
    assertThrows(() => segmentsOf(url, "/m"), Problem);
  }
});
