/** @jsxImportSource preact */
/**
 * The forms that start registered tasks, generated from the JSON Schema of their arguments.
 *
 * @module
 */

import type { RunAgain, StartableTask } from "../../lib/page_renderer.ts";
import type { JsonValue } from "../../lib/task/task.ts";
import type { JSX } from "preact";
import { choiceText, filledFields, type FormField, formFields, RAW_ARGUMENTS } from "../shared/arguments.ts";
import { startFormUrl } from "../shared/links.ts";
import type { ClientPageModel, PageFrame } from "../shared/model.ts";

interface StartSectionProps {
  readonly model: ClientPageModel;
}

/**
 * The section with the forms that start tasks. It is rendered on the server only; the page's script only
 * submits the forms.
 */
export function StartSection({ model }: StartSectionProps): JSX.Element | null {
  const { startable, activeTotal, endedTotal } = model;
  if (startable.length === 0) return null;
  const isOpen = startable.length === 1 || activeTotal + endedTotal === 0;
  return (
    <section aria-labelledby="start-title">
      <div class="section-head">
        <h2 id="start-title" tabIndex={-1}>Start new task</h2>
      </div>
      <div class="start-forms">
        {startable.map((task, index) => (
          <StartForm
            key={task.name}
            task={task}
            place={index}
            open={isOpen && index === 0}
            action={startFormUrl(model, task.name)}
          />
        ))}
      </div>
    </section>
  );
}

interface RunAgainSectionProps {
  readonly frame: PageFrame;
  readonly again: RunAgain;
}

/** The section of a task page with a form that starts the same task with other arguments. */
export function RunAgainSection({ frame, again: { task, args } }: RunAgainSectionProps): JSX.Element {
  return (
    <section aria-labelledby="again-title">
      <div class="section-head">
        <h2 id="again-title" tabIndex={-1}>Run again</h2>
      </div>
      <div class="start-forms">
        <StartForm
          task={{ ...task, title: "With changed arguments", description: null }}
          place={0}
          open={false}
          action={`${startFormUrl(frame, task.name)}?from=task`}
          args={args}
        />
      </div>
    </section>
  );
}

interface StartFormProps {
  readonly task: StartableTask;
  /** The index of the form on the page, which makes the ids of its fields unique. */
  readonly place: number;
  readonly open: boolean;
  /** The URL to which the form is submitted. */
  readonly action: string;
  /** The initial arguments in the form; by default, the schema's defaults. */
  readonly args?: readonly JsonValue[];
}

function StartForm({ task, place, open, action, args }: StartFormProps): JSX.Element {
  const empty = formFields(task.input);
  const fields = empty === null || args === undefined ? empty : filledFields(task.input, empty, args);
  return (
    <details class="start-form" open={open}>
      <summary>
        <span>{String(task.title ?? task.name)}</span>
        {task.title !== null && task.title !== task.name && (
          <>
            {" "}
            <code class="start-form-name">{String(task.name)}</code>
          </>
        )}
      </summary>
      {task.description !== null && <p class="start-form-description">{String(task.description)}</p>}
      <form method="post" action={action} data-start>
        {fields === null
          ? <RawField id={`start-${place}`} initial={args === undefined ? "" : JSON.stringify(args)} />
          : fields.map((field, index) => (
            <Field key={field.name} field={field} id={`start-${place}-${index}`} />
          ))}
        <div class="start-form-foot">
          <button type="submit" class="button button-primary">
            Start<span class="visually-hidden">{` ${task.title ?? task.name}`}</span>
          </button>
          <span class="start-form-result" role="status" />
        </div>
        <p class="problem" role="alert" hidden />
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

function RawField({ id, initial }: { readonly id: string; readonly initial: string }): JSX.Element {
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
        defaultValue={initial}
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
