/** The prompt and what is asked about it. */
import { useSignal } from "@preact/signals";
import { usePage } from "../hooks/usePage";
import { type State, toHash, VIEWS, type View } from "../page/state";
import { post, refusal, unreachable } from "../protocol/transports";
import { download } from "../ui/download";
import { Field } from "../ui/Field";
import { EarlierPrompts } from "./EarlierPrompts";
import { Find } from "./Find";

export function Header() {
  const page = usePage();
  const facts = page.explained.value?.model ?? page.data.model;
  const live = page.data.host !== "report";
  const of = page.beside();
  return (
    <header class="top">
      <div class="title">
        <h1>unembed</h1>
        {facts ? (
          <p class="model" title={`${facts.layers} layers × ${facts.heads} heads`}>
            {facts.name} · {facts.dtype} · {facts.device}
          </p>
        ) : null}
        <form class="fields" onSubmit={(event) => event.preventDefault()}>
          {page.reads() === "text" ? <Field name="source" label="Source" wide live={live} /> : null}
          <Field name="a" label={of === "source" ? "Decoder's prompt" : "Prompt"} wide live={live} />
          <EarlierPrompts />
        </form>
        <Find />
        <CopyLink />
        {page.data.host === "page" ? <Export /> : null}
        <button type="button" aria-label="Keys" title="Keys" onClick={() => (page.helpOpen.value = true)}>
          ?
        </button>
      </div>
      <div class="bar-of-views">
        <Tabs />
        <Options live={live} />
      </div>
    </header>
  );
}

const TITLES: Record<View, string> = {
  why: "Why",
  parts: "Parts",
  graph: "Graph",
  tests: "Tests",
  compare: "Compare",
  facts: "Facts",
  continue: "Continue",
};

/** The views; each is a link, so that it can be opened beside this one. */
function Tabs() {
  const page = usePage();
  const state = page.state.value;
  return (
    <nav aria-label="Views">
      {VIEWS.map((view) => (
        <a
          key={view}
          href={toHash({ ...state, view }) || "#"}
          aria-current={view === state.view ? "page" : undefined}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            page.go(view);
          }}
        >
          {TITLES[view]}
          {view === "tests" && state.pins.length > 0 ? <span class="small"> {state.pins.length}</span> : null}
        </a>
      ))}
    </nav>
  );
}

/** What is explained, and against what, where it is not the top prediction above the mean. */
function Options({ live }: { live: boolean }) {
  const page = usePage();
  const state = page.state.value;
  const changed = state.target !== null || state.vs !== null || state.reference !== "mean";
  return (
    <details class="options" open={changed}>
      <summary>Another token or reference</summary>
      <form class="fields" onSubmit={(event) => event.preventDefault()}>
        <Field name="target" label="Target" placeholder="top prediction" live={live} offers />
        <Field name="vs" label="Versus" placeholder="none" live={live} offers />
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
      </form>
    </details>
  );
}

/** The address of what is shown, to keep or to send. */
function CopyLink() {
  const page = usePage();
  if (page.data.host !== "page") return null;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      page.said.value = "The link to this view is copied.";
    } catch {
      page.said.value = "The browser does not let a page copy here: take the link from its address bar.";
    }
  };
  return (
    <button type="button" onClick={copy}>
      Copy link
    </button>
  );
}

/** Why a request failed, for a person. */
function told(reason: unknown): string {
  if (unreachable(reason)) return `The server at ${location.origin} does not answer.`;
  return reason instanceof Error ? reason.message : String(reason);
}

/** Saves what is shown as one file that needs no server. */
function Export() {
  const page = usePage();
  const error = useSignal<string | null>(null);
  const save = async () => {
    error.value = null;
    const response = await post(
      "/report",
      { state: page.state.value, results: page.desk.shown(page.state.value.a, page.state.value.b) },
      page.data.token,
    );
    if (!response.ok) {
      error.value = await refusal(response);
      return;
    }
    download("unembed-report.html", await response.blob(), "text/html");
  };
  return (
    <>
      <button
        type="button"
        onClick={() => save().catch((reason: unknown) => (error.value = told(reason)))}
        disabled={!page.explained.value}
      >
        Save report
      </button>
      {error.value ? (
        <p class="error" role="alert">
          {error.value}
        </p>
      ) : null}
    </>
  );
}
