/**
 * A cluster of PostgreSQL of its own, in a temporary folder.
 *
 * @module
 */

// @ts-types="../../lib/store/postgres/pg.d.ts"
import pg, { type QueryResult } from "pg";
import { freePort } from "./free_port.ts";

/** The folder of the newest version that is installed; `null` if there is none. */
const BIN = newestVersion();

/** Whether PostgreSQL is installed. */
export const hasPostgres: boolean = BIN !== null;

/** The role that owns the database, without other privileges. */
const USER = "taskscope";

/** A running cluster with the database `taskscope`. Disposal stops the cluster and deletes its files. */
export class PostgresCluster implements Disposable {
  readonly #folder: string;
  readonly port: number;
  #isRunning = false;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.port = port;
  }

  /**
   * Creates and starts a cluster.
   *
   * @param settings lines of its configuration
   * @param walFolder a folder for the WAL, which does not exist yet; its segments are of 1 MB then
   */
  static start(
    settings: readonly string[] = [],
    { walFolder }: { readonly walFolder?: string } = {},
  ): PostgresCluster {
    const folder = Deno.makeTempDirSync({ prefix: "taskscope-postgres-" });
    const cluster = new PostgresCluster(folder, freePort());
    PostgresCluster.give(folder);
    const wal = walFolder === undefined ? [] : ["-X", walFolder, "--wal-segsize=1"];
    cluster.#do("initdb", "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale", ...wal);
    const lines = [
      `port = ${cluster.port}`,
      "listen_addresses = '127.0.0.1'",
      `unix_socket_directories = '${folder}'`,
      ...settings,
    ];
    Deno.writeTextFileSync(`${folder}/data/postgresql.conf`, lines.join("\n") + "\n", { append: true });
    // Every role may connect without a password, except `protected`.
    const rules = [
      "host all protected 127.0.0.1/32 scram-sha-256",
      "host all all 127.0.0.1/32 trust",
      "host replication all 127.0.0.1/32 trust",
    ];
    Deno.writeTextFileSync(`${folder}/data/pg_hba.conf`, rules.join("\n") + "\n");
    cluster.restart();
    cluster.sql(`CREATE ROLE ${USER} LOGIN`, "postgres");
    cluster.sql(`CREATE DATABASE taskscope OWNER ${USER}`, "postgres");
    return cluster;
  }

  /** Creates and starts a standby of this cluster, which follows it until it is promoted. */
  standby(): PostgresCluster {
    const folder = Deno.makeTempDirSync({ prefix: "taskscope-postgres-" });
    const standby = new PostgresCluster(folder, freePort());
    PostgresCluster.give(folder);
    const from = ["-h", "127.0.0.1", "-p", `${this.port}`, "-U", "postgres"];
    standby.#do("pg_basebackup", ...from, "--no-sync", "--write-recovery-conf", "--checkpoint=fast");
    const lines = [`port = ${standby.port}`, `unix_socket_directories = '${folder}'`];
    Deno.writeTextFileSync(`${folder}/data/postgresql.conf`, lines.join("\n") + "\n", { append: true });
    standby.restart();
    return standby;
  }

  /** Promotes this standby to a primary; resolves when it accepts writes. */
  promote(): void {
    this.sql("SELECT pg_promote()", "postgres");
  }

  /** Makes the user that runs the server the owner of a folder, if this process runs as another user. */
  static give(folder: string): void {
    if (Deno.uid() === 0) run(["chown", "-R", "postgres", folder]);
  }

  /** The URL of the database. */
  get url(): string {
    return this.urlOf("taskscope");
  }

  /** Returns the URL of another database of the cluster. */
  urlOf(database: string, user: string = USER): string {
    return `postgres://${user}@127.0.0.1:${this.port}/${database}`;
  }

  /** Runs a statement as the superuser, on a connection of its own; see {@linkcode PostgresCluster.query} for results. */
  sql(statement: string, database = "taskscope"): void {
    run([`${BIN}/psql`, "-qX", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", `${this.port}`].concat(
      ["-U", "postgres", "-d", database, "-c", statement],
    ));
  }

  /** Runs a query as the superuser, on a connection of its own. */
  async query(text: string, values: readonly unknown[] = []): Promise<QueryResult["rows"]> {
    const client = new pg.Client({
      host: "127.0.0.1",
      port: this.port,
      user: "postgres",
      database: "taskscope",
      ssl: false,
    });
    await client.connect();
    try {
      return (await client.query({ text, values })).rows;
    } finally {
      await client.end();
    }
  }

  /** Changes a setting, and waits until it is in effect. */
  async set(setting: string, value: string): Promise<void> {
    this.sql(`ALTER SYSTEM SET ${setting} = '${value}'`);
    this.sql("SELECT pg_reload_conf()");
    const text = "SELECT current_setting($1) AS now";
    while ((await this.query(text, [setting]))[0]?.now !== value);
  }

  /** Deletes everything that a store has put into the database. */
  clear(): void {
    this.sql("SET client_min_messages = error; DROP SCHEMA IF EXISTS taskscope CASCADE");
  }

  /** Ends every session of the database at once. */
  cutSessions(): void {
    this.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'taskscope'",
      "postgres",
    );
  }

  /** Kills the server, as a crash of the machine would. */
  kill(): void {
    const [pid] = Deno.readTextFileSync(`${this.#folder}/data/postmaster.pid`).split("\n");
    Deno.kill(Number(pid), "SIGKILL");
    this.#isRunning = false;
  }

  /** Stops the server gracefully. */
  stop(): void {
    if (this.#isRunning) this.#do("pg_ctl", "-m", "fast", "-w", "stop");
    this.#isRunning = false;
  }

  /** Starts the server again; it may have been stopped or killed. */
  restart(): void {
    this.stop();
    // The processes of a server that was killed end a moment later.
    for (let attempt = 1; !this.#isRunning; attempt++) {
      try {
        this.#do("pg_ctl", "-l", `${this.#folder}/log`, "-w", "-t", "60", "start");
        this.#isRunning = true;
      } catch (error) {
        if (attempt === 100) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
      }
    }
  }

  /** Restarts the server, which may be crashing at the moment, or have ended. */
  restartCrashed(): void {
    try {
      this.kill();
    } catch (error) {
      // The server has already ended.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      this.#isRunning = false;
    }
    this.restart();
  }

  [Symbol.dispose](): void {
    if (this.#isRunning) this.#do("pg_ctl", "-m", "immediate", "-w", "stop");
    Deno.removeSync(this.#folder, { recursive: true });
  }

  /** Runs a program on the data folder. PostgreSQL refuses to run as root. */
  #do(program: string, ...args: string[]): void {
    const command = [`${BIN}/${program}`, "-D", `${this.#folder}/data`, ...args];
    run(Deno.uid() === 0 ? ["runuser", "-u", "postgres", "--", ...command] : command, this.#folder);
  }
}

function run([program, ...args]: readonly string[], cwd = "/"): void {
  // The server must not inherit the pipes of this call, which would then stay open as long as it runs.
  const output = new Deno.Command(program!, { args, cwd, stdin: "null", stdout: "null", stderr: "null" })
    .outputSync();
  if (!output.success) {
    throw new Error(`${[program, ...args].join(" ")} has failed with status ${output.code}`);
  }
}

function newestVersion(): string | null {
  try {
    const versions = Array.from(Deno.readDirSync("/usr/lib/postgresql"), ({ name }) => Number(name));
    return `/usr/lib/postgresql/${Math.max(...versions)}/bin`;
  } catch {
    return null;
  }
}

let shared: PostgresCluster | undefined;

/** Returns the cluster that all tests of a file share; it is stopped when the file has been run. */
export function sharedCluster(): PostgresCluster {
  if (shared === undefined) {
    const cluster = shared = PostgresCluster.start();
    addEventListener("unload", () => cluster[Symbol.dispose]());
  }
  return shared;
}

/** Registers a test with the shared cluster, whose database is empty; it is ignored if PostgreSQL is not installed. */
export function testPostgres(
  name: string,
  run: (cluster: PostgresCluster) => Promise<void>,
  { ignore = false }: { readonly ignore?: boolean } = {},
): void {
  Deno.test({
    name,
    ignore: ignore || !hasPostgres,
    fn: async () => {
      const cluster = sharedCluster();
      cluster.clear();
      await run(cluster);
    },
  });
}
