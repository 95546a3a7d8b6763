import { ProtocolError } from "../../../lib/errors.ts";
import { type PageEntry, parsePage, parseRequest, writePage } from "../../../lib/channel/replication.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { storedTask } from "../../support/store_conformance.ts";

Deno.test("parsePage() parses the output of writePage()", () => {
  const [first, second] = [storedTask("1", 5), storedTask("2", 6)];
  const entries: PageEntry[] = [
    { client: "a", seq: 5, json: first.json },
    { client: "b.c-d_e", seq: 7, id: "gone:1" },
    { client: "b", seq: 6, json: second.json },
  ];
  const cursor = { epoch: "e1", seq: 7 };
  assertEquals(parsePage(writePage(4, cursor, entries, true)), {
    from: 4,
    cursor,
    tasks: [{ client: "a", seq: 5, task: first.task }, { client: "b", seq: 6, task: second.task }],
    removed: [{ client: "b.c-d_e", seq: 7, id: "gone:1" }],
    hasMore: true,
  });
  assertEquals(parsePage(writePage(null, cursor, [], false)), {
    from: null,
    cursor,
    tasks: [],
    removed: [],
    hasMore: false,
  });
});

Deno.test("parsePage() rejects malformed pages", () => {
  const page = JSON.parse(
    writePage(4, { epoch: "e", seq: 7 }, [{ client: "a", seq: 5, json: storedTask("1", 5).json }], false),
  );
  const table: Record<string, unknown[]> = {
    from: [undefined, "4", -1, 1.5],
    cursor: [undefined, null, "e", 5],
    tasks: [undefined, {}, [null], [{ client: "a", seq: 1 }], [{ client: "..", seq: 1, task: { id: "1" } }]],
    removed: [undefined, {}, [null], [{ client: "a", seq: 1, id: "__proto__" }], [{ client: "a", id: "1" }]],
  };
  for (const [field, values] of Object.entries(table)) {
    for (const value of values) {
      assertThrows(
        () => parsePage(JSON.stringify({ ...page, [field]: value })),
        ProtocolError,
        "Cannot read ",
      );
    }
  }
  for (const text of ["", "{", "5", "null", "[]"]) {
    assertThrows(() => parsePage(text), ProtocolError, "Cannot read ");
  }
});

Deno.test("parseRequest() parses every kind of request", () => {
  assertEquals(parseRequest('{"type":"more"}'), { type: "more" });
  assertEquals(parseRequest('{"type":"changes","after":null}'), { type: "changes", after: null });
  assertEquals(parseRequest('{"type":"changes","after":"e:5"}'), {
    type: "changes",
    after: { epoch: "e", seq: 5 },
  });
  for (const text of ['{"type":"else"}', "{}", '{"type":"changes","after":"x"}', "[]", "nonsense"]) {
    assertThrows(() => parseRequest(text), ProtocolError);
  }
});
