import { parseYaml } from "@redocly/openapi-core";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { makeCertificate } from "../support/certificate.ts";
import { findNginx } from "../support/nginx.ts";
import { spawn } from "../support/program.ts";
import { findTool } from "../support/tools.ts";
import { SERVE_FLAGS } from "../../lib/cli/serve/serve_flags.ts";

const EXAMPLES = new URL("../../.github/examples/", import.meta.url);

Deno.test("taskscope.service is a valid, sandboxed systemd unit", async () => {
  const systemd = await findTool(["systemd-analyze"], "A test of the systemd unit");
  if (systemd === undefined) return;
  const folder = await Deno.makeTempDir({ prefix: "taskscope-unit-" });
  const unit = `${folder}/taskscope.service`;
  const text = await Deno.readTextFile(new URL("taskscope.service", EXAMPLES));
  // systemd-analyze requires that the executable exists, and the program may not be installed.
  const installed = (text: string) => text.replace("/usr/local/bin/taskscope", Deno.execPath());
  await Deno.writeTextFile(unit, installed(text));
  const verified = await spawn(systemd, ["verify", unit]).ended();
  assertEquals([verified.code, verified.stderr], [0, ""]);
  const addition = await Deno.readTextFile(new URL("taskscope-postgresql.conf", EXAMPLES));
  await Deno.mkdir(`${unit}.d`);
  await Deno.writeTextFile(`${unit}.d/postgresql.conf`, installed(addition));
  const withAddition = await spawn(systemd, ["verify", unit]).ended();
  assertEquals([withAddition.code, withAddition.stderr], [0, ""]);
  await Deno.copyFile(unit, `${folder}/taskscope@.service`);
  const cluster = await Deno.readTextFile(new URL("cluster/taskscope-cluster.conf", EXAMPLES));
  await Deno.mkdir(`${folder}/taskscope@.service.d`);
  await Deno.writeTextFile(`${folder}/taskscope@.service.d/cluster.conf`, installed(cluster));
  const template = await spawn(systemd, ["verify", `${folder}/taskscope@8001.service`]).ended();
  assertEquals([template.code, template.stderr], [0, ""]);
  const rated = await spawn(systemd, ["security", "--offline=true", "--threshold=25", unit]).ended();
  assertEquals(rated.code, 0, rated.stdout);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("cluster/nginx.conf is a valid configuration for the nodes of the other examples", async () => {
  const nginx = await findNginx({ tls: true });
  if (nginx === undefined) return;
  const folder = await Deno.makeTempDir({ prefix: "taskscope-nginx-" });
  await makeCertificate(folder);
  const site = (await Deno.readTextFile(new URL("cluster/nginx.conf", EXAMPLES)))
    .replace(/(?<=ssl_certificate +)\S+;/, `${folder}/cert.pem;`)
    .replace(/(?<=ssl_certificate_key +)\S+;/, `${folder}/key.pem;`);
  await Deno.writeTextFile(
    `${folder}/nginx.conf`,
    `pid ${folder}/nginx.pid; events {} http { access_log off; ${site} }`,
  );
  const words = ["-t", "-q", "-p", folder, "-c", `${folder}/nginx.conf`, "-e", `${folder}/error.log`];
  const tested = await spawn(nginx, words).ended();
  assertEquals([tested.code, tested.stderr], [0, ""]);
  const ports = Array.from(site.matchAll(/server 127\.0\.0\.1:(\d+)/g), ([, port]) => port!);
  assertEquals(await composedPorts(), ports);
  const unit = await Deno.readTextFile(new URL("cluster/taskscope-cluster.conf", EXAMPLES));
  for (const port of ports) assertStringIncludes(unit, `taskscope@${port}`);
  await Deno.remove(folder, { recursive: true });
});

/** Returns the ports of the nodes in the compose file, each of which must advertise its own address. */
async function composedPorts(): Promise<string[]> {
  interface Service {
    readonly environment: Readonly<Record<string, string>>;
    readonly ports?: readonly string[];
  }
  const text = await Deno.readTextFile(new URL("cluster/compose.yaml", EXAMPLES));
  const { services } = parseYaml(text) as { readonly services: Readonly<Record<string, Service>> };
  return Object.entries(services).flatMap(([name, { environment, ports = [] }]) => {
    if (name === "postgres") return [];
    assertEquals(environment.TASKSCOPE_ADVERTISE, `http://${name}:8000`);
    return ports.map((port) => port.split(":")[1]!);
  });
}

Deno.test("the deployment examples use only flags and variables that exist", async () => {
  const known = new Set([
    ...Object.keys(SERVE_FLAGS).flatMap((
      name,
    ) => [`--${name}`, `TASKSCOPE_${name.toUpperCase().replaceAll("-", "_")}`]),
    ...["TASKSCOPE_KEY", "TASKSCOPE_SERVER", "--server"],
  ]);
  for (
    const name of [
      "taskscope.service",
      "taskscope-postgresql.conf",
      "Containerfile",
      "compose.yaml",
      "Caddyfile",
      "nginx.conf",
      "cluster/taskscope-cluster.conf",
      "cluster/compose.yaml",
    ]
  ) {
    const text = await Deno.readTextFile(new URL(name, EXAMPLES));
    const lines = text.split("\n").filter((line) => line.includes("taskscope") || line.includes("TASKSCOPE_"))
      .filter((line) => !/useradd|createuser|createdb|podman|apt-get|COPY|systemctl|HEALTHCHECK/.test(line));
    const used = lines.flatMap((line) => line.match(/(?<=\s)--[a-z-]+|TASKSCOPE_[A-Z_]+/g) ?? []);
    assert(used.length > 0, name);
    assertEquals(used.filter((word) => !known.has(word)), [], name);
  }
  assertStringIncludes(
    await Deno.readTextFile(new URL("taskscope.service", EXAMPLES)),
    "--key-file ${CREDENTIALS_DIRECTORY}/key",
  );
});
