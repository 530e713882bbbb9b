import type { Scorecard } from "../harness/judge/scorecard.ts";
export async function renderHtml(card: Scorecard): Promise<string> { return card.run; }
