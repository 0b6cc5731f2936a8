/** The style sheet of the operator reference: light and dark, from a phone to a wide screen. */
export const css = `
:root { color-scheme: light dark; --text: #1f2328; --soft: #5b636d; --line: #d8dde3; --back: #fff; --card: #f6f8fa;
  --link: #0a58ca; --structural: #57606a; --exact: #1a7f37; --local: #0a6a9a; --regularised: #8250df;
  --approximate: #9a6700; --none: #8c959f }
@media (prefers-color-scheme: dark) { :root { --text: #e4e8ec; --soft: #9aa4ae; --line: #333a42; --back: #14181c;
  --card: #1c2126; --link: #78b0ff; --structural: #a3adb7; --exact: #56d364; --local: #58b8e8; --regularised: #c297ff;
  --approximate: #e3b341; --none: #7d8590 } }
* { box-sizing: border-box }
html { scroll-padding-top: 4.5rem }
body { margin: 0 auto; padding: 1.5rem 1.25rem 4rem; max-width: 76rem; color: var(--text); background: var(--back);
  font: 16px/1.55 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
a { color: var(--link); text-decoration: none }
a:hover { text-decoration: underline }
h1 { margin: 0 0 .3rem; font-size: 1.8rem; line-height: 1.2 }
header p { max-width: 46rem; margin: .4rem 0 .8rem }
code, pre { font: .86em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace }
code { background: var(--card); padding: .1em .3em; border-radius: 4px }
header { display: contents }
#filter { position: sticky; top: .6rem; z-index: 1; width: 100%; margin: .6rem 0 1rem; padding: .6rem .9rem; font: inherit;
  color: inherit; background: var(--back); border: 1px solid var(--line); border-radius: 8px;
  box-shadow: 0 2px 10px rgb(0 0 0 / .08) }
#filter:focus { outline: 2px solid var(--link); outline-offset: 0; border-color: transparent }
nav h2 { margin: .7rem 0 .1rem; font-size: .8rem; font-weight: 600; letter-spacing: .03em; color: var(--soft) }
nav p { margin: 0; display: flex; flex-wrap: wrap; gap: .05rem .8rem; font-size: .95rem }
main h2 { margin: 3rem 0 .8rem; padding-bottom: .3rem; font-size: 1.25rem; border-bottom: 2px solid var(--line) }
article { margin: 1.6rem 0 2.2rem }
article h3 { margin: 0 0 .5rem; font-size: 1.15rem; display: flex; align-items: center; gap: .7rem }
article h3 a { color: inherit }
.badge { font-size: .74rem; font-weight: 600; line-height: 1; padding: .25em .6em; border: 1px solid; border-radius: 99px;
  white-space: nowrap }
${['structural', 'exact', 'local', 'regularised', 'approximate', 'none'].map(k => `.${k} { color: var(--${k}) }`).join(' ')}
.formula { background: var(--card); border-radius: 8px; padding: .6rem 1rem; margin: 0 0 .4rem; overflow-x: auto }
.said { color: var(--soft); font-size: .92rem; margin: .3rem 0 .5rem }
math { font-family: math, "STIX Two Math", "Cambria Math", "Latin Modern Math", serif; font-size: 1.1em }
math[display="block"] { text-align: left; margin: 0; display: block math; width: max-content }
.rule { overflow-x: auto; overflow-y: hidden; padding: .1rem 0 }
dl { display: grid; grid-template-columns: 6rem 1fr; gap: .35rem 1rem; margin: .5rem 0 }
dt { color: var(--soft); font-size: .9rem; padding-top: .08rem }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; max-width: 52rem }
details { margin: .5rem 0; font-size: .92rem }
summary { cursor: pointer; color: var(--link); width: fit-content }
.numbers { grid-template-columns: 4rem 1fr }
.numbers dt { text-align: right }
pre { margin: 0; overflow-x: auto }
.kinds dl { grid-template-columns: 7.5rem 1fr }
[hidden] { display: none !important }
@media (max-width: 40rem) { body { padding: 1rem .9rem 3rem } dl { grid-template-columns: 1fr; gap: .1rem }
  dt { padding-top: .5rem; font-weight: 600 } .numbers dt { text-align: left } .kinds dl { grid-template-columns: 1fr }
  .formula { padding: .5rem .7rem } }
@media print { #filter, nav { display: none } article { break-inside: avoid } }
`

/** The filter box: shows the operators that have all of its words, and in the index only those. */
export const script = `
const filter = document.getElementById('filter')
const articles = [...document.querySelectorAll('article')]
const links = new Map([...document.querySelectorAll('nav a')].map(a => [a.getAttribute('href').slice(1), a]))
filter.addEventListener('input', () => {
  const words = filter.value.toLowerCase().split(/\\s+/).filter(Boolean)
  let shown = 0
  for (const article of articles) {
    const fits = words.every(word => article.dataset.words.includes(word))
    article.hidden = links.get(article.id).hidden = !fits
    if (fits) shown++
  }
  for (const s of document.querySelectorAll('[data-folder]'))
    s.hidden = ![...s.querySelectorAll(':scope > article, :scope > p > a')].some(e => !e.hidden)
  document.getElementById('none').hidden = shown > 0
})
`
