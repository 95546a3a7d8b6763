/**
 * A program that is only `taskscope run`, for tests of that command; it starts faster than the whole program.
 *
 * @module
 */

import { runCommand } from "../../lib/cli/run/run.ts";

Deno.exit(await runCommand(Deno.args));
