/**
 * The module that programs import by URL: one file for Deno and browsers, under the two names that they expect, and its
 * declarations.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { ModuleSource } from "./module_source.ts";
import { nothingHere, type Route } from "../route.ts";

/** How browsers and Deno are to keep what may be another file after the next upgrade. */
const REVALIDATED = "no-cache";
/** Its content never changes: another version has another address. */
const IMMUTABLE = "public, max-age=31536000, immutable";

/** One of the files. */
interface ModuleFile {
  readonly body: string;
  readonly contentType: string;
}

/** Answers requests for `/monitored.ts`, `/monitored.js`, `/monitored.d.ts`, and the same below `/v{version}`. */
export class ModuleFiles {
  readonly #files: ReadonlyMap<string, ModuleFile>;
  readonly #etag: string;
  readonly #folder: string;

  /** @param source the module */
  constructor({ script, declarations, version }: ModuleSource) {
    const javaScript = { body: script, contentType: "text/javascript; charset=utf-8" };
    this.#files = new Map([
      ["monitored.ts", javaScript],
      ["monitored.js", javaScript],
      ["monitored.d.ts", { body: declarations, contentType: "application/typescript; charset=utf-8" }],
    ]);
    this.#etag = `"${createHash("sha256").update(script).update(declarations).digest("base64url")}"`;
    this.#folder = `v${version}`;
  }

  /** The first segments of the paths that are answered here. */
  get roots(): readonly string[] {
    return [...this.#files.keys(), this.#folder];
  }

  /** Finds what a path stands for. */
  route(request: Request, segments: readonly string[]): Route {
    const isVersioned = segments[0] === this.#folder;
    const [name = "", ...more] = isVersioned ? segments.slice(1) : segments;
    const file = this.#files.get(name);
    if (file === undefined || more.length > 0) throw nothingHere();
    return { GET: { access: "none", answer: () => this.#answer(request, file, isVersioned) } };
  }

  #answer(request: Request, { body, contentType }: ModuleFile, isVersioned: boolean): Response {
    const headers = {
      "content-type": contentType,
      "cache-control": isVersioned ? IMMUTABLE : REVALIDATED,
      etag: this.#etag,
      // Beside the file itself; Deno reads the types from there.
      "x-typescript-types": "./monitored.d.ts",
      "x-content-type-options": "nosniff",
      // A page of any origin may load it. What it may do with it is another question.
      "access-control-allow-origin": "*",
      "cross-origin-resource-policy": "cross-origin",
    };
    if (this.#isKept(request.headers.get("if-none-match"))) {
      return new Response(null, { status: 304, headers });
    }
    return new Response(body, { headers });
  }

  /** Whether one of the tags is ours, also where somebody on the way has compressed the file (RFC 9110, 13.1.2). */
  #isKept(tags: string | null): boolean {
    return tags?.split(",").some((tag) => tag.trim().replace(/^W\//, "") === this.#etag) ?? false;
  }
}
