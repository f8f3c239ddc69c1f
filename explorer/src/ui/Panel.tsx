/** The frame that every panel has. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

/** A panel with a heading. */
export function Panel(props: {
  name: string;
  title: ComponentChildren;
  note?: ComponentChildren;
  children: ComponentChildren;
}) {
  const id = useId();
  return (
    <section class={`panel panel-${props.name}`} aria-labelledby={id}>
      <h2 id={id}>{props.title}</h2>
      {props.note ? <p class="note">{props.note}</p> : null}
      {props.children}
    </section>
  );
}
