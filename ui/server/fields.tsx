/** @jsxImportSource preact */
/**
 * A table of names and meanings, such as the fields of a body, the parameters of a call or the columns of a table.
 *
 * @module
 */

import type { JSX } from "preact";
import type { DocumentedField } from "../../lib/page_renderer.ts";
import { Prose } from "./prose.tsx";

/** The properties of a table of fields. */
export interface FieldsProps {
  /** The caption. */
  readonly label: string;
  /** The call to which the fields belong, for screen readers. */
  readonly of?: string;
  readonly fields: readonly DocumentedField[];
}

/** A table with the name, the type, if any, and the meaning of each field. */
export function Fields({ label, of, fields }: FieldsProps): JSX.Element {
  const hasTypes = fields.some(({ type }) => type !== "");
  return (
    <div
      class="docs-table"
      role="region"
      aria-label={of === undefined ? label : `${of}: ${label}`}
      tabIndex={0}
    >
      <table>
        <caption>{label}</caption>
        <tbody>
          {fields.map(({ name, type, about }) => (
            <tr key={name}>
              <th scope="row">
                <code>{name}</code>
              </th>
              {hasTypes && <td class="docs-type">{type}</td>}
              <td>
                <Prose text={about} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
