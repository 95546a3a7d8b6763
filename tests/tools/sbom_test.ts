import { type Component, createSbom, shippedPackages } from "../../.tools/sbom.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../support/assert.ts";

const PARTS = { denoVersion: "2.9.6", version: "1.2.3+abc1234", at: new Date(0) };
/** Base64 of the bytes 0, 255 and 16. */
const INTEGRITY = "sha512-AP8Q";

Deno.test("createSbom() lists Deno and the packages with their digests", () => {
  const lock = {
    npm: {
      "plain@4.0.0": { integrity: INTEGRITY },
      "@scope/name@1.0.0-rc.1_peer@2.0.0": { integrity: INTEGRITY },
      "unused@1.0.0": { integrity: INTEGRITY },
    },
  };
  const packages = ["plain@4.0.0", "@scope/name@1.0.0-rc.1_peer@2.0.0"];
  const library = (name: string, version: string, purl: string): Component => {
    const hashes = [{ alg: "SHA-512", content: "00ff10" }] as const;
    return { type: "library", name, version, purl, "bom-ref": purl, hashes };
  };
  const deno = "pkg:github/denoland/deno@v2.9.6";
  assertEquals(createSbom({ ...PARTS, lock, packages }), {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp: "1970-01-01T00:00:00.000Z",
      component: {
        type: "application",
        name: "taskscope",
        version: "1.2.3+abc1234",
        "bom-ref": "taskscope@1.2.3+abc1234",
      },
    },
    components: [
      library("@scope/name", "1.0.0-rc.1", "pkg:npm/%40scope/name@1.0.0-rc.1"),
      library("plain", "4.0.0", "pkg:npm/plain@4.0.0"),
      { type: "platform", name: "deno", version: "2.9.6", purl: deno, "bom-ref": deno },
    ],
  });
});

Deno.test("createSbom() throws if a package has no digest", () => {
  const error = assertThrows(() => createSbom({ ...PARTS, lock: { npm: {} }, packages: ["a@1.0.0"] }), Error);
  assertStringIncludes(error.message, 'Cannot list "a@1.0.0"');
});

Deno.test("shippedPackages() lists the packages of the program and its pages, not those of tests", async () => {
  const packages = await shippedPackages();
  const lock = JSON.parse(await Deno.readTextFile(new URL("../../deno.lock", import.meta.url)));
  const { components } = createSbom({ ...PARTS, lock, packages });
  const names = components.map(({ name }) => name);
  for (
    const name of ["preact", "@preact/signals-core", "@tanstack/virtual-core", "zod", "deno-std", "jws"]
  ) {
    assert(names.includes(name), name);
  }
  for (const name of ["playwright-core", "axe-core", "fast-check"]) assert(!names.includes(name), name);
});
