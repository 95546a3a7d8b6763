/**
 * Responds with the API reference, as an OpenAPI document for programs and as a page for people.
 *
 * @module
 */

// @ts-types="../etag.d.ts"
import { eTag } from "@std/http/etag";
import { z } from "zod";
import type { DocumentedCall, DocumentedField, DocumentedGroup } from "../../page_renderer.ts";
import { type HandlerContext, serverAddress } from "../context.ts";
import { isKnownVersion } from "../entity_tags.ts";
import { PROBLEMS, titleOf } from "../problem.ts";
import { jsonResponse, pageResponse } from "../responses.ts";
import type { Call, CallGroup, ResponseBody } from "./call.ts";
import { CALL_GROUPS } from "./calls.ts";
import { SOCKET_CALLS } from "./calls/sockets.ts";
import { openApiDocument } from "./document.ts";
import { TASK } from "./response_schemas.ts";

/** The parts of a JSON schema that the page shows. */
interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/**
 * The maximum number of values to list in the type of a field; longer lists must be in the field's
 * description.
 */
const MOST_VALUES = 6;

const ACCESS: Readonly<Record<Call["access"], string>> = {
  public: "public",
  any: "the key or any token",
  read: "the key or a read token",
  socket: "the key or a read token",
  write: "the key or a write token",
  key: "the key",
};

/** The page of the API reference. */
interface ServedPage {
  /** The address of the server, base path included, which the page contains. */
  readonly server: string;
  readonly html: string;
}

/** An OpenAPI document as it is sent. */
interface ServedDocument {
  /** The address of the server, base path included, which the document contains. */
  readonly server: string;
  readonly body: string;
  readonly etag: string;
}

/** Handles requests for `/docs` and `/openapi.json`. */
export class Docs {
  readonly #context: HandlerContext;
  /**
   * The last document, which is cached because it takes long to create, and depends only on the address of
   * the server.
   */
  #document: ServedDocument | null = null;
  /** The last page, which is cached for the same reasons. */
  #page: ServedPage | null = null;

  /** @param context the parts of the monitor that hold the server's address, its key and the page renderer */
  constructor(context: HandlerContext) {
    this.#context = context;
  }

  /** `GET /openapi.json` */
  async json(request: Request): Promise<Response> {
    const { body, etag } = await this.#documentFor(serverAddress(this.#context, request));
    const headers = { etag, "cache-control": "no-cache" };
    if (isKnownVersion(request, etag)) return new Response(null, { status: 304, headers });
    return jsonResponse(body, 200, headers);
  }

  /** `GET /docs` */
  page(request: Request): Response {
    const server = serverAddress(this.#context, request);
    if (this.#page?.server !== server) this.#page = { server, html: this.#pageFor(server) };
    return pageResponse(this.#page.html);
  }

  #pageFor(server: string): string {
    const { access: { basePath }, pages } = this.#context;
    const needsKey = this.#needsKey;
    const groups = CALL_GROUPS.map((group) => documentedGroup(group, server, needsKey));
    const sockets = documentedGroup(SOCKET_CALLS, server.replace(/^http/, "ws"), needsKey);
    const record = fieldsOf(TASK);
    const problems = Object.entries(PROBLEMS).map(([status, { title, codes }]): DocumentedField => ({
      name: status,
      type: title,
      about: codes.map((code) => `\`${code}\``).join(", "),
    }));
    return pages.docs({ basePath, server, needsKey, groups, sockets, record, problems });
  }

  async #documentFor(server: string): Promise<ServedDocument> {
    if (this.#document?.server === server) return this.#document;
    const body = JSON.stringify(openApiDocument(server, this.#context.access.basePath, this.#needsKey));
    const etag = await eTag(body);
    return this.#document = { server, body, etag };
  }

  get #needsKey(): boolean {
    return this.#context.keyring !== null;
  }
}

/**
 * Creates the shell command that shows a call.
 *
 * @param call the call
 * @param server the address of the server, base path included
 * @param needsKey whether the command must send the key, which it then reads from an environment variable
 */
export function exampleOf({ example, access }: Call, server: string, needsKey: boolean): string {
  const line = example.replace("{server}", server);
  if (!needsKey || access === "public") return line;
  return line.replace(/^curl|^npx -y wscat/, '$& -H "authorization: Bearer $$TASKSCOPE_KEY"');
}

function documentedGroup(group: CallGroup, server: string, needsKey: boolean): DocumentedGroup {
  const { title, about, calls } = group;
  return { title, about, calls: calls.map((call) => documented(call, server, needsKey)) };
}

function documented(call: Call, server: string, needsKey: boolean): DocumentedCall {
  const { method, path, summary, description = null, query, headers, body, responses, problems = [] } = call;
  const bodyTypes = ["JSON", ...call.isForm ? ["a form"] : [], ...call.isText ? ["plain text"] : []];
  const text = call.hasTextResponse ? ", or plain text" : "";
  return {
    method: call.access === "socket" ? "WS" : method.toUpperCase(),
    path,
    summary,
    description,
    access: ACCESS[call.access],
    parameters: query === undefined ? [] : fieldsOf(query),
    headers: headers === undefined ? [] : fieldsOf(headers),
    body: body === undefined ? [] : fieldsOf(body),
    bodyTypes: body === undefined ? [] : bodyTypes,
    responses: [
      ...Object.entries(responses).map(([status, response]) => ({
        status: Number(status),
        about: status === "101" ? "Switching protocols" : `${describeResponse(response)}${text}`,
      })),
      ...problems.map((status) => ({ status, about: titleOf(status) })),
    ],
    example: exampleOf(call, server, needsKey),
  };
}

function describeResponse(body: ResponseBody): string {
  if (body === null) return "no content";
  if (typeof body === "string") return body;
  if (body.meta()?.id === "Task") return "the record";
  if (body instanceof z.ZodUnion) {
    return body.options.map((option) => describeResponse(option as z.ZodType)).join(" or ");
  }
  return `{${Object.keys(schemaOf(body).properties ?? {}).join(", ")}}`;
}

function fieldsOf(schema: z.ZodType): DocumentedField[] {
  const { properties = {}, required = [] } = schemaOf(schema);
  return Object.entries(properties).map(([name, field]) => {
    const { description = "" } = field;
    // The fields of a task record are not marked as required, because every record has all of them.
    const isRequired = schema !== TASK && required.includes(name);
    return { name, type: typeOf(field), about: isRequired ? `required; ${description}` : description };
  });
}

function schemaOf(schema: z.ZodType): JsonSchema {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
  // The JSON of a named schema is only a reference to the schema's definition.
  return json.$defs?.[schema.meta()?.id ?? ""] ?? json;
}

function typeOf({ type, anyOf, enum: values, items }: JsonSchema): string {
  if (values !== undefined && values.length <= MOST_VALUES) return values.join(", ");
  if (anyOf !== undefined) return anyOf.map(typeOf).filter((text) => text !== "").join(" or ");
  if (items?.enum !== undefined) return typeOf(items);
  return typeof type === "string" ? type : type?.join(" or ") ?? "";
}
