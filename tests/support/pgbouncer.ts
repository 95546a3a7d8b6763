/**
 * Runs PgBouncer in front of a cluster of PostgreSQL.
 *
 * @module
 */

import { freePort } from "./free_port.ts";
import { PostgresCluster } from "./postgres_cluster.ts";
import { type Process, spawn } from "./program.ts";

/** A pooler; disposal stops it. */
export class PgBouncer implements AsyncDisposable {
  /** The URL of the database `taskscope` through the pooler. */
  readonly url: string;
  readonly #process: Process;
  readonly #folder: string;

  private constructor(url: string, process: Process, folder: string) {
    this.url = url;
    this.#process = process;
    this.#folder = folder;
  }

  /**
   * Starts a pooler.
   *
   * @param program the path of PgBouncer
   * @param cluster the cluster behind it
   * @param mode when a session is given to another client: after a transaction, or after the client has left
   */
  static async start(
    program: string,
    { port, url }: PostgresCluster,
    mode: "transaction" | "session",
  ): Promise<PgBouncer> {
    const folder = await Deno.makeTempDir({ prefix: "taskscope-pgbouncer-" });
    const own = freePort();
    await Deno.writeTextFile(`${folder}/users.txt`, '"taskscope" ""\n');
    await Deno.writeTextFile(
      `${folder}/pgbouncer.ini`,
      `[databases]
* = host=127.0.0.1 port=${port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = trust
auth_file = ${folder}/users.txt
pool_mode = ${mode}
`,
    );
    PostgresCluster.give(folder);
    // PgBouncer refuses to run as root.
    const user = Deno.uid() === 0 ? ["-u", "postgres"] : [];
    const process = spawn(program, [...user, `${folder}/pgbouncer.ini`]);
    const bouncer = new PgBouncer(url.replace(`${port}`, `${own}`), process, folder);
    try {
      await process.output(/process up/, "stderr");
      return bouncer;
    } catch (error) {
      await bouncer[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}
