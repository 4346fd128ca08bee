/** The page's only style sheet; the policy of the page admits exactly this text, by its digest. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1b2430;--dim:#5c6878;--line:#dfe4ea;--code:#eef1f5;
--ok:#1a7f4b;--warning:#a35a00;--critical:#c0242f;--unknown:#5b5bb5;--a:#2f6fde;--b:#8a63d2;--c:#2a9d8f;--track:#e9edf2}
@media (prefers-color-scheme:dark){:root{--bg:#12161c;--card:#1a2028;--ink:#e4e9f0;--dim:#97a3b3;--line:#2c3541;--code:#232b35;
--ok:#4cc38a;--warning:#f0a94a;--critical:#ff7b80;--unknown:#a5a5f5;--a:#6ea3ff;--b:#b79bf0;--c:#5fd0c0;--track:#28303b}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,"Noto Sans KR","Apple SD Gothic Neo","Malgun Gothic",sans-serif}
main,header{max-width:1180px;margin:0 auto;padding:0 24px}
header{padding-top:32px}
h1{font-size:26px;line-height:1.2;margin:0 0 4px}
h2{font-size:19px;margin:0}
h3{font-size:15px;margin:22px 0 8px}
p{margin:6px 0}
a{color:inherit}
.dim{color:var(--dim)}
.facts{display:flex;flex-wrap:wrap;gap:4px 28px;margin:10px 0 18px;padding:0;list-style:none;color:var(--dim)}
.facts b{color:var(--ink);font-weight:600}
.counts{display:flex;flex-wrap:wrap;gap:12px;margin:0 0 18px}
.count{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px 18px;min-width:118px}
.count b{display:block;font-size:28px;line-height:1.15}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:18px 22px;margin:0 0 18px}
.head{display:flex;align-items:baseline;gap:12px;flex-wrap:wrap}
.head code{margin-left:auto}
nav{display:flex;flex-wrap:wrap;gap:6px;margin:0 0 18px}
nav a{color:inherit;text-decoration:none;border:1px solid var(--line);border-radius:99px;padding:2px 11px;background:var(--card);font-size:13px}
nav a:hover{border-color:var(--dim)}
.ok{color:var(--ok)}.warning{color:var(--warning)}.critical{color:var(--critical)}.unknown{color:var(--unknown)}
.verdict{font-weight:600;font-size:13px;white-space:nowrap}
.verdict::before{content:"";display:inline-block;width:9px;height:9px;border-radius:50%;background:currentColor;margin-right:6px}
.todo{margin:8px 0 0;padding:0;list-style:none}
.todo li{padding:9px 0;border-top:1px solid var(--line)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13.5px}
th{text-align:left;font-weight:600;color:var(--dim);border-bottom:1px solid var(--line);padding:5px 14px 5px 0;white-space:nowrap}
td{border-bottom:1px solid var(--line);padding:5px 14px 5px 0;vertical-align:top;overflow-wrap:break-word;max-width:34em}
tr:last-child td,tr.judged td{border-bottom:0}
td.advice{max-width:none;padding:0 0 8px 18px}
td.advice p{margin:2px 0}
.n+td:not(.n),.n+th:not(.n){padding-left:14px}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
code,.sql{font:12.5px/1.45 ui-monospace,"SF Mono",Menlo,Consolas,"D2Coding",monospace;background:var(--code);border-radius:5px;padding:1px 6px;overflow-wrap:anywhere;white-space:pre-wrap}
.sql{background:none;padding:0;min-width:22em}
.fix{margin:4px 0 0}
svg{display:block;width:100%;max-width:860px;height:auto;margin:4px 0 14px}
svg text{fill:var(--ink);font:12px system-ui,"Noto Sans KR","Apple SD Gothic Neo","Malgun Gothic",sans-serif}
svg .dim{fill:var(--dim)}
.track{fill:var(--track)}.v0{fill:var(--a)}.v1{fill:var(--b)}.v2{fill:var(--c)}
footer{color:var(--dim);font-size:13px;padding:6px 0 36px}
@media print{body{background:#fff;font-size:11px}nav{display:none}.card,.count{break-inside:avoid-page;border-color:#ccc}
main,header{max-width:none;padding:0}td,th{font-size:10px}.scroll{overflow:visible}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;
