/**
 * The files that pages load, compressed once for all who ask.
 *
 * @module
 */

import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
// @ts-types="../negotiation.d.ts"
import { acceptsEncodings } from "@std/http/negotiation";
import type { PageAsset } from "../../page_renderer.ts";
import { Problem } from "../problem.ts";
import type { Answer } from "../route.ts";

type Encoding = "br" | "gzip";
type Bytes = Uint8Array<ArrayBuffer>;

const ENCODERS: Readonly<Record<Encoding, (bytes: Bytes) => Promise<Uint8Array>>> = {
  br: (bytes) =>
    promisify(brotliCompress)(bytes, {
      params: { [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT },
    }),
  gzip: (bytes) => promisify(gzip)(bytes, { level: 9 }),
};

/** Answers requests for files that never change. */
export class AssetFiles {
  readonly #assets: ReadonlyMap<string, PageAsset>;
  /** By encoding and name; what is asked for at once is made once. */
  readonly #made: Map<string, Promise<Bytes>> = new Map();

  /** @param assets the files, by names that change with their content */
  constructor(assets: ReadonlyMap<string, PageAsset>) {
    this.#assets = assets;
  }

  /**
   * `GET /assets/{name}`
   *
   * @throws {Problem} 404 where there is no such file
   */
  answer(name: string, request: Request): Answer {
    const asset = this.#assets.get(name);
    if (asset === undefined) throw new Problem("not_found", "There is no such file");
    const encoding = encodingFor(request);
    const headers = {
      "content-type": asset.contentType,
      "cache-control": "public, max-age=31536000, immutable",
      "x-content-type-options": "nosniff",
      vary: "Accept-Encoding",
    };
    if (encoding === null) return new Response(asset.body, { headers });
    return this.#encoded(name, asset, encoding).then((bytes) =>
      new Response(bytes, { headers: { ...headers, "content-encoding": encoding } })
    );
  }

  #encoded(name: string, asset: PageAsset, encoding: Encoding): Promise<Bytes> {
    const key = `${encoding} ${name}`;
    let made = this.#made.get(key);
    if (made === undefined) {
      made = ENCODERS[encoding](new TextEncoder().encode(asset.body)).then((bytes) => new Uint8Array(bytes));
      this.#made.set(key, made);
    }
    return made;
  }
}

/** The smaller first; `null` where the file goes as it is. */
function encodingFor(request: Request): Encoding | null {
  // Who does not say what it can read may read nothing but the file itself.
  if (!request.headers.get("accept-encoding")) return null;
  for (const encoding of ["br", "gzip"] as const) {
    if (acceptsEncodings(request, encoding) !== undefined) return encoding;
  }
  return null;
}
