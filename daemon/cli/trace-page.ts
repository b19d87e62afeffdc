import type { TraceCheck, TraceView } from '../api/contract/index.ts'

// A report that stands alone: one page without a script, a font or a picture from elsewhere. What others say is text.

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, sign => `&#${sign.charCodeAt(0)};`).replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '·')

const words = (holds: TraceCheck['holds']): [name: string, mark: string, text: string] =>
  holds === null ? ['open', '–', 'not checked'] : holds ? ['held', '✓', 'holds'] : ['broken', '✗', 'does not hold']

const style = `
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c1917;
    overflow-wrap: anywhere }
  h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
  dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .15rem 1rem; margin: 0 }
  dt { color: #57534e } dt, dd { margin: 0; overflow-wrap: anywhere } ul { list-style: none; padding: 0 }
  li { padding: .25rem 0; overflow-wrap: anywhere } .mark { display: inline-block; width: 1.5rem; font-weight: 700 }
  .held .mark { color: #15803d } .broken { background: #fee2e2 } .broken .mark { color: #b91c1c }
  .open .mark { color: #a16207 } footer { margin-top: 3rem; color: #57534e }
  @media (max-width: 40rem) { dl { grid-template-columns: 1fr } dd { margin-bottom: .5rem } }
  @media (prefers-color-scheme: dark) {
    body { background: #1c1917; color: #e7e5e4 } dt, footer { color: #a8a29e } .broken { background: #450a0a }
    .held .mark { color: #4ade80 } .broken .mark { color: #f87171 } .open .mark { color: #facc15 }
  }`

export function tracePage({ kind, id, epoch, network, held, broken, open, steps }: TraceView): string {
  const title = { receipt: 'An answer', epoch: `Epoch ${epoch ?? ''}`, model: 'A model' }[kind]
  const sections = steps.map(step => {
    const facts = step.facts.map(({ name, value }) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`).join('')
    const checks = step.checks.map(({ what, holds, found }) => {
      const [name, mark, text] = words(holds)
      const sign = `<span class="mark" role="img" aria-label="${text}">${mark}</span>`
      return `<li class="${name}">${sign}<strong>${escaped(what)}</strong>: ${escaped(found)}</li>`
    })
    return `<section><h2>${escaped(step.title)}</h2><dl>${facts}</dl><ul>${checks.join('')}</ul></section>`
  })
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)} ${escaped(id.slice(0, 10))}</title>
<style>${style}
</style>
<h1>${escaped(title)}, from its rows to what it paid</h1>
<p>${escaped(id)}</p>
<p><b>${held}</b> links hold, <b>${broken}</b> do not, <b>${open}</b> were not checked.</p>
${sections.join('\n')}
<footer>Network ${network.chainId}, ${escaped(network.registry)}. Each mark says what the machine that wrote this page
computed itself: hashes, signatures, sums and ways to roots that stand on chain.</footer>
</html>
`
}
