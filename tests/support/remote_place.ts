/**
 * A server with a database file behind a proxy, and a folder for a program that reports to it through the proxy.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";
import { freePort } from "./free_port.ts";
import { JobFolder } from "./job_folder.ts";
import { type Process, type Program, startProgram } from "./program.ts";
import { shown } from "./remote_task.ts";
import { TcpProxy } from "./tcp_proxy.ts";

/** A server that can be killed and restarted, behind a proxy that can cut connections; disposal removes both. */
export class RemotePlace implements AsyncDisposable {
  readonly proxy: TcpProxy;
  readonly folder: JobFolder = new JobFolder();
  readonly #data: string = Deno.makeTempDirSync({ prefix: "taskscope-data-" });
  readonly #port: number = freePort();
  readonly #args: readonly string[];
  #program: Program | undefined;

  /** @param args further arguments of the server */
  constructor(args: readonly string[] = []) {
    this.#args = args;
    this.proxy = new TcpProxy(this.#port);
  }

  /** The URL of the server itself, without the proxy. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts the server, which accepts requests through the proxy, and direct ones. */
  async start(): Promise<void> {
    this.#program = await startProgram([
      "--no-demo",
      ...["--port", `${this.#port}`, "--data", `${this.#data}/tasks.db`],
      ...["--public-url", this.proxy.url, "--public-url", this.url],
      ...this.#args,
    ]);
  }

  /** Kills the server with SIGKILL. */
  async kill(): Promise<void> {
    this.#program?.process.kill("SIGKILL");
    await this.#program?.process.ended();
  }

  /** Runs a Deno program, which may import from the proxy, and read its folder. */
  run(source: string): Process {
    this.folder.write("job.ts", source);
    const imported = `--allow-import=${new URL(this.proxy.url).host}`;
    return this.folder.deno(["run", "--no-prompt", "--allow-net", "--allow-read=.", imported, "job.ts"]);
  }

  /** Waits until the task `work` of the default client satisfies a condition. */
  task(fits: (task: Task) => boolean): Promise<Task> {
    return shown(this.url, { client: "default", id: "work" }, fits);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program?.[Symbol.asyncDispose]();
    await this.proxy[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
    Deno.removeSync(this.#data, { recursive: true });
  }
}
