/** All panels. The explanation of prompt A is asked here; the others wait for it, since it tells the target. */
import { useEffect, useRef } from "preact/hooks";
import { listenForKeys } from "../keys";
import { about, type Page, PageContext, useAsk } from "../page";
import { AttentionPanel } from "./Attention";
import { ComparePanel } from "./Compare";
import { FlowPanel } from "./Flow";
import { GenerationPanel } from "./Generation";
import { Header } from "./Header";
import { Help } from "./Help";
import { InspectorPanel } from "./Inspector";
import { KnowledgePanel } from "./Knowledge";
import { LedgerPanel } from "./Ledger";
import { LensPanel } from "./Lens";
import { PinsPanel } from "./Pins";
import { PredictionPanel } from "./Prediction";
import { Status } from "./parts";
import { StrongestPanel } from "./Strongest";
import { TokenStrip } from "./TokenStrip";

export function App({ page }: { page: Page }) {
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => page.link(), [page]);
  useEffect(() => (root.current ? listenForKeys(page, root.current) : undefined), [page]);
  return (
    <PageContext.Provider value={page}>
      <div class="unembed" ref={root}>
        <Header />
        <Explained page={page} />
        <Help />
        <p class="hidden" role="status">
          {page.said.value}
        </p>
      </div>
    </PageContext.Provider>
  );
}

function Explained({ page }: { page: Page }) {
  const asked = page.asked();
  const state = page.state.value;
  const answer = useAsk(asked ? { ask: "explain" as const, ...about(state), test: false, top: 10 } : null);
  const result = answer?.result ?? null;
  useEffect(() => {
    if (result) page.take(result, state);
    if (!asked || answer?.error) page.take(null, state);
  }, [result, answer?.error, asked]);
  if (!asked) return <p class="panel note">Type a {page.beside()} and press Enter.</p>;
  return (
    <>
      {answer && !result ? (
        <div class="panel">
          <Status answer={answer} />
        </div>
      ) : null}
      <div class={`panels${result ? "" : " stale"}`}>
        <TokenStrip />
        <div class="column column-left">
          <PredictionPanel />
          <LensPanel />
        </div>
        <div class="column column-middle">
          <LedgerPanel />
          <StrongestPanel />
        </div>
        <div class="column column-right">
          <InspectorPanel />
          <PinsPanel />
          <AttentionPanel />
        </div>
        <ComparePanel />
        <FlowPanel />
        <KnowledgePanel />
        <GenerationPanel />
      </div>
    </>
  );
}
