/** Tables beside charts, and what scrolls. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { usePage } from "../hooks/usePage";

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
