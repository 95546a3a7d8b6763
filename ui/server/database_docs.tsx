/** @jsxImportSource preact */
/**
 * The section of the API reference about the tables in PostgreSQL.
 *
 * @module
 */

import type { JSX } from "preact";
import { SCHEMA_QUERIES, SCHEMA_TABLES } from "./database_schema.ts";
import { Fields } from "./fields.tsx";
import { Code } from "./prose.tsx";

/** How to query the database of a server that uses PostgreSQL. */
export function DatabaseDocs(): JSX.Element {
  return (
    <section aria-labelledby="database">
      <h2 id="database">The database</h2>
      <p class="docs-lead">
        If a server keeps its tasks in PostgreSQL, the tables of the schema <code>taskscope</code>{" "}
        may be queried while the server runs; only the server may change them. Later versions may add columns
        and tables, but never rename or remove any. Times are seconds since the epoch; <code>place</code>
        {"  "}identifies the task of a row.
      </p>
      <p class="docs-lead">
        A character that PostgreSQL cannot store, such as NUL, is replaced by U+FFFD in every column but{" "}
        <code>record</code>, where it stays escaped: <code>record -&gt;&gt; 'status'</code>{" "}
        fails for such a record.
      </p>
      <Fields label="Tables" fields={SCHEMA_TABLES} />
      {SCHEMA_QUERIES.map(({ question, sql }) => (
        <div key={question}>
          <p class="docs-lead">{question}</p>
          <Code text={sql} />
        </div>
      ))}
    </section>
  );
}
