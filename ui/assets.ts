/**
 * The files that pages load, under names that hold the hash of what is in them, so that they can be cached for ever.
 *
 * @module
 */

import script from "./dist/page.js" with { type: "text" };
import styles from "./style.css" with { type: "text" };

/** A file to serve. */
export interface PageAsset {
  readonly body: string;
  readonly contentType: string;
}

/** The names of the files that every page loads. */
export const assetNames: { readonly script: string; readonly style: string } = {
  script: `page-${hash(script)}.js`,
  style: `style-${hash(styles)}.css`,
};

/** Every file that a page loads, by its name below `/assets/`. */
export const pageAssets: ReadonlyMap<string, PageAsset> = new Map([
  [assetNames.script, { body: script, contentType: "text/javascript; charset=utf-8" }],
  [assetNames.style, { body: styles, contentType: "text/css; charset=utf-8" }],
]);

/**
 * A hash of 53 bits (cyrb53). It tells versions of our own files apart, nothing more; the real ones can only be had by
 * waiting, which a module that is imported should not do.
 */
function hash(text: string): string {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 2_654_435_761);
    low = Math.imul(low ^ unit, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return (4_294_967_296 * (2_097_151 & low) + (high >>> 0)).toString(36).padStart(11, "0");
}
