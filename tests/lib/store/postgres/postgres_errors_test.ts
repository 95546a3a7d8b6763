import { postgresError } from "../../../../lib/store/postgres/postgres_errors.ts";
import { assertEquals } from "../../../support/assert.ts";

/** Error messages of `pg` and of PostgreSQL, the latter with their codes, by their meaning. */
const MESSAGES: Readonly<Record<string, readonly (string | readonly [code: string, message: string])[]>> = {
  "the database does not respond": [
    "Connection terminated due to connection timeout",
    "timeout expired",
    "timeout exceeded when trying to connect",
    "Query read timeout",
    ["57014", "canceling statement due to statement timeout"],
  ],
  "the connection has ended": [
    "Connection terminated unexpectedly",
    "Connection terminated",
    "Client has encountered a connection error and is not queryable",
    ["57P01", "terminating connection due to administrator command"],
    ["57P05", "terminating connection due to idle-session timeout"],
    ["ECONNRESET", "read ECONNRESET"],
    ["UNKNOWN", "write UNKNOWN"],
  ],
};

for (const [meaning, messages] of Object.entries(MESSAGES)) {
  Deno.test(`postgresError() says that ${meaning}`, () => {
    for (const each of messages) {
      const [code, message] = typeof each === "string" ? [undefined, each] : each;
      const { reason } = postgresError("postgres://host/db", Object.assign(new Error(message), { code }));
      assertEquals(reason, `${meaning} (${message})`);
    }
  });
}
