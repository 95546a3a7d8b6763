/**
 * The calls as an OpenAPI document (version 3.1), made from the schemas that bodies are held against.
 *
 * @module
 */

import { z } from "zod";
import { VERSION } from "../../version.ts";
import { titleOf } from "../problem.ts";
import { PROBLEM } from "./answers.ts";
import { type AnswerBody, type Call, CALL_GROUPS } from "./calls.ts";

/** What every call may be answered with beside what it is for, and why. */
const COMMON_PROBLEMS = [400, 401, 403, 405, 421, 429, 500] as const;
/** What may come of a body. */
const BODY_PROBLEMS = [408, 413, 415] as const;

const PARAMETERS: Readonly<Record<string, string>> = {
  client: "the client token that the tasks are under",
  id: "the id of the task",
  name: "the name that it is registered under",
};

/** A document, as JSON. */
export type Document = Readonly<Record<string, unknown>>;

/**
 * Makes the document.
 *
 * @param server the address of the server, base path included
 * @param needsKey whether there is a key
 */
export function openApiDocument(server: string, needsKey: boolean): Document {
  const schemas: Record<string, unknown> = {};
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { title, calls } of CALL_GROUPS) {
    for (const call of calls) {
      (paths[call.path] ??= {})[call.method] = operation(call, title, schemas, needsKey);
    }
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Taskscope",
      version: VERSION,
      description: "Long-running tasks, live. Sockets and the messages on them are described at /docs.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: server }],
    tags: CALL_GROUPS.map(({ title, about }) => ({ name: title, description: about })),
    paths,
    components: {
      schemas,
      ...(needsKey && { securitySchemes: { key: { type: "http", scheme: "bearer" } } }),
    },
    ...(needsKey && { security: [{ key: [] }] }),
  };
}

function operation(
  call: Call,
  tag: string,
  schemas: Record<string, unknown>,
  needsKey: boolean,
): Record<string, unknown> {
  const { method, path, summary, description, query = {}, body, answers, problems = [] } = call;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    description: PARAMETERS[name!],
    schema: { type: "string" },
  }));
  const inQuery = Object.entries(query).map(([name, says]) => ({
    name,
    in: "query",
    description: says,
    schema: { type: "string" },
  }));
  const refused = [...COMMON_PROBLEMS, ...body === undefined ? [] : BODY_PROBLEMS, ...problems];
  return {
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    operationId: operationId(method, path),
    ...(needsKey && call.isOpen && { security: [] }),
    parameters: [...inPath, ...inQuery],
    ...(body !== undefined && { requestBody: { content: bodyTypes(call, body, schemas) } }),
    responses: {
      ...Object.fromEntries(
        refused.filter((status) => answers[status] === undefined)
          .map((status) => [String(status), problemAnswer(status, schemas)]),
      ),
      ...Object.fromEntries(
        Object.entries(answers).map((
          [status, answer],
        ) => [status, goodAnswer(Number(status), answer, schemas)]),
      ),
    },
  };
}

function bodyTypes(
  { isForm, isText }: Call,
  body: z.ZodType,
  schemas: Record<string, unknown>,
): Record<string, unknown> {
  const schema = schemaOf(body, schemas, "input");
  return {
    "application/json": { schema },
    ...(isForm && { "application/x-www-form-urlencoded": { schema } }),
    ...(isText && { "text/plain": { schema: { type: "string" } } }),
  };
}

function goodAnswer(status: number, answer: AnswerBody, schemas: Record<string, unknown>) {
  const description = status === 204 ? "Done" : status < 300 ? "As asked for" : titleOf(status);
  if (answer === null) return { description };
  if (typeof answer === "string") {
    return { description, content: { [answer]: { schema: { type: "string" } } } };
  }
  return { description, content: { "application/json": { schema: schemaOf(answer, schemas, "output") } } };
}

function problemAnswer(status: number, schemas: Record<string, unknown>) {
  const schema = schemaOf(PROBLEM, schemas, "output");
  return { description: titleOf(status), content: { "application/problem+json": { schema } } };
}

/** The schema of a type as JSON; those that have a name are put among all schemas, and only named here. */
function schemaOf(type: z.ZodType, schemas: Record<string, unknown>, io: "input" | "output"): unknown {
  const { $schema: _, $defs = {}, ...schema } = z.toJSONSchema(type, { io, unrepresentable: "any" }) as
    & Document
    & {
      readonly $defs?: Readonly<Record<string, unknown>>;
    };
  for (const [name, definition] of Object.entries($defs)) schemas[name] = referring(definition);
  const name = (type.meta() as { readonly id?: string } | undefined)?.id;
  if (name === undefined) return referring(schema);
  schemas[name] ??= referring(schema);
  return { $ref: `#/components/schemas/${name}` };
}

/** The same with references into the document. */
function referring(schema: unknown): unknown {
  return JSON.parse(
    JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/').replaceAll(/"id":"\w+",?/g, ""),
  );
}

function operationId(method: string, path: string): string {
  const words = path.split(/[^A-Za-z]+/).filter((word) => word !== "");
  return method + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
}
