/**
 * Records the output of a command with its timing, for tests of the code that reads progress from output:
 *
 *     deno run --allow-run --allow-write tests/support/record.ts rsync.jsonl rsync -a --info=progress2 from to
 *
 * The first line of a recording describes it; every other line is `[milliseconds, 1 or 2, text]`, where 1 is stdout and 2
 * is stderr. `truth` in the first line is written by hand: from when on a person would say which percentage, for example
 * `[[0, null], [1200, 5], [2400, 10]]`. For a program that needs a terminal, record `script -qefc COMMAND /dev/null`, and
 * write the command alone into the first line. `replay.ts` replays a recording.
 *
 * @module
 */

const [file, command, ...args] = Deno.args;
if (file === undefined || command === undefined) throw new TypeError("Wanted a file and a command");

const child = new Deno.Command("env", {
  args: [command, ...args],
  stdin: "null",
  stdout: "piped",
  stderr: "piped",
}).spawn();
const started = performance.now();
const lines = [
  JSON.stringify({
    command: [command, ...args].join(" "),
    source: "recorded",
    terminal: false,
    truth: [[0, null]],
  }),
];
await Promise.all([keep(child.stdout, 1), keep(child.stderr, 2)]);
await child.status;
await Deno.writeTextFile(file, lines.join("\n") + "\n");

async function keep(stream: ReadableStream<Uint8Array<ArrayBuffer>>, number: 1 | 2): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    lines.push(JSON.stringify([Math.round(performance.now() - started), number, text]));
  }
}
