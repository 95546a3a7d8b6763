/**
 * Signs people in with the server's key, and signs them out.
 *
 * @module
 */

// @ts-types="../cookie.d.ts"
import { deleteCookie, setCookie } from "@std/http/cookie";
import { shareOf } from "../../access/grant.ts";
import { now } from "../../clock.ts";
import { readForm } from "../body.ts";
import type { HandlerContext } from "../context.ts";
import { cookieNames } from "../carried_key.ts";
import { pageResponse, redirect } from "../responses.ts";
import { Problem } from "../problem.ts";
import { type Call, nothingHere, paramsOf } from "../route.ts";

/** The lifetime of a session, in seconds: a week. */
const SESSION_SECONDS = 7 * 24 * 60 * 60;

/**
 * The maximum number of bytes of the form with the key and the address of a page; small, because anybody may
 * send this form.
 */
const MAX_BYTES = 32 * 1024;

/**
 * The attributes of the session cookie, which the prefix `__Host-` of its name requires. `Lax` makes browsers
 * send the cookie when a link to a page is opened.
 */
const COOKIE = { path: "/", secure: true, httpOnly: true, sameSite: "Lax" } as const;

/** Handles requests to `/sign-in` and `/sign-out`. */
export class SignIn {
  readonly #context: HandlerContext;

  /** @param context the parts of the monitor to use */
  constructor(context: HandlerContext) {
    this.#context = context;
  }

  /**
   * Returns the address of a sign-in page that leads back to the requested page; `null` if sign-in is not
   * available.
   */
  addressFor(request: Request): string | null {
    const { signIn, basePath } = this.#context.access;
    if (!signIn) return null;
    const { pathname, search } = new URL(request.url);
    const to = request.method === "GET" ? `?to=${encodeURIComponent(pathname + search)}` : "";
    return `${basePath}/sign-in${to}`;
  }

  /** `GET /sign-in[?to=]` */
  form({ request }: Call): Response {
    return this.#page(paramsOf(request).get("to") ?? "", null);
  }

  /** `POST /sign-in` */
  async signIn({ request, visitor: { grant, peer } }: Call): Promise<Response> {
    const { keyring } = this.#context;
    if (keyring === null) throw nothingHere();
    const limits = { ...this.#context.bodies, requestBytes: MAX_BYTES, share: shareOf(grant) };
    const fields = await readForm(request, limits);
    const to = fields.get("to") ?? "";
    try {
      const text = (fields.get("key") ?? "").trim();
      const grant = await this.#context.gate.grantOf(text, { request, peer, carrier: "key" });
      if (grant.kind !== "full") {
        throw new Problem("bad_key", "This is a token, not the key. Open its link instead");
      }
    } catch (error) {
      if (error instanceof Problem) return this.#page(to, error);
      throw error;
    }
    const value = keyring.signSession(now() + SESSION_SECONDS);
    const response = redirect(this.#ownPath(to));
    const { session: name } = cookieNames(this.#context.access.basePath);
    setCookie(response.headers, { name, value, maxAge: SESSION_SECONDS, ...COOKIE });
    return response;
  }

  /** `POST /sign-out` */
  signOut(): Response {
    const { basePath } = this.#context.access;
    const response = redirect(`${basePath}/sign-in`);
    for (const name of Object.values(cookieNames(basePath))) deleteCookie(response.headers, name, COOKIE);
    return response;
  }

  #page(to: string, problem: Problem | null): Response {
    const { basePath } = this.#context.access;
    const html = this.#context.pages.signIn({
      basePath,
      to: this.#ownPath(to),
      problem: problem?.message ?? null,
    });
    const { "www-authenticate": _, ...headers } = problem?.headers ?? {};
    return pageResponse(html, problem?.status ?? 200, headers);
  }

  /** Returns `to` if it is a path of this server, otherwise the path of the start page. */
  #ownPath(to: string): string {
    const { basePath } = this.#context.access;
    const url = URL.parse(to, "http://own.invalid");
    const isOwn = url !== null && url.host === "own.invalid" && to.startsWith(`${basePath}/`) &&
      !url.pathname.startsWith("//");
    return isOwn ? url.pathname + url.search : `${basePath}/`;
  }
}
