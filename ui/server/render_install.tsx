/** @jsxImportSource preact */
/**
 * Renders the page `/install`, with blocks of code to paste into a shell. The page's script only adds buttons that
 * copy the blocks.
 *
 * @module
 */

import { Fragment, type JSX } from "preact";
import { renderToString } from "preact-render-to-string";
import type { InstallPage } from "../../lib/page_renderer.ts";
import { Brand } from "../components/brand.tsx";
import { shellWord } from "../shared/commands.ts";
import { clientPageUrl } from "../shared/links.ts";
import { type InstallSection, installSections, KEY_BLOCK } from "./install_sections.ts";
import { Code, Prose, type ProseAssets, ProseHead } from "./prose.tsx";
import { documentOf } from "./render.tsx";

/**
 * Renders the page.
 *
 * @param page the address of the server, and what it requires
 * @param assets the URLs of the page's files
 */
export function renderInstallPage(page: InstallPage, assets: ProseAssets): string {
  const { basePath, needsKey } = page;
  const sections = installSections(page);
  const content = renderToString(
    <div class="docs">
      <nav class="docs-contents" aria-label="Contents">
        <Brand href={`${basePath}/`} />
        <Contents sections={sections} needsKey={needsKey} basePath={basePath} />
      </nav>
      <main class="docs-main">
        <h1>Report to this server</h1>
        <p class="docs-lead">
          Paste one of the blocks into a shell such as bash or zsh: it runs a small task from beginning to
          end, which appears on <a href={clientPageUrl(page)}>the page of the client {page.client}</a>{" "}
          at once.
        </p>
        {needsKey && <Key client={page.client} />}
        {sections.map((section) => <Section key={section.id} section={section} />)}
        <Variables {...page} />
      </main>
    </div>,
  );
  return documentOf("Report to this server · Taskscope", <ProseHead {...assets} />, content);
}

function Contents({ sections, needsKey, basePath }: {
  readonly sections: readonly InstallSection[];
  readonly needsKey: boolean;
  readonly basePath: string;
}): JSX.Element {
  return (
    <details>
      <summary>Contents</summary>
      <div class="docs-links">
        {needsKey && <a class="docs-group" href="#key">The key</a>}
        {sections.map(({ id, title }) => <a key={id} class="docs-group" href={`#${id}`}>{title}</a>)}
        <a class="docs-group" href="#variables">Variables</a>
        <a class="docs-group" href={`${basePath}/docs`}>API reference</a>
      </div>
    </details>
  );
}

function Key({ client }: { readonly client: string }): JSX.Element {
  return (
    <section aria-labelledby="key">
      <h2 id="key">The key</h2>
      <p class="docs-lead">
        This server requires a key. Set it first, in the same shell, or better a token that may only report:
        {" "}
        <code>taskscope token --may write --client {shellWord(client)}</code> makes one from the key in{" "}
        <code>TASKSCOPE_KEY</code>. This line waits for the key or the token, and neither shows it nor keeps
        it in the shell's history:
      </p>
      <Code text={KEY_BLOCK} id="block-key" />
    </section>
  );
}

function Section({ section: { id, title, blocks, notes } }: { readonly section: InstallSection }) {
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {blocks.map(({ about, code }, index) => (
        <Fragment key={code}>
          <p class="docs-lead">
            <Prose text={about} />
          </p>
          <Code text={code} id={`block-${id}-${index + 1}`} />
        </Fragment>
      ))}
      {notes.map((note) => (
        <p key={note} class="docs-lead">
          <Prose text={note} />
        </p>
      ))}
    </section>
  );
}

function Variables({ server, client, needsKey }: InstallPage): JSX.Element {
  return (
    <section aria-labelledby="variables">
      <h2 id="variables">Variables</h2>
      <dl class="docs-messages">
        <div>
          <dt>
            <code>TASKSCOPE_SERVER</code>
          </dt>
          <dd>
            <p>
              The address of this server,{" "}
              <code>{server}</code>. The Deno module does not need the variable, because it is imported from
              this server.
            </p>
          </dd>
        </div>
        <div>
          <dt>
            <code>TASKSCOPE_CLIENT</code>
          </dt>
          <dd>
            <p>
              The client that the tasks belong to, such as <code>{client}</code>.
            </p>
          </dd>
        </div>
        <div>
          <dt>
            <code>TASKSCOPE_KEY</code>
          </dt>
          <dd>
            <p>{needsKey ? "The key of this server, or a token." : "Not needed: this server has no key."}</p>
          </dd>
        </div>
      </dl>
    </section>
  );
}
