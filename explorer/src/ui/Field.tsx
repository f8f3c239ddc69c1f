/** A text of the state, to type. */
import { useSignal } from "@preact/signals";
import { useEffect, useId } from "preact/hooks";
import { usePage } from "../hooks/usePage";
import { Offers } from "./Offers";

/** A text of the state. It is taken over on Enter or when it is left, so that no half-typed prompt is run. */
export function Field(props: {
  name: "a" | "b" | "source" | "target" | "vs";
  label: string;
  placeholder?: string;
  wide?: boolean;
  live: boolean;
  /** Whether tokens are offered for what is typed. */
  offers?: boolean;
}) {
  const page = usePage();
  const offered = useId();
  const value = String(page.at[props.name].value ?? "");
  const typed = useSignal(value);
  useEffect(() => {
    typed.value = value;
  }, [value]);
  const take = () => {
    if (typed.value === value) return;
    const optional = props.name === "target" || props.name === "vs";
    const text = optional && typed.value === "" ? null : typed.value;
    const anew = props.name === "a" || props.name === "source";
    page.set({ [props.name]: text, ...(anew ? { position: null, target: null } : {}) });
  };
  const shared = {
    value: typed.value,
    placeholder: props.placeholder ?? "",
    readOnly: !props.live,
    spellcheck: false,
    autocomplete: "off" as const,
    onBlur: take,
  };
  if (!props.wide)
    return (
      <label>
        {props.label}
        <input
          {...shared}
          type="text"
          list={props.offers ? offered : undefined}
          onInput={(event) => (typed.value = event.currentTarget.value)}
          onKeyDown={(event) => event.key === "Enter" && take()}
        />
        {props.offers ? <Offers id={offered} typed={typed.value === value ? "" : typed.value} /> : null}
      </label>
    );
  return (
    <label class="wide">
      {props.label}
      <textarea
        {...shared}
        rows={Math.min(4, Math.ceil(Math.max(typed.value.length, 1) / 100))}
        dir="auto"
        onInput={(event) => (typed.value = event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey) return;
          event.preventDefault();
          take();
        }}
      />
    </label>
  );
}
