/**
 * The counterpart of `taskscope run`: starts a command and copies its output, and does nothing else.
 *
 * @module
 */

const [command = "", ...args] = Deno.args;
const child = new Deno.Command(command, { args, stdin: "null", stdout: "piped", stderr: "inherit" }).spawn();
for await (let bytes of child.stdout) {
  while (bytes.length > 0) bytes = bytes.subarray(await Deno.stdout.write(bytes));
}
Deno.exit((await child.status).code);
