/**
 * The source of the module that programs import by URL, built from `lib/served.ts`.
 *
 * @module
 */

import script from "../../dist/monitored.js" with { type: "text" };
import declarations from "../../dist/monitored.d.ts" with { type: "text" };
import { VERSION } from "../../version.ts";

/** The text of the module and of its type declarations. */
export interface ModuleSource {
  readonly script: string;
  readonly declarations: string;
  readonly version: string;
}

/** The module source of this version. */
export const moduleSource: ModuleSource = { script, declarations, version: VERSION };
