/** The prompt and what is asked about it. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { usePage } from "../hooks/usePage";
import { partOfName } from "../lib/parts";
import type { State } from "../page/state";
import { post, refusal } from "../protocol/transports";

const NAMES = { prompt: "Prompt", source: "Source" };

export function Header() {
  const page = usePage();
  const state = page.state.value;
  const facts = page.explained.value?.model ?? page.data.model;
  const live = page.data.host !== "report";
  const of = page.beside();
  return (
    <header class="panel panel-header">
      <div class="title">
        <h1>unembed</h1>
        {facts ? (
          <p class="note">
            {facts.name} · {facts.layers} layers × {facts.heads} heads · {facts.device} · {facts.dtype}
          </p>
        ) : null}
        <Find />
        {page.data.host === "page" ? <Export /> : null}
        <button type="button" onClick={() => (page.helpOpen.value = true)}>
          Keys <kbd>?</kbd>
        </button>
      </div>
      <form
        class="fields"
        onSubmit={(event) => {
          event.preventDefault();
        }}
      >
        {page.reads() === "text" ? <Field name="source" label="Source" wide live={live} /> : null}
        {of === "source" ? null : <Field name="a" label="Prompt" wide live={live} />}
        {state.b === null ? null : <Field name="b" label={`${NAMES[of]} B`} wide live={live} />}
        {of === "source" ? <Field name="a" label="Decoder's prompt" wide live={live} /> : null}
        <Field name="target" label="Target" placeholder="top prediction" live={live} />
        <Field name="vs" label="Versus" placeholder="none" live={live} />
        <label>
          Reference
          <select
            value={state.vs === null ? state.reference : "vs"}
            disabled={!live || state.vs !== null}
            onChange={(event) => page.set({ reference: event.currentTarget.value as State["reference"] })}
          >
            <option value="mean">above vocabulary mean</option>
            <option value="raw">raw logit</option>
            {state.vs === null ? null : <option value="vs">minus the versus token</option>}
          </select>
        </label>
        <button
          type="button"
          aria-pressed={state.b !== null}
          disabled={!live || page.reads() === "audio"}
          onClick={() => page.set({ b: state.b === null ? (of === "source" ? state.source : state.a) : null })}
        >
          A | B
        </button>
      </form>
    </header>
  );
}

/** A text of the state. It is taken over on Enter or when it is left, so that no half-typed prompt is run. */
function Field(props: {
  name: "a" | "b" | "source" | "target" | "vs";
  label: string;
  placeholder?: string;
  wide?: boolean;
  live: boolean;
}) {
  const page = usePage();
  const value = String(page.state.value[props.name] ?? "");
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
          onInput={(event) => (typed.value = event.currentTarget.value)}
          onKeyDown={(event) => event.key === "Enter" && take()}
        />
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

/** Selects a part by its name. */
function Find() {
  const page = usePage();
  const input = useRef<HTMLInputElement>(null);
  const missed = useSignal(false);
  return (
    <label class="find">
      <span>
        Find <kbd>/</kbd>
      </span>
      <input
        ref={input}
        type="search"
        data-find
        placeholder="L23.H4"
        aria-invalid={missed.value}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || !input.current) return;
          const part = partOfName(input.current.value);
          const facts = page.explained.value?.model;
          const absent = part?.encoder ? page.reads() === null : part && facts && part.layer >= facts.layers;
          missed.value = part === null || Boolean(absent);
          if (part && !missed.value) page.select(part);
          page.said.value = missed.value ? "No such part: write L23, L23.H4, L24.N1005 or L24 mlp." : "";
        }}
      />
    </label>
  );
}

/** Saves what is shown as one file that needs no server. */
function Export() {
  const page = usePage();
  const error = useSignal<string | null>(null);
  const save = async () => {
    error.value = null;
    const response = await post("/report", { state: page.state.value, results: page.desk.shown() }, page.data.token);
    if (!response.ok) {
      error.value = await refusal(response);
      return;
    }
    const url = URL.createObjectURL(await response.blob());
    const link = document.createElement("a");
    link.href = url;
    link.download = "unembed-report.html";
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <>
      <button
        type="button"
        onClick={() => save().catch((reason: unknown) => (error.value = String(reason)))}
        disabled={!page.explained.value}
      >
        Export
      </button>
      {error.value ? (
        <p class="error" role="alert">
          {error.value}
        </p>
      ) : null}
    </>
  );
}
