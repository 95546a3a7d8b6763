/**
 * Serves the wheels of all versions as a package index for pip and similar tools, as HTML (PEP 503) or JSON
 * (PEP 691).
 *
 * @module
 */

// @ts-types="../negotiation.d.ts"
import { accepts } from "@std/http/negotiation";
import { headerOf } from "../headers.ts";
import { pageResponse, TextResponse } from "../responses.ts";
import type { Call } from "../route.ts";
import type { ReporterFiles } from "./reporter_files.ts";

/** The name of the only project of the index. */
const PROJECT = "taskscope";

const HTML = "text/html";
const VERSIONED_HTML = "application/vnd.pypi.simple.v1+html";
const VERSIONED_JSON = "application/vnd.pypi.simple.v1+json";

/** A link of the index. */
interface Link {
  readonly name: string;
  /**
   * The URL, relative to the page of the link, so that the URL is correct with any base path and behind any
   * proxy.
   */
  readonly url: string;
  /** The SHA-256 of the file, in hexadecimal; `null` if the link leads to a page. */
  readonly sha256: string | null;
}

/** Serves `/simple/` and `/simple/taskscope/`. */
export class SimpleIndex {
  readonly #files: ReporterFiles;

  /** @param files the files of all versions */
  constructor(files: ReporterFiles) {
    this.#files = files;
  }

  /** `GET /simple/`: the projects */
  projects({ request }: Call): Response {
    const links = [{ name: PROJECT, url: `${PROJECT}/`, sha256: null }];
    return answer(request, "Projects", links, { projects: [{ name: PROJECT }] });
  }

  /** `GET /simple/taskscope/`: the wheels */
  project({ request }: Call): Response {
    const links = this.#files.wheels.map(({ path, sha256 }) => ({
      name: path.slice(path.lastIndexOf("/") + 1),
      url: `../..${path}`,
      sha256,
    }));
    const files = links.map(({ name, url, sha256 }) => ({ filename: name, url, hashes: { sha256 } }));
    return answer(request, PROJECT, links, { name: PROJECT, files });
  }
}

/**
 * Responds in the format that the client prefers.
 *
 * @throws {Problem} 431 if the header `Accept` is too long
 */
function answer(request: Request, title: string, links: readonly Link[], json: object): Response {
  const accepted = headerOf(request, "accept") ?? "";
  const type = accepted === "" ? HTML : accepts(request, HTML, VERSIONED_HTML, VERSIONED_JSON) ?? HTML;
  if (type === VERSIONED_JSON) {
    const body = JSON.stringify({ meta: { "api-version": "1.0" }, ...json });
    return new TextResponse(body, { headers: { ...headersOf(type), "cache-control": "no-cache" } });
  }
  // Names and URLs have no characters that HTML would need to escape.
  const items = links.map(({ name, url, sha256 }) =>
    `<li><a href="${url}${sha256 === null ? "" : `#sha256=${sha256}`}">${name}</a></li>`
  );
  const html = `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">` +
    `<meta name="pypi:repository-version" content="1.0"><meta name="robots" content="noindex">` +
    `<title>${title}</title></head><body><h1>${title}</h1><ul>${items.join("")}</ul></body></html>`;
  return pageResponse(html, 200, { ...headersOf(type), "cache-control": "no-cache" });
}

function headersOf(type: string): Record<string, string> {
  return {
    "content-type": type === VERSIONED_JSON ? type : `${type}; charset=utf-8`,
    "x-content-type-options": "nosniff",
    vary: "Accept",
  };
}
