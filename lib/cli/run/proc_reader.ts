/**
 * Reads /proc through a shell, because Deno may read /proc only with all permissions.
 *
 * @module
 */

/**
 * The script of the shell: its first line of input is the mark; it responds to an empty line with all processes, and
 * to a line of pids with the files of the environments that contain the mark. The mark is not passed in an argument
 * or an environment variable, so that the shell itself does not count as a process with the mark. The shell exits
 * when its input is closed, and ignores the signals of a terminal until then.
 */
const SCRIPT = `
trap '' HUP INT QUIT TERM
while read -r key size unit; do
  case $key in KernelPageSize:) break ;; esac
done < /proc/self/smaps
read -r mark
while read -r pids; do
  if [ -z "$pids" ]; then
    echo "page $size"
    cat /proc/uptime /proc/[0-9]*/stat
  else
    files=
    for pid in $pids; do files="$files /proc/$pid/environ"; done
    grep -lsF -f - $files << .
$mark
.
  fi
  echo .
done
`;
/** The end of a response. */
const END = "\n.\n";
/** The maximum length of a response, in characters: about 30,000 processes. */
const MAX_RESPONSE_LENGTH = 8 * 1024 * 1024;

/** A shell that reads /proc. Disposal ends it, and waits until it has exited. */
export class ProcReader implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<string>;
  readonly #encoder = new TextEncoder();
  readonly #started: Promise<void>;

  /**
   * Starts the shell.
   *
   * @param mark the text to look for in environments: letters and digits
   * @throws if the shell can't be started
   */
  constructor(mark: string) {
    const command = new Deno.Command("sh", {
      args: ["-c", SCRIPT],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    });
    this.#child = command.spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#output = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#started = this.#write(mark);
    // If the shell can't be started, the first request rejects.
    this.#started.catch(() => {});
  }

  /** The pid of the shell. */
  get pid(): number {
    return this.#child.pid;
  }

  /**
   * Reads all processes.
   *
   * @returns the text of /proc/uptime and /proc/<pid>/stat, and the size of a page, for `parseSample()`
   * @throws if the shell has exited
   */
  async readAll(): Promise<string> {
    return await this.#request("");
  }

  /**
   * Finds the processes that have the mark in their environment.
   *
   * @param pids the processes to look at
   * @returns the pids of the processes with the mark; processes of other users are never found
   * @throws if the shell has exited
   */
  async findMarked(pids: readonly number[]): Promise<Set<number>> {
    if (pids.length === 0) return new Set();
    const files = await this.#request(pids.join(" "));
    return new Set(Array.from(files.matchAll(/^\/proc\/(\d+)\/environ$/gm), ([, pid]) => Number(pid)));
  }

  /** Ends the shell at once; a request that waits for a response rejects. */
  end(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // The shell has exited.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
    await Promise.allSettled([this.#input.close(), this.#output.cancel(), this.#child.status]);
  }

  async #write(line: string): Promise<void> {
    await this.#input.write(this.#encoder.encode(`${line}\n`));
  }

  async #request(line: string): Promise<string> {
    await this.#started;
    await this.#write(line);
    let text = "\n";
    while (!text.endsWith(END)) {
      const { done, value } = await this.#output.read();
      if (done) throw new Error("The shell that reads /proc has exited");
      text += value;
      if (text.length > MAX_RESPONSE_LENGTH) throw new RangeError("/proc lists too many processes");
    }
    return text.slice(1, -END.length + 1);
  }
}
