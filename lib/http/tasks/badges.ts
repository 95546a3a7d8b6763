/**
 * Serves badges of tasks, to be embedded in wikis and READMEs.
 *
 * @module
 */

// @ts-types="../etag.d.ts"
import { eTag } from "@std/http/etag";
import { badgeOf, badgeSvg, UNKNOWN_BADGE } from "./badge_svg.ts";
import { type HandlerContext, whenPublishable } from "../context.ts";
import { isKnownVersion } from "../entity_tags.ts";
import { type Answer, type Call, paramsOf } from "../route.ts";

/**
 * The headers of a badge: any page may embed it, it is revalidated on each use, and it is inert if it is
 * opened as a document.
 */
const HEADERS = {
  "content-type": "image/svg+xml; charset=utf-8",
  "cache-control": "no-cache",
  "content-security-policy": "default-src 'none'",
  "cross-origin-resource-policy": "cross-origin",
  "x-content-type-options": "nosniff",
};

/** Handles requests below `/badge`. */
export class Badges {
  readonly #context: HandlerContext;

  /** @param context the parts of the monitor to use */
  constructor(context: HandlerContext) {
    this.#context = context;
  }

  /** `GET /badge/{client}/{id}.svg[?label=]`: the badge of an unknown task has status 404. */
  badge(call: Call): Answer {
    // A badge shows a final state only after its commit.
    return whenPublishable(this.#context, call.client, () => this.#badgeNow(call));
  }

  async #badgeNow({ client, id, request }: Call): Promise<Response> {
    const label = paramsOf(request).get("label");
    const task = (await this.#context.registry.record(client, id))?.task;
    const badge = task === undefined ? UNKNOWN_BADGE : badgeOf(task);
    const svg = badgeSvg(label === null ? badge : { ...badge, label });
    const etag = await eTag(svg);
    const headers = { ...HEADERS, etag };
    if (task === undefined) return new Response(svg, { status: 404, headers });
    return isKnownVersion(request, etag)
      ? new Response(null, { status: 304, headers })
      : new Response(svg, { headers });
  }
}
