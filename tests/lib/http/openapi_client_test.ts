/** Tests a client that is generated from the OpenAPI document: it type-checks and can make the main calls. */

import openapiTypescript, { astToString } from "openapi-typescript";
import { demoTasks } from "../../../lib/demo/mod.ts";
import type { TaskDefinition } from "../../../lib/mod.ts";
import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { callServer } from "../../support/api_client/program.ts";
import { call } from "../../support/calls.ts";
import { spawn } from "../../support/program.ts";
import { startServer, type TestServer } from "../../support/server.ts";

const REPOSITORY = new URL("../../../", import.meta.url).pathname;
const PROGRAM = `${REPOSITORY}tests/support/api_client/program.ts`;

/** Wrong uses of the client, and the type checker's message about each. */
const MISTAKES = [
  ['api.GET("/tasks/{client}/{id}", { params: { path: { client: "c" } } })', "Property 'id' is missing"],
  [
    'api.GET("/task/{client}", { params: { path: { client: "c" } } })',
    "is not assignable to parameter of type",
  ],
  [
    'api.POST("/tasks/{client}", { params: { path: { client: "c" } }, body: { progress: "half" } })',
    "Type 'string' is not assignable to type 'number'",
  ],
  [
    'api.GET("/tasks/{client}", { params: { path: { client: "c" }, query: { state: ["DONE"] } } })',
    "'\"DONE\"' is not assignable",
  ],
] as const;

function start(): TestServer {
  const tasks = Object.fromEntries(
    [...demoTasks({ root: "." })].map(([name, { fn }]) => [name, fn as TaskDefinition]),
  );
  return startServer({ tasks });
}

async function check(file: string): Promise<{ readonly code: number; readonly stderr: string }> {
  const args = ["check", "--quiet", "--config", `${REPOSITORY}deno.json`, file];
  return await spawn(Deno.execPath(), args, { env: { NO_COLOR: "1" } }).ended();
}

Deno.test("/openapi.json generates a client whose types accept correct programs and reject wrong ones", async () => {
  await using server = start();
  const { json } = await call("GET", `${server.url}/openapi.json`);
  const types = astToString(await openapiTypescript(json));
  const folder = await Deno.makeTempDir({ prefix: "taskscope-api-client-" });
  try {
    await Deno.writeTextFile(`${folder}/schema.d.ts`, types);
    await Deno.copyFile(PROGRAM, `${folder}/program.ts`);
    const lines = [
      'import createClient from "openapi-fetch";',
      'import type { paths } from "./schema.d.ts";',
      "const api = createClient<paths>();",
      ...MISTAKES.map(([line]) => `await ${line};`),
    ];
    await Deno.writeTextFile(`${folder}/mistakes.ts`, `${lines.join("\n")}\n`);
    const [program, mistakes] = await Promise.all([
      check(`${folder}/program.ts`),
      check(`${folder}/mistakes.ts`),
    ]);
    assertEquals([program.code, program.stderr], [0, ""]);
    assertEquals(mistakes.code, 1);
    for (const [, complaint] of MISTAKES) assertStringIncludes(mistakes.stderr, complaint);
    assertStringIncludes(mistakes.stderr, `Found ${MISTAKES.length} errors`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("/openapi.json generates a client that can create, update, list, log, finish, start, cancel and delete tasks", async () => {
  await using server = start();
  assertEquals(await callServer(server.url), {
    created: [201, "NOT_STARTED"],
    updated: [25, "Copying"],
    listed: [1, ["backup-1"]],
    got: "files",
    logged: 2,
    log: ["read b.txt"],
    finished: ["FINISHED", { files: 4 }],
    waited: [200, "FINISHED"],
    changed: [["backup-1", "FINISHED"]],
    started: [202, "demo-1"],
    cancelled: "CANCELLED",
    removed: 204,
    unknown: [404, "task_not_found"],
  });
  await server.monitor.shutdown();
});
