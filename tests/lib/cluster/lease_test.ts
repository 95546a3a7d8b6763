import { Lease } from "../../../lib/cluster/lease.ts";
import { assertEquals } from "../../support/assert.ts";
import { Machine } from "../../support/cluster/machine.ts";
import { World } from "../../support/cluster/world.ts";

const VALID_MS = 8_000;

/** Returns a simulated machine in its world, with a lease that was just renewed. */
function renewed(): { readonly world: World; readonly machine: Machine; readonly lease: Lease } {
  const world = new World(0, false);
  const machine = new Machine(world);
  return { world, machine, lease: new Lease(machine, VALID_MS, machine.now()) };
}

Deno.test("Lease is valid from the moment at which its renewal was sent", () => {
  const { world, machine, lease } = renewed();
  world.nowMs = VALID_MS - 1;
  assertEquals(lease.isValid, true);
  const sentAt = machine.now();
  world.nowMs = VALID_MS;
  assertEquals(lease.isValid, false);
  lease.renewed(sentAt);
  assertEquals(lease.isValid, true);
  world.nowMs = 2 * VALID_MS - 1;
  assertEquals(lease.isValid, false);
});

Deno.test("Lease ignores a late response to an earlier renewal", () => {
  const { world, machine, lease } = renewed();
  const early = machine.now();
  world.nowMs = 5_000;
  lease.renewed(machine.now());
  lease.renewed(early);
  world.nowMs = 5_000 + VALID_MS - 1;
  assertEquals(lease.isValid, true);
});

Deno.test("Lease is not valid after its machine was suspended, although the monotonic clock stood still", () => {
  const { world, machine, lease } = renewed();
  machine.freeze(VALID_MS, true);
  world.nowMs = VALID_MS;
  assertEquals(machine.now().monotonicMs, 0);
  assertEquals(lease.isValid, false);
});

Deno.test("Lease is invalid from a change of the wall clock until its next renewal", () => {
  for (const offsetMs of [-3_600_000, -1, VALID_MS, 3_600_000]) {
    const { machine, lease } = renewed();
    machine.wallOffsetMs = offsetMs;
    assertEquals(lease.isValid, false, `${offsetMs}`);
    lease.renewed(machine.now());
    assertEquals(lease.isValid, true, `${offsetMs}`);
  }
});
