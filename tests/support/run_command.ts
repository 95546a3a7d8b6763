/**
 * `taskscope run` as a program, for tests that are about nothing else.
 *
 * @module
 */

import { runCommand } from "../../lib/cli/run/run.ts";

Deno.exit(await runCommand(Deno.args));
