/**
 * Serves the files that pages load, and compresses each of them once.
 *
 * @module
 */

import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { type Encoding, encodingFor } from "../compression.ts";
import type { PageAsset } from "../../page_renderer.ts";
import { Problem } from "../problem.ts";
import type { Answer } from "../route.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const ENCODERS: Readonly<Record<Encoding, (bytes: Bytes) => Promise<Uint8Array>>> = {
  br: (bytes) =>
    promisify(brotliCompress)(bytes, {
      params: { [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT },
    }),
  gzip: (bytes) => promisify(gzip)(bytes, { level: 9 }),
};

/** Serves files that never change, compressed if the client accepts it. */
export class AssetFiles {
  readonly #assets: ReadonlyMap<string, PageAsset>;
  /**
   * Promises of compressed files, by encoding and name. A promise is stored so that concurrent requests
   * compress a file only once.
   */
  readonly #compressed: Map<string, Promise<Bytes>> = new Map();

  /** @param assets the files by name; each name contains a hash of the content */
  constructor(assets: ReadonlyMap<string, PageAsset>) {
    this.#assets = assets;
  }

  /**
   * `GET /assets/{name}`
   *
   * @throws {Problem} 404 if the file does not exist
   */
  answer(name: string, request: Request): Answer {
    const asset = this.#assets.get(name);
    if (asset === undefined) throw new Problem("not_found", "This file does not exist");
    const encoding = encodingFor(request, ["br", "gzip"]);
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
    let compressed = this.#compressed.get(key);
    if (compressed === undefined) {
      compressed = ENCODERS[encoding](new TextEncoder().encode(asset.body)).then((bytes) =>
        new Uint8Array(bytes)
      );
      this.#compressed.set(key, compressed);
    }
    return compressed;
  }
}
