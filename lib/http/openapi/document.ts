/**
 * Describes the API as an OpenAPI 3.1 document, derived from the schemas that validate requests.
 *
 * @module
 */

import { z } from "zod";
import { TOKEN_PROTOCOL } from "../../remote/credentials.ts";
import { TIME_HEADER } from "../../task/clock_offset.ts";
import { VERSION } from "../../version.ts";
import { cookieNames } from "../carried_key.ts";
import { PROBLEMS, titleOf } from "../problem.ts";
import type { Call, ResponseBody } from "./call.ts";
import { CALL_GROUPS } from "./calls.ts";
import { SOCKET_CALLS } from "./calls/sockets.ts";
import { PATH_PARAMETERS } from "./parameters.ts";
import { PROBLEM } from "./response_schemas.ts";

/** The statuses of errors that any call can have; a server that is shutting down responds with 503. */
const COMMON_PROBLEMS = [400, 401, 403, 405, 421, 429, 431, 500, 503] as const;
/** The statuses of errors that any call with a body can have. */
const BODY_PROBLEMS = [408, 413, 415] as const;
/** The statuses of errors whose `Retry-After` header says when to retry. */
const RETRYABLE: readonly number[] = [429, 503];

const START_PATH = "/tasks/{client}/start/{name}";

/** The named schemas of a document, by their names. */
type Schemas = Record<string, unknown>;

/** An OpenAPI document, or a part of one. */
export type Document = Readonly<Record<string, unknown>>;

/** The security schemes, without the names of the cookies, which depend on the base path. */
const SECURITY_SCHEMES = {
  key: {
    type: "http",
    scheme: "bearer",
    description: "The key of the server, or a token made from it (`POST /tokens`, `taskscope token`).",
  },
  session: {
    type: "apiKey",
    in: "cookie",
    description: "The session of a browser in which someone has signed in with the key.",
  },
  sharedLink: {
    type: "apiKey",
    in: "cookie",
    description: "The session of a browser that has followed a shared link. It can only read.",
  },
  subprotocol: {
    type: "apiKey",
    in: "header",
    name: "Sec-WebSocket-Protocol",
    description:
      `For WebSockets in browsers, which cannot send other headers: \`taskscope, ${TOKEN_PROTOCOL}\` ` +
      "followed by the key or token in base64url. WebSockets are described at /docs.",
  },
};

/** The security schemes that a call accepts, by the access that it needs; any one of them suffices. */
const SCHEMES: Readonly<Record<Call["access"], readonly (keyof typeof SECURITY_SCHEMES)[]>> = {
  public: [],
  any: ["key", "session", "sharedLink"],
  read: ["key", "session", "sharedLink"],
  write: ["key", "session"],
  socket: ["key", "session", "subprotocol"],
  key: ["key", "session"],
};

/**
 * Creates the OpenAPI document.
 *
 * @param server the address of the server, base path included
 * @param basePath the base path
 * @param needsKey whether the server has a key
 */
export function openApiDocument(server: string, basePath: string, needsKey: boolean): Document {
  const schemas: Schemas = {};
  const paths: Record<string, Record<string, unknown>> = {};
  const groups = [...CALL_GROUPS, SOCKET_CALLS];
  for (const { title, calls } of groups) {
    for (const call of calls) {
      (paths[call.path] ??= {})[call.method] = {
        ...operation(call, title, schemas),
        security: requirements(call.access, needsKey),
      };
    }
  }
  const names = cookieNames(basePath);
  const securitySchemes = {
    ...SECURITY_SCHEMES,
    session: { ...SECURITY_SCHEMES.session, name: names.session },
    sharedLink: { ...SECURITY_SCHEMES.sharedLink, name: names.share },
  };
  return {
    openapi: "3.1.0",
    info: {
      title: "Taskscope",
      version: VERSION,
      description:
        "Live progress of long-running tasks. WebSockets and their messages are described at /docs. " +
        "Only the values of path parameters may be percent-encoded, not the other parts of a path, and no path " +
        `ends with a slash. The header \`${TIME_HEADER}\` of every response has the time of the server's clock at which it was ` +
        "made, in epoch seconds to the millisecond.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: server }],
    tags: groups.map(({ title, about }) => ({ name: title, description: about })),
    paths: inOrder(paths),
    components: { schemas, securitySchemes },
    security: requirements("key", needsKey),
  };
}

/**
 * Moves {@linkcode START_PATH} to the end. Linters that ignore the patterns of parameters report this path as
 * ambiguous, because it has the shape of paths such as `/tasks/{client}/{id}/logs`. If the path comes last,
 * linters report it once instead of once for each similar path.
 */
function inOrder(paths: Document): Document {
  const { [START_PATH]: start, ...others } = paths;
  return { ...others, [START_PATH]: start };
}

/** Returns the alternative security requirements of a call. Every request meets the requirement `{}`. */
function requirements(access: Call["access"], needsKey: boolean): Document[] {
  const schemes = SCHEMES[access].map((scheme) => ({ [scheme]: [] }));
  return needsKey && access !== "public" ? schemes : [...schemes, {}];
}

function operation(call: Call, tag: string, schemas: Schemas): Document {
  const { id, path, summary, description, query, headers, body, responses, problems = [] } = call;
  const pathParameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) =>
    parameter(name!, "path", true, jsonSchemaOf(PATH_PARAMETERS[name!]!, "input"))
  );
  const expected = [...COMMON_PROBLEMS, ...body === undefined ? [] : BODY_PROBLEMS, ...problems];
  return {
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    operationId: id,
    parameters: [...pathParameters, ...parameters(query, "query"), ...parameters(headers, "header")],
    ...(body !== undefined && { requestBody: requestBody(call, body, schemas) }),
    responses: {
      ...Object.fromEntries(
        expected.filter((status) => responses[status] === undefined)
          .map((status) => [String(status), problemResponse(status, schemas)]),
      ),
      // An operation should have a 2xx response or a default response. A handshake has no 2xx response, so it
      // gets a default response.
      ...(call.access === "socket" && { default: problemResponse(null, schemas) }),
      ...Object.fromEntries(
        Object.entries(responses).map((
          [status, body],
        ) => [status, response(Number(status), body, call, schemas)]),
      ),
    },
  };
}

