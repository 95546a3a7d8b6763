/**
 * The released versions. Their files never change: any change is a new version. Written by `deno task release`.
 *
 * @module
 */

import type { Release } from "../release.ts";
import file0 from "./0.1.0/monitored.d.ts" with { type: "text" };
import file1 from "./0.1.0/monitored.js" with { type: "text" };

/** The released versions, oldest first. */
export const RELEASED: readonly Release[] = [
  {
    version: "0.1.0",
    files: {
      "monitored.d.ts": file0,
      "monitored.js": file1,
    },
  },
];
