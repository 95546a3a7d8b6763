import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
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
  const rated = await spawn(systemd, ["security", "--offline=true", "--threshold=25", unit]).ended();
  assertEquals(rated.code, 0, rated.stdout);
  await Deno.remove(folder, { recursive: true });
});

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
    ]
  ) {
    const text = await Deno.readTextFile(new URL(name, EXAMPLES));
    const lines = text.split("\n").filter((line) => line.includes("taskscope") || line.includes("TASKSCOPE_"))
      .filter((line) => !/useradd|podman|apt-get|COPY|systemctl|HEALTHCHECK/.test(line));
    const used = lines.flatMap((line) => line.match(/(?<=\s)--[a-z-]+|TASKSCOPE_[A-Z_]+/g) ?? []);
    assert(used.length > 0, name);
    assertEquals(used.filter((word) => !known.has(word)), [], name);
  }
  assertStringIncludes(
    await Deno.readTextFile(new URL("taskscope.service", EXAMPLES)),
    "--key-file ${CREDENTIALS_DIRECTORY}/key",
  );
});
