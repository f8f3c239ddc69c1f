/** The views: what each shows, and where. */
import type { ComponentType } from "preact";
import { usePage } from "../hooks/usePage";
import type { View } from "../page/state";
import { AttentionPanel } from "../panels/Attention";
import { CarriedPanel } from "../panels/Carried";
import { ComparePanel } from "../panels/Compare";
import { EffectsPanel } from "../panels/Effects";
import { FlowPanel } from "../panels/Flow";
import { GenerationPanel } from "../panels/Generation";
import { ForeseenPart, InspectorPanel } from "../panels/Inspector";
import { KnewPanel } from "../panels/Knew";
import { KnowledgePanel } from "../panels/Knowledge";
import { LedgerPanel } from "../panels/Ledger";
import { LensPanel } from "../panels/Lens";
import { LookedPanel } from "../panels/Looked";
import { PinsPanel } from "../panels/Pins";
import { PredictionPanel } from "../panels/Prediction";
import { Sentence } from "../panels/Sentence";
import { TokenStrip } from "../panels/TokenStrip";
import { WordsPanel } from "../panels/Words";

const SHOWN: Record<View, ComponentType> = {
  why: Why,
  parts: Parts,
  graph: Graph,
  tests: Tests,
  compare: Compare,
  facts: Facts,
  continue: Continue,
};

/** The view that the state names. */
export function Shown() {
  const view = usePage().at.view.value;
  const View = SHOWN[view];
  return (
    <div class={`view view-${view}`}>
      <View />
      <ForeseenPart />
    </div>
  );
}

/** The answer, and what it rests on. */
function Why() {
  const page = usePage();
  return (
    <>
      <Sentence />
      <WordsPanel />
      <CarriedPanel />
      <div class="beside">
        {page.at.selection.value ? <InspectorPanel /> : null}
        <LookedPanel />
        <KnewPanel />
      </div>
    </>
  );
}

/** All parts, and where they read. */
function Parts() {
  return (
    <>
      <TokenStrip />
      <div class="column column-middle">
        <LedgerPanel />
        <EffectsPanel />
        <CarriedPanel besideLedger />
      </div>
      <div class="column column-right">
        <InspectorPanel />
        <LensPanel />
        <AttentionPanel />
      </div>
    </>
  );
}

function Graph() {
  return (
    <>
      <FlowPanel />
      <InspectorPanel />
    </>
  );
}

function Tests() {
  return (
    <>
      <PinsPanel />
      <InspectorPanel />
    </>
  );
}

function Compare() {
  return (
    <>
      <ComparePanel />
      <PredictionPanel />
    </>
  );
}

function Facts() {
  return <KnowledgePanel />;
}

function Continue() {
  return (
    <>
      <PredictionPanel />
      <GenerationPanel />
    </>
  );
}
