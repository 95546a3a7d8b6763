/** Tests that the key of a cluster can be changed while reports arrive: none fails, and then the previous key is refused. */

import { RemoteSink } from "../../lib/remote/remote_sink.ts";
import { wrap } from "../../lib/reporter/wrap.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { ClusterHome } from "../support/nodes/cluster_home.ts";
import { hasPostgres } from "../support/postgres_cluster.ts";
import { runProgram } from "../support/program.ts";
import { until } from "../support/until.ts";

const OLD = "the-key-before-it-was-changed";
const NEW = "the-key-after-it-was-changed";
/** The reports that are acknowledged before the next node is replaced. */
const BETWEEN = 5;

/** Reports with a key over HTTP and by a sink, without retries, until it is stopped. */
class Load {
  readonly #url: string;
  readonly #key: string;
  readonly #http: Deno.HttpClient = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  readonly #work: Promise<unknown>;
  #isOver = false;
  acknowledged = 0;
  readonly failures: string[] = [];

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
    this.#work = Promise.all([this.#overHttp(), this.#bySink()]);
  }

  /** Waits until further reports are acknowledged. */
  async more(): Promise<void> {
    const wanted = this.acknowledged + BETWEEN;
    await until(() => this.acknowledged >= wanted || this.failures.length > 0);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#work;
    this.#http.close();
  }

  async #overHttp(): Promise<void> {
    while (!this.#isOver) {
      const headers = { authorization: `Bearer ${this.#key}`, "content-type": "application/json" };
      const sent = { method: "POST", client: this.#http, headers, body: JSON.stringify({ name: "work" }) };
      const response = await fetch(`${this.#url}/tasks/c`, sent);
      const text = await response.text();
      if (response.status === 201) this.acknowledged++;
      else this.failures.push(`${response.status} ${text}`);
    }
  }

  async #bySink(): Promise<void> {
    const warn = (text: string) => this.failures.push(text);
    using sink = new RemoteSink(this.#url, { key: this.#key, warn });
    while (!this.#isOver) {
      await wrap(() => "done", { name: "sink", client: "c" }, () => sink)();
      await sink.delivered();
    }
  }
}

Deno.test(
  "cluster: the key is changed node by node, and no report fails",
  { ignore: !hasPostgres },
  async () => {
    await using home = await ClusterHome.start({
      isProxied: false,
      leaseMs: 10_000,
      env: { TASKSCOPE_KEY: OLD },
    });
    const replaceAll = async (load: Load, env: Record<string, string>) => {
      for (const member of home.members) {
        await load.more();
        await member.stop();
        await member.start(env);
      }
      await load.more();
      await load.stop();
      assertEquals(load.failures, []);
    };
    const statuses = (key: string) =>
      Promise.all(home.members.map(async ({ url }) => {
        const headers = { authorization: `Bearer ${key}` };
        return (await call("POST", `${url}/tasks/c`, { headers, body: { name: "work" } })).status;
      }));
    await replaceAll(new Load(home.balancer.url, OLD), { TASKSCOPE_KEY: NEW, TASKSCOPE_PREVIOUS_KEY: OLD });
    assertEquals([await statuses(OLD), await statuses(NEW)], [[201, 201, 201], [201, 201, 201]]);
    await replaceAll(new Load(home.balancer.url, NEW), { TASKSCOPE_KEY: NEW });
    assertEquals([await statuses(OLD), await statuses(NEW)], [[401, 401, 401], [201, 201, 201]]);
    const args = ["--port", "0", "--data", home.postgres.url, "--advertise", "http://127.0.0.1:1"];
    const { code, stderr } = await runProgram(args, { env: { TASKSCOPE_KEY: OLD } });
    assert(code !== 0);
    assertStringIncludes(stderr, "the nodes that use it have another key");
  },
);
