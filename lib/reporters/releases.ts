/**
 * The files that this program serves to programs that report: what the build made, and what was released before.
 *
 * @module
 */

import script from "../dist/monitored.js" with { type: "text" };
import declarations from "../dist/monitored.d.ts" with { type: "text" };
import wheel from "../dist/packages/taskscope-0.2.0-py3-none-any.whl.base64" with { type: "text" };
import tarball from "../dist/packages/taskscope-0.2.0.tgz.base64" with { type: "text" };
import python from "../dist/packages/taskscope.py" with { type: "text" };
import { VERSION } from "../version.ts";
import { decodeArchive, type Release, type Releases } from "./release.ts";
import { RELEASED } from "./released/mod.ts";

const BUILT: Release = {
  version: VERSION,
  files: {
    "monitored.js": script,
    "monitored.d.ts": declarations,
    "taskscope.py": python,
    [`taskscope-${VERSION}-py3-none-any.whl`]: decodeArchive(wheel),
    [`taskscope-${VERSION}.tgz`]: decodeArchive(tarball),
  },
};

/** The versions that this program serves. */
export const RELEASES: Releases = { present: BUILT, released: RELEASED };
