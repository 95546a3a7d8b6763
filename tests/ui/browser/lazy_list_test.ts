import type { ListActions } from "../../../ui/shared/view.ts";
import { LazyList } from "../../../ui/browser/lazy_list.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("LazyList passes the user's actions before the script had loaded, and the last rendering, on to the script", async () => {
  const calls: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<ListActions>();
  const list = new LazyList(() => promise, () => calls.push("failed"));
  const root = {} as HTMLElement;
  list.select("a", false);
  list.rendered(root, []);
  list.rendered(root, [{ section: "active", id: null }]);
  const record = (name: string) => (...args: unknown[]) => void calls.push([name, ...args.slice(-1)]);
  resolve({ select: record("select"), rendered: record("rendered") } as unknown as ListActions);
  await list.ready;
  list.select("b", true);
  assertEquals(calls, [["rendered", [{ section: "active", id: null }]], ["select", false], ["select", true]]);
});

Deno.test("LazyList reports each action that is lost because its script cannot be loaded", async () => {
  let failures = 0;
  const list = new LazyList(() => Promise.reject(new Error("no such script")), () => failures++);
  list.more();
  await list.ready.catch(() => {});
  await Promise.resolve();
  assertEquals(failures, 1);
});
