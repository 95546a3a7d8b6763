/**
 * The page on which people sign in with the key, and the way out.
 *
 * @module
 */

// @ts-types="../cookie.d.ts"
import { deleteCookie, setCookie } from "@std/http/cookie";
import { now } from "../../clock.ts";
import { readForm } from "../body.ts";
import type { HandlerContext } from "../context.ts";
import { SESSION_COOKIE, SHARE_COOKIE } from "../gate.ts";
import { pageResponse, redirect } from "../responses.ts";
import { Problem } from "../problem.ts";
import { type Call, nothingHere, paramsOf } from "../route.ts";

/** How long a browser stays signed in, in seconds: a week. */
const SESSION_SECONDS = 7 * 24 * 60 * 60;

/** What a cookie needs whose name begins with `__Host-`; sent along where somebody follows a link to us. */
const COOKIE = { path: "/", secure: true, httpOnly: true, sameSite: "Lax" } as const;

/** Answers requests for `/sign-in` and `/sign-out`. There are none where nobody can sign in. */
export class SignIn {
  readonly #context: HandlerContext;

  /** @param context what the answers are made of */
  constructor(context: HandlerContext) {
    this.#context = context;
  }

  /** Where somebody is to sign in who wanted to see a page; `null` where they can't. */
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
  async signIn({ request, visitor: { peer } }: Call): Promise<Response> {
    const { keyring } = this.#context;
    if (keyring === null) throw nothingHere();
    const fields = await readForm(request, this.#context.limits);
    const to = fields.get("to") ?? "";
    try {
      const grant = await this.#context.gate.grantOf((fields.get("key") ?? "").trim(), request, peer);
      if (grant.kind !== "full") {
        throw new Problem("bad_key", "This is a token, not the key. Its link opens what it is for.");
      }
    } catch (error) {
      if (error instanceof Problem) return this.#page(to, error);
      throw error;
    }
    const value = await keyring.signSession(now() + SESSION_SECONDS);
    const response = redirect(this.#ownPath(to));
    setCookie(response.headers, { name: SESSION_COOKIE, value, maxAge: SESSION_SECONDS, ...COOKIE });
    return response;
  }

  /** `POST /sign-out` */
  signOut(): Response {
    const response = redirect(`${this.#context.access.basePath}/sign-in`);
    for (const name of [SESSION_COOKIE, SHARE_COOKIE]) deleteCookie(response.headers, name, COOKIE);
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

  /** A path of ours, whatever somebody made of the address of this page. */
  #ownPath(to: string): string {
    const { basePath } = this.#context.access;
    const url = URL.parse(to, "http://own.invalid");
    const isOwn = url !== null && url.host === "own.invalid" && to.startsWith(`${basePath}/`) &&
      !url.pathname.startsWith("//");
    return isOwn ? url.pathname + url.search : `${basePath}/`;
  }
}
