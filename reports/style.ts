// The look of the scorecard's page, in light, dark, print and greyscale.

export const STYLE = `
:root { --bg: #ffffff; --fg: #1c2128; --soft: #57606a; --line: #d0d7de; --card: #f6f8fa; --met: #176f30; --missed: #b3202a; --unknown: #7d5400; }
@media (prefers-color-scheme: dark) { :root { --bg: #0d1117; --fg: #e6edf3; --soft: #9aa6b2; --line: #30363d; --card: #161b22; --met: #56d364; --missed: #ff7b72; --unknown: #e3b341; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--fg); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 24px 20px 48px; }
header { display: grid; grid-template-columns: auto 1fr; gap: 28px; align-items: center; padding: 22px 26px; border: 1px solid var(--line); border-left: 10px solid; border-radius: 10px; background: var(--card); }
header.met { border-left-color: var(--met); } header.missed { border-left-color: var(--missed); border-left-style: double; } header.unknown { border-left-color: var(--unknown); border-left-style: dashed; }
.verdict { margin: 0; font-size: 34px; font-weight: 750; letter-spacing: .02em; white-space: nowrap; }
.met .verdict { color: var(--met); } .missed .verdict { color: var(--missed); } .unknown .verdict { color: var(--unknown); }
h1 { margin: 0 0 6px; font-size: 19px; line-height: 1.35; font-weight: 600; }
.answer { margin: 0 0 6px; font-size: 16px; } .meta { margin: 0; color: var(--soft); font-size: 13px; }
section { margin-top: 34px; } h2 { font-size: 19px; margin: 0 0 10px; } h3 { font-size: 15px; margin: 0; }
.scroll, .chart { overflow-x: auto; } .chart svg { min-width: 720px; width: 100%; height: auto; display: block; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 7px 10px; border-bottom: 1px solid var(--line); vertical-align: top; } thead th { color: var(--soft); font-weight: 600; font-size: 13px; } tbody th { font-weight: 600; } tbody th:first-child { position: sticky; left: 0; background: var(--bg); min-width: 9em; }
.figure { white-space: nowrap; font-weight: 600; } .bound { white-space: nowrap; }
.badge { display: inline-block; white-space: nowrap; font-weight: 700; font-size: 13px; } .badge.met { color: var(--met); } .badge.missed { color: var(--missed); } .badge.unknown { color: var(--unknown); }
article { border: 1px solid var(--line); border-left: 5px solid var(--missed); border-radius: 8px; padding: 12px 16px; margin: 10px 0; } article p { margin: 4px 0; } .count { color: var(--soft); } [aria-labelledby="warnings"] article { border-left-color: var(--unknown); }
details { margin-top: 8px; } summary { cursor: pointer; color: var(--soft); } details .scroll { max-height: 420px; overflow-y: auto; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 10px; overflow-x: auto; font-size: 12.5px; white-space: pre-wrap; overflow-wrap: anywhere; } code { font-size: .93em; }
dl { display: flex; flex-wrap: wrap; gap: 10px; margin: 0 0 12px; } dl div { border: 1px solid var(--line); border-radius: 8px; padding: 8px 14px; background: var(--card); } dt { color: var(--soft); font-size: 13px; } dd { margin: 0; font-size: 19px; font-weight: 650; font-variant-numeric: tabular-nums; }
footer { margin-top: 40px; color: var(--soft); font-size: 13px; border-top: 1px solid var(--line); padding-top: 12px; overflow-wrap: anywhere; }
:focus-visible { outline: 2px solid #4a90d9; outline-offset: 2px; }
header.comparison { border-left-color: var(--soft); border-left-style: solid; grid-template-columns: 1fr; } article.met { border-left-color: var(--met); } article.unknown { border-left-color: var(--unknown); }
.bar { display: block; height: 7px; margin-top: 4px; border-radius: 4px; background: var(--card); border: 1px solid var(--line); } .bar span { display: block; height: 100%; background: var(--soft); border-radius: 3px; }
.heat { white-space: nowrap; font-size: 13px; } .heat.met { background: color-mix(in srgb, var(--met) 10%, var(--bg)); } .heat.missed { background: color-mix(in srgb, var(--missed) 24%, var(--bg)); font-weight: 700; } .heat.unknown { background: color-mix(in srgb, var(--unknown) 16%, var(--bg)); font-style: italic; } .heat.untried { color: var(--soft); } .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); } .heat a { color: inherit; } dl.sweep dd { font-size: 15px; }
@media (max-width: 640px) { header { grid-template-columns: 1fr; gap: 8px; } }
@media print { :root { --bg: #fff; --fg: #000; --soft: #444; --line: #bbb; --card: #fff; --met: #176f30; --missed: #b3202a; --unknown: #7d5400; } main { max-width: none; padding: 0; } section, article, tr { break-inside: avoid; } .chart svg { min-width: 0; } }
`;
