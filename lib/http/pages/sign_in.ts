/**
 * The page on which people sign in with the key, and the way out.
 *
 * @module
 */

// @ts-types="../cookie.d.ts"
import { deleteCookie, setCookie } from "@std/http/cookie";
import type { Keyring } from "../../access/keyring.ts";
import { now } from "../../clock.ts";
import { readForm } from "../body.ts";
import type { HandlerContext } from "../context.ts";
import { SESSION_COOKIE, SHARE_COOKIE, type Visitor } from "../gate.ts";
import { pageResponse, redirect } from "./page_responses.ts";
import { Problem } from "../problem.ts";
import { nothingHere, paramsOf, type Route } from "../route.ts";

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

  /** Finds what `/sign-in` or `/sign-out` stands for. */
  route(request: Request, [what, ...more]: readonly string[]): Route {
    const { keyring, access } = this.#context;
    if (more.length > 0 || keyring === null || !access.signIn) throw nothingHere();
    if (what === "sign-out") return { POST: { access: "none", answer: () => this.#signOut() } };
    return {
      GET: { access: "none", answer: () => this.#page(paramsOf(request).get("to") ?? "", null) },
      POST: { access: "none", answer: (visitor) => this.#signIn(keyring, request, visitor) },
    };
  }

  async #signIn(keyring: Keyring, request: Request, { peer }: Visitor): Promise<Response> {
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

  #signOut(): Response {
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
