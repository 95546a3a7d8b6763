import { gunzipSync } from "node:zlib";
import { TARGETS } from "../../.tools/compile.ts";
import { packageNameOf, packExecutable, targetOf } from "../../.tools/pack.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";

const BYTES = new TextEncoder().encode("an executable");

Deno.test("packageNameOf() ends with Node's name of the platform", () => {
  assertEquals(TARGETS.map(packageNameOf), [
    "@taskscope/cli-linux-x64",
    "@taskscope/cli-linux-arm64",
    "@taskscope/cli-darwin-x64",
    "@taskscope/cli-darwin-arm64",
    "@taskscope/cli-win32-x64",
  ]);
});

Deno.test("targetOf() reads the target from the name of an executable", () => {
  for (const target of TARGETS) assertEquals(targetOf(`release/taskscope-${target}`), target);
  assertEquals(targetOf("taskscope-x86_64-pc-windows-msvc.exe"), "x86_64-pc-windows-msvc");
  for (const path of ["taskscope", "x86_64-unknown-linux-gnu.zip", ""]) {
    assertThrows(() => targetOf(path), RangeError, `The name of "${path}" does not end with a target: `);
  }
});

Deno.test("packExecutable() limits each package to its platform, and names the repository if it is known", async () => {
  const url = "https://example.com/a/b";
  for (const target of TARGETS) {
    const { file, archive } = await packExecutable(target, BYTES, { repository: url });
    const text = new TextDecoder().decode(gunzipSync(archive));
    const { name, os, cpu, libc, repository, scripts } = JSON.parse(/{[^]*?\n}\n/.exec(text)![0]);
    assertEquals(name, packageNameOf(target));
    assertEquals(`${os}-${cpu}`, name.replace("@taskscope/cli-", ""));
    assertEquals(libc, target.includes("linux") ? ["glibc"] : undefined);
    assertEquals([repository, scripts], [{ type: "git", url: `git+${url}.git` }, undefined]);
    assert(file.startsWith(`taskscope-cli-${os}-${cpu}-`) && file.endsWith(".tgz"), file);
    assert(text.includes(`package/bin/taskscope${target.includes("windows") ? ".exe" : "\0"}`), target);
  }
  const { archive } = await packExecutable(TARGETS[0], BYTES, { repository: null });
  assert(!new TextDecoder().decode(gunzipSync(archive)).includes("repository"));
});
