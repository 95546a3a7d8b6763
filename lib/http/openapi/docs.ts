/**
 * How programs talk to the server: for programs as an OpenAPI document, for people as a page.
 *
 * @module
 */

// @ts-types="../etag.d.ts"
import { eTag, ifNoneMatch } from "@std/http/etag";
import { z } from "zod";
import type { DocumentedCall, DocumentedField, DocumentedGroup } from "../../page_renderer.ts";
import type { HandlerContext } from "../context.ts";
import { TASK } from "./answers.ts";
import { type AnswerBody, type Call, CALL_GROUPS } from "./calls.ts";
import { openApiDocument } from "./document.ts";
import { titleOf } from "../problem.ts";
import { jsonResponse, pageResponse } from "../responses.ts";

/** Schemas as JSON, as far as the page shows them. */
interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/** Answers requests for `/docs` and `/openapi.json`. */
export class Docs {
  readonly #context: HandlerContext;

  /** @param context what the answers are made of */
  constructor(context: HandlerContext) {
    this.#context = context;
  }

  /** `GET /openapi.json` */
  async json(request: Request): Promise<Response> {
    const body = JSON.stringify(openApiDocument(this.#server(request), this.#needsKey));
    const etag = await eTag(body);
    const headers = { etag, "cache-control": "no-cache" };
    if (ifNoneMatch(request.headers.get("if-none-match"), etag)) return jsonResponse(body, 200, headers);
    return new Response(null, { status: 304, headers });
  }

  /** `GET /docs` */
  page(request: Request): Response {
    const { access: { basePath }, pages } = this.#context;
    const server = this.#server(request);
    const needsKey = this.#needsKey;
    const groups = CALL_GROUPS.map(({ title, about, calls }): DocumentedGroup => ({
      title,
      about,
      calls: calls.map((call) => documented(call, server, needsKey)),
    }));
    const record = fieldsOf(TASK);
    return pageResponse(pages.docs({ basePath, server, needsKey, groups, record }));
  }

  get #needsKey(): boolean {
    return this.#context.keyring !== null;
  }

  #server(request: Request): string {
    const { publicOrigin, basePath } = this.#context.access;
    return `${publicOrigin ?? new URL(request.url).origin}${basePath}`;
  }
}

/**
 * The line for a shell that shows a call.
 *
 * @param call the call
 * @param server the address of the server, base path included
 * @param needsKey whether there is a key, which the line takes from the environment
 */
export function exampleOf({ example, isOpen = false }: Call, server: string, needsKey: boolean): string {
  const line = example.replace("{server}", server);
  return needsKey && !isOpen ? line.replace("curl", 'curl -H "authorization: Bearer $TASKSCOPE_KEY"') : line;
}

function documented(call: Call, server: string, needsKey: boolean): DocumentedCall {
  const { method, path, summary, description = null, query = {}, body, answers, problems = [] } = call;
  const types = ["JSON", ...call.isForm ? ["a form"] : [], ...call.isText ? ["plain text"] : []];
  const statuses = [
    ...Object.entries(answers).map(([status, answer]) => ({
      status: Number(status),
      about: answerWords(answer),
    })),
    ...problems.filter((status) => answers[status] === undefined)
      .map((status) => ({ status, about: titleOf(status) })),
  ];
  return {
    method: method.toUpperCase(),
    path,
    summary,
    description,
    parameters: Object.entries(query).map(([name, about]) => ({ name, type: "", about })),
    body: body === undefined ? [] : fieldsOf(body),
    bodyTypes: body === undefined ? [] : types,
    answers: statuses,
    example: exampleOf(call, server, needsKey),
  };
}

function answerWords(answer: AnswerBody): string {
  if (answer === null) return "nothing";
  if (typeof answer === "string") return answer;
  const name = (answer.meta() as { readonly id?: string } | undefined)?.id;
  if (name === "Task") return "the record";
  const { properties, anyOf } = schemaOf(answer);
  const shapes = properties === undefined ? anyOf ?? [] : [{ properties }];
  return shapes.map((shape) => `{${Object.keys(shape.properties ?? {}).join(", ")}}`).join(" or ");
}

function fieldsOf(schema: z.ZodType): DocumentedField[] {
  const { properties = {}, required = [] } = schemaOf(schema);
  return Object.entries(properties).map(([name, field]) => {
    const type = typeWords(field);
    const { description = "" } = field;
    const about = schema !== TASK && required.includes(name) ? `required; ${description}` : description;
    return { name, type, about };
  });
}

function schemaOf(schema: z.ZodType): JsonSchema {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
  // One with a name stands among the definitions, its own included.
  return json.$defs?.[(schema.meta() as { readonly id?: string } | undefined)?.id ?? ""] ?? json;
}

function typeWords({ type, anyOf, enum: words }: JsonSchema): string {
  if (words !== undefined) return words.join(", ");
  if (anyOf !== undefined) return anyOf.map(typeWords).filter((text) => text !== "").join(" or ");
  return typeof type === "string" ? type : type?.join(" or ") ?? "";
}
