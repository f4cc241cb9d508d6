/** The one style sheet: system fonts, both colour schemes, nothing that is loaded. Every text has a contrast of 4.5 or more. */
export const pageStyle = `
:root{color-scheme:light dark;--page:#fbfbfc;--card:#fff;--ink:#1b1f24;--dim:#57606a;--line:#d4d9df;--link:#0550ae;
--good:#116329;--good-back:#dafbe1;--warn:#7d4e00;--warn-back:#fff3cd;--bad:#a40e26;--bad-back:#ffe5e7;--plain-back:#eaeef2;--focus:#0550ae}
@media (prefers-color-scheme:dark){:root{--page:#0d1117;--card:#161b22;--ink:#e6edf3;--dim:#9aa4af;--line:#30363d;--link:#79c0ff;
--good:#7ee787;--good-back:#12321c;--warn:#e9c46a;--warn-back:#3a2d0a;--bad:#ffa198;--bad-back:#43151a;--plain-back:#262c34;--focus:#79c0ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
header,main,footer{max-width:78rem;margin:0 auto;padding:0 1rem}
header{padding-top:1.25rem}
h1{font-size:1.5rem;line-height:1.25;margin:0}
h2{font-size:1.1rem;margin:2rem 0 .5rem}
p{margin:.4rem 0}
a{color:var(--link)}
code{font:.92em ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;overflow-wrap:anywhere}
.dim,footer,caption{color:var(--dim)}
footer{padding-top:1rem;padding-bottom:2rem;font-size:.9rem}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:.5rem;background:var(--card);padding:.3rem .6rem;z-index:1}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1rem;padding:0;margin:.6rem 0 0}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,15rem),1fr));gap:.75rem;margin:0}
.facts div{background:var(--card);border:1px solid var(--line);border-radius:.4rem;padding:.5rem .75rem;min-width:0}
dt{color:var(--dim);font-size:.85rem}
dd{margin:0;overflow-wrap:anywhere}
.scroll{margin-bottom:.75rem;overflow-x:auto;container-type:inline-size;border:1px solid var(--line);border-radius:.4rem;background:var(--card)}
table{border-collapse:collapse;width:100%}
caption{text-align:left;padding:.5rem .75rem}
caption span{display:inline-block;position:sticky;left:.75rem;max-width:calc(100cqi - 1.5rem)}
th,td{text-align:left;vertical-align:top;padding:.35rem .75rem;border-top:1px solid var(--line);max-width:28rem;min-width:6rem;overflow-wrap:break-word}
thead th{white-space:nowrap;font-size:.9rem}
tbody th{font-weight:inherit;min-width:11rem}
td:has(code){min-width:10rem}
td:has(div){min-width:15rem}
th.number,td.number{min-width:4.5rem;text-align:right;font-variant-numeric:tabular-nums}
tbody tr:hover{background:var(--plain-back)}
th button{all:unset;cursor:pointer;font-weight:bold}
th button::after{content:"\\2195";color:var(--dim);padding-left:.3em}
th[aria-sort=ascending] button::after{content:"\\2191"}
th[aria-sort=descending] button::after{content:"\\2193"}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px}
th button:focus-visible{outline:2px solid var(--focus);outline-offset:2px}
.badge{display:inline-block;border-radius:.8rem;padding:0 .55rem;background:var(--plain-back);white-space:nowrap}
.good{background:var(--good-back);color:var(--good)}
.warn{background:var(--warn-back);color:var(--warn)}
.bad{background:var(--bad-back);color:var(--bad)}
.tools{display:flex;flex-wrap:wrap;gap:.3rem 1rem;align-items:center;margin:.4rem 0}
.tools input{font:inherit;color:inherit;background:var(--card);border:1px solid var(--dim);border-radius:.3rem;padding:.15rem .5rem;max-width:100%}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (max-width:40rem){th,td{min-width:0;padding:.35rem .5rem}tbody th{min-width:8.5rem}caption{padding:.5rem}
caption span{left:.5rem;max-width:calc(100cqi - 1rem)}}
@media (prefers-reduced-motion:no-preference){tbody tr{transition:background-color .12s}}
@media (forced-colors:active){.badge{border:1px solid}}
@media print{.tools,nav,.skip{display:none}.scroll{overflow:visible}}
`;