function parameters(fields: z.ZodObject | undefined, place: "query" | "header"): Document[] {
  return Object.entries(fields?.shape ?? {}).map(([name, schema]) =>
    parameter(name, place, !schema.safeParse(undefined).success, jsonSchemaOf(schema as z.ZodType, "input"))
  );
}

function parameter(
  name: string,
  place: string,
  required: boolean,
  json: z.core.JSONSchema.BaseSchema,
): Document {
  const { description, ...schema } = json;
  return { name, in: place, required, description, schema };
}

function requestBody({ isForm, isText }: Call, body: z.ZodType, schemas: Schemas): Document {
  const schema = schemaOf(body, schemas, "input");
  return {
    required: !body.safeParse({}).success,
    content: {
      "application/json": { schema },
      ...(isForm && { "application/x-www-form-urlencoded": { schema } }),
      ...(isText && { "text/plain": { schema: { type: "string" } } }),
    },
  };
}

function response(
  status: number,
  body: ResponseBody,
  { responseHeaders }: Call,
  schemas: Schemas,
): Document {
  const described = {
    description: status === 101 ? "Switching protocols" : status < 300 ? "Success" : titleOf(status),
    ...(status < 300 && responseHeaders !== undefined && { headers: headersOf(responseHeaders) }),
  };
  if (body === null) return described;
  // The alternative response as plain text is omitted, because it would turn the types in generated clients
  // into unions with `string`.
  const [type, schema] = typeof body === "string"
    ? [body, { type: "string" }]
    : ["application/json", schemaOf(body, schemas, "output")];
  return { ...described, content: { [type]: { schema } } };
}

function headersOf(descriptions: Readonly<Record<string, string>>): Document {
  return Object.fromEntries(
    Object.entries(descriptions).map(([name, description]) => [
      name,
      { description, schema: { type: "string" } },
    ]),
  );
}

/** Describes a status by its title and the problem codes that it can have. */
function describeProblem(status: number): string {
  const codes = PROBLEMS[status as keyof typeof PROBLEMS].codes.map((code) => `\`${code}\``);
  return `${titleOf(status)}: ${codes.join(", ")}`;
}

function problemResponse(status: number | null, schemas: Schemas): Document {
  const schema = schemaOf(PROBLEM, schemas, "output");
  return {
    description: status === null ? "Any other problem" : describeProblem(status),
    ...(status !== null && RETRYABLE.includes(status) && {
      headers: {
        "Retry-After": { description: "seconds to wait before trying again", schema: { type: "integer" } },
      },
    }),
    content: { "application/problem+json": { schema } },
  };
}

/**
 * Converts a schema to JSON. A named schema is added to the components, and the result is a reference to it.
 */
function schemaOf(schema: z.ZodType, schemas: Schemas, io: "input" | "output"): unknown {
  const { $defs = {}, ...json } = jsonSchemaOf(schema, io);
  for (const [name, definition] of Object.entries($defs)) schemas[name] = referring(definition);
  const name = schema.meta()?.id;
  if (name === undefined) return referring(json);
  schemas[name] ??= referring(json);
  return { $ref: `#/components/schemas/${name}` };
}

function jsonSchemaOf(schema: z.ZodType, io: "input" | "output"): z.core.JSONSchema.BaseSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return json;
}

/** Returns the same schema with references that point into the document. */
function referring(schema: unknown): unknown {
  return JSON.parse(
    JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/').replaceAll(/"id":"\w+",?/g, ""),
  );
}
