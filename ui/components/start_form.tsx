/** @jsxImportSource preact */
/**
 * The form that starts a registered task, made of the JSON Schema of its arguments.
 *
 * @module
 */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { argumentsFromForm, choiceText, type FormField, formFields, RAW_ARGUMENTS } from "../arguments.ts";
import { startFormUrl, taskPageUrl } from "../links.ts";
import type { StartableTask } from "../model.ts";
import type { FrameView } from "../view.ts";
import { wordsOf } from "./controls.tsx";

interface StartFormProps {
  readonly view: FrameView;
  readonly task: StartableTask;
  /** Distinguishes the ids of this form's fields from those of its neighbours. */
  readonly place: number;
  readonly open: boolean;
}

/** What came of the last time the form was sent. */
type Sent =
  | { readonly kind: "idle" | "sending" }
  | { readonly kind: "started"; readonly id: string }
  | { readonly kind: "refused"; readonly message: string };

/** A registered task and the form that starts it. */
export function StartForm({ view, task, place, open }: StartFormProps): JSX.Element {
  const [sent, setSent] = useState<Sent>({ kind: "idle" });
  const { actions, frame } = view;
  const fields = formFields(task.input);

  async function submit(event: SubmitEvent): Promise<void> {
    if (actions === null) return;
    event.preventDefault();
    if (sent.kind === "sending") return;
    const data = new FormData(event.currentTarget as HTMLFormElement);
    setSent({ kind: "sending" });
    try {
      const args = argumentsFromForm(task.input, {
        get: (name) => {
          const value = data.get(name);
          return typeof value === "string" ? value : null;
        },
      });
      setSent({ kind: "started", id: await actions.start(task.name, args) });
    } catch (error) {
      setSent({ kind: "refused", message: wordsOf(error) });
    }
  }

  return (
    <details class="startable" open={open}>
      <summary>
        <span class="startable-title">{String(task.title ?? task.name)}</span>
      </summary>
      {task.description !== null && <p class="startable-description">{String(task.description)}</p>}
      <form method="post" action={startFormUrl(frame, task.name)} onSubmit={submit}>
        {fields === null
          ? <RawField id={`start-${place}`} />
          : fields.map((field, index) => (
            <Field key={field.name} field={field} id={`start-${place}-${index}`} />
          ))}
        <div class="startable-foot">
          <button type="submit" class="button button-primary" disabled={sent.kind === "sending"}>
            {sent.kind === "sending" ? "Starting…" : "Start"}
            <span class="visually-hidden">{` ${task.title ?? task.name}`}</span>
          </button>
          <span class="startable-answer" role="status">
            {sent.kind === "started" && (
              <>
                Started · <a href={taskPageUrl(frame, sent.id)}>watch it</a>
              </>
            )}
          </span>
        </div>
        {sent.kind === "refused" && <p class="problem" role="alert">{sent.message}</p>}
      </form>
    </details>
  );
}

interface FieldProps {
  readonly field: FormField;
  readonly id: string;
}

function Field({ field, id }: FieldProps): JSX.Element {
  const { kind, label, description } = field;
  const hint = description ?? rangeHint(field);
  const described = hint === null ? {} : { "aria-describedby": `${id}-hint` };
  return (
    <div class={`field field-${kind}`}>
      <label for={id}>
        {label}
        {!field.required && kind !== "boolean" && <span class="field-optional">optional</span>}
      </label>
      <Input field={field} id={id} described={described} />
      {hint !== null && <p class="field-hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

interface InputProps extends FieldProps {
  readonly described: { readonly "aria-describedby"?: string };
}

function Input({ field, id, described }: InputProps): JSX.Element {
  const common = { id, name: field.name, required: field.required, ...described };
  switch (field.kind) {
    case "boolean":
      return (
        <input
          {...described}
          id={id}
          name={field.name}
          type="checkbox"
          value="true"
          defaultChecked={field.preset === true}
        />
      );
    case "choice":
      return (
        <select {...common}>
          {!field.required && field.preset === undefined && <option value="">—</option>}
          {field.choices.map((choice) => {
            const text = choiceText(choice);
            return <option key={text} value={text} selected={text === field.initial}>{text}</option>;
          })}
        </select>
      );
    case "json":
      return (
        <textarea {...common} rows={3} spellcheck={false} defaultValue={field.initial} placeholder="JSON" />
      );
    case "text":
      return <input {...common} type="text" defaultValue={field.initial} autocomplete="off" />;
    default:
      return (
        <input
          {...common}
          type="number"
          step={field.kind === "integer" ? 1 : "any"}
          {...(field.minimum === null ? {} : { min: field.minimum })}
          {...(field.maximum === null ? {} : { max: field.maximum })}
          defaultValue={field.initial}
          autocomplete="off"
        />
      );
  }
}

function RawField({ id }: { readonly id: string }): JSX.Element {
  return (
    <div class="field field-json">
      <label for={id}>
        Arguments<span class="field-optional">optional</span>
      </label>
      <textarea
        id={id}
        name={RAW_ARGUMENTS}
        rows={2}
        spellcheck={false}
        placeholder='["first", 2]'
        aria-describedby={`${id}-hint`}
      />
      <p class="field-hint" id={`${id}-hint`}>A JSON array</p>
    </div>
  );
}

function rangeHint({ minimum, maximum }: FormField): string | null {
  if (minimum !== null && maximum !== null) return `${minimum} to ${maximum}`;
  if (minimum !== null) return `at least ${minimum}`;
  return maximum === null ? null : `at most ${maximum}`;
}
