/**
 * Creates tokens and shared links, and opens shared links.
 *
 * @module
 */

// @ts-types="../cookie.d.ts"
import { setCookie } from "@std/http/cookie";
import { z } from "zod";
import type { ScopedGrant } from "../../access/grant.ts";
import type { Keyring } from "../../access/keyring.ts";
import { isClientToken, isTaskId } from "../../task/grammar.ts";
import { now } from "../../clock.ts";
import { readForm, readJson } from "../body.ts";
import { type HandlerContext, serverAddress, storedTask } from "../context.ts";
import { cookieNames } from "../carried_key.ts";
import { Problem } from "../problem.ts";
import { parseBody } from "../reports/schemas.ts";
import { jsonResponse, pageResponse, redirect } from "../responses.ts";
import { type Call, nothingHere } from "../route.ts";

const DAY_SECONDS = 24 * 60 * 60;
/** The lifetimes that the page offers for a link, in seconds, and their labels. */
const DURATIONS: readonly (readonly [seconds: number, words: string])[] = [
  [60 * 60, "an hour"],
  [DAY_SECONDS, "a day"],
  [7 * DAY_SECONDS, "a week"],
  [30 * DAY_SECONDS, "30 days"],
];
const DEFAULT_SECONDS = 7 * DAY_SECONDS;
/** The maximum lifetime of a token, in seconds: ten years. */
const MAX_SECONDS = 3_650 * DAY_SECONDS;

/**
 * The headers of a response that contains a token, which keep proxies and Deno before 2.9 from compressing
 * it: the length of a compressed response could reveal the token (BREACH).
 */
const UNCOMPRESSED = { "cache-control": "no-store, no-transform" };

/** The body of `POST /tokens`. */
export const TOKEN_BODY = z.strictObject({
  may: z.enum(["read", "write"]).describe('"read" or "write"; whether the token reads or reports tasks'),
  client: z.string().refine(isClientToken).describe("a client token; whose tasks the token is for"),
  task_id: z.string().refine(isTaskId).nullable().describe(
    "a task id, or null; restricts the token to that task",
  ).optional(),
  expires_in: z.number().positive().max(MAX_SECONDS).nullable()
    .describe(
      `seconds up to ${MAX_SECONDS}, or null; a week if absent, null for a token that does not expire`,
    ).optional(),
}).describe("an object");

/** Handles requests to `/tokens`, `/share` and `/s`. */
export class Sharing {
  readonly #context: HandlerContext;

  /** @param context the parts of the monitor to use */
  constructor(context: HandlerContext) {
    this.#context = context;
  }

  /** `GET /share/{client}[/{id}]` */
  page({ client, id }: Call): Response {
    return this.#page(client, id || null, null, DEFAULT_SECONDS);
  }

  /** `POST /tokens` */
  async create({ request }: Call): Promise<Response> {
    const body = parseBody(TOKEN_BODY, await readJson(request, this.#context.bodies));
    const { may, client, task_id: taskId = null, expires_in: seconds = DEFAULT_SECONDS } = body;
    // Expiries are whole seconds. Rounded down, a token for less than a second would have expired already.
    const expiresAt = seconds === null ? null : Math.ceil(now() + seconds);
    const token = this.#keyring.sign({ may, client, taskId, expiresAt });
    const { signIn } = this.#context.access;
    const url = may === "read" && signIn ? this.#link(token, request) : null;
    return jsonResponse(JSON.stringify({ token, expires_at: expiresAt, url }), 201, UNCOMPRESSED);
  }

  /** `POST /share/{client}[/{id}]`: creates a link, at the request of the form on the share page. */
  async share({ client, id, request }: Call): Promise<Response> {
    const wanted = Number((await readForm(request, this.#context.bodies)).get("seconds"));
    const seconds = DURATIONS.find(([known]) => known === wanted)?.[0];
    if (seconds === undefined) throw new Problem("bad_field", "Choose how long the link stays valid");
    const expiresAt = Math.floor(now() + seconds);
    const taskId = id || null;
    const token = this.#keyring.sign({ may: "read", client, taskId, expiresAt });
    return this.#page(client, taskId, this.#link(token, request), seconds);
  }

  #page(client: string, taskId: string | null, link: string | null, seconds: number): Response {
    if (taskId !== null) storedTask(this.#context, client, taskId);
    const { basePath } = this.#context.access;
    const durations = DURATIONS.map(([each, words]) => ({ seconds: each, words }));
    const html = this.#context.pages.share({ basePath, client, taskId, link, seconds, durations });
    return pageResponse(html, 200, UNCOMPRESSED);
  }

  /**
   * `GET /s/{token}`: redirects to an address without the token, so that the token does not end up in
   * bookmarks, logs or referrers.
   */
  async follow({ token, request, visitor: { peer } }: Call): Promise<Response> {
    const { gate, access: { basePath } } = this.#context;
    const grant = await gate.grantOf(token, { request, peer, carrier: "link" });
    if (grant.kind !== "scoped" || grant.may !== "read") {
      throw new Problem("bad_key", "This link is not a shared link");
    }
    const response = redirect(
      `${basePath}/t/${grant.client}${grant.taskId === null ? "" : `/${grant.taskId}`}`,
      {
        "referrer-policy": "no-referrer",
      },
    );
    setCookie(response.headers, {
      name: cookieNames(basePath).share,
      value: token,
      path: "/",
      secure: true,
      httpOnly: true,
      sameSite: "Lax",
      ...lifetime(grant),
    });
    return response;
  }

  get #keyring(): Keyring {
    const { keyring } = this.#context;
    if (keyring === null) throw nothingHere();
    return keyring;
  }

  #link(token: string, request: Request): string {
    return `${serverAddress(this.#context, request)}/s/${token}`;
  }
}

function lifetime({ expiresAt }: ScopedGrant): { readonly maxAge?: number } {
  return expiresAt === null ? {} : { maxAge: Math.max(1, Math.floor(expiresAt - now())) };
}
