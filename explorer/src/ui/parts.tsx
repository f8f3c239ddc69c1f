/** Pieces that several panels use. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { nameOf, signed, visible } from "../lib/format";
import { usePage } from "../page/page";
import { type Part, samePart } from "../page/state";
import type { Answer } from "../protocol/asks";
import type { LookedAt } from "../protocol/payloads";

/** A panel with a heading. */
export function Panel(props: { name: string; title: string; note?: ComponentChildren; children: ComponentChildren }) {
  const id = useId();
  return (
    <section class={`panel panel-${props.name}`} aria-labelledby={id}>
      <h2 id={id}>{props.title}</h2>
      {props.note ? <p class="note">{props.note}</p> : null}
      {props.children}
    </section>
  );
}

/** A token, all of whose characters can be seen. */
export function TokenText(props: { text: string }) {
  return <bdi class="token-text">{visible(props.text)}</bdi>;
}

export function Tokens(props: { tokens: readonly { text: string }[] }) {
  return (
    <span class="tokens">
      {props.tokens.map((token, place) => (
        <span key={place} class="chip">
          <TokenText text={token.text} />
        </span>
      ))}
    </span>
  );
}

/** A source token with the attention it gets. */
export function LookedAtChip(props: { at: LookedAt }) {
  return (
    <span class="chip">
      <TokenText text={props.at.text} /> <span class="small">{props.at.attention.toFixed(2)}</span>
    </span>
  );
}

/** What an ask is doing, or what went wrong. */
export function Status(props: { answer: Answer<unknown> | null }) {
  const page = usePage();
  const answer = props.answer;
  if (!answer || answer.result) return null;
  if (answer.error && page.data.host === "report") return <p class="note">{answer.error}</p>;
  if (answer.error)
    return (
      <p class="error" role="alert">
        {answer.error}
      </p>
    );
  return (
    <p class="progress">
      <progress value={answer.fraction} max={1} aria-label={answer.stage} /> {answer.stage}
    </p>
  );
}

/** A name that selects its part and previews it while the pointer is over it. */
export function PartButton(props: { part: Part }) {
  const page = usePage();
  const pressed = samePart(props.part, page.state.value.selection);
  return (
    <button
      type="button"
      class="part"
      aria-pressed={pressed}
      onClick={() => page.select(pressed ? null : props.part)}
      onMouseEnter={() => (page.hovered.value = props.part)}
      onMouseLeave={() => (page.hovered.value = null)}
    >
      {nameOf(props.part)}
    </button>
  );
}

/** A bar from the middle: to the right and solid if positive, to the left and hatched if negative. */
export function Bar(props: { value: number; largest: number }) {
  const share = props.largest > 0 ? Math.min(Math.abs(props.value) / props.largest, 1) : 0;
  return (
    <span class="bar" aria-hidden="true">
      <span class={props.value < 0 ? "negative" : "positive"} style={{ width: `${share * 50}%` }} />
    </span>
  );
}

export function Signed(props: { value: number; digits?: number }) {
  return (
    <span class={props.value < 0 ? "number negative" : "number positive"}>{signed(props.value, props.digits)}</span>
  );
}

/** What is wider or higher than its place: it scrolls there, by keyboard as well. */
export function Scroll(props: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="scroll" tabIndex={0} aria-label={props.label}>
      {props.children}
    </section>
  );
}

/** The table that says the same as a chart; made only when it is opened, since it can be large. */
export function TableTwin(props: { label: string; head: string[]; rows: () => ComponentChildren[][] }) {
  const page = usePage();
  const opened = useOpened();
  return (
    <details class="twin" ref={opened.ref} onToggle={opened.toggle}>
      <summary>Table: {props.label}</summary>
      {opened.open || page.data.host === "report" ? (
        <Scroll label={`Table: ${props.label}`}>
          <table>
            <thead>
              <tr>
                {props.head.map((cell, place) => (
                  <th key={place} scope="col">
                    {cell}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {props.rows().map((row, place) => (
                <tr key={place}>
                  {row.map((cell, column) => (
                    <td key={column}>{cell}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      ) : null}
    </details>
  );
}

function useOpened() {
  const open = useSignal(false);
  const ref = useRef<HTMLDetailsElement>(null);
  return {
    ref,
    get open() {
      return open.value;
    },
    toggle: () => {
      open.value = ref.current?.open ?? false;
    },
  };
}

/** Calls back when the system's theme or the window's size changes: canvases are drawn again. */
export function useRedraw(draw: () => void): void {
  useEffect(() => {
    draw();
    const theme = matchMedia("(prefers-color-scheme: dark)");
    theme.addEventListener("change", draw);
    addEventListener("resize", draw);
    return () => {
      theme.removeEventListener("change", draw);
      removeEventListener("resize", draw);
    };
  });
}
