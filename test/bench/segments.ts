// How far segments of trainings that are run again alone are from what was committed to beside others, by threads; and
// how far what was trained otherwise is: node test/bench/segments.ts
// On the shipped base, the chemical elements and the local network's settings; some minutes.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEngine } from '../../node/engine/index.ts'
import type { Row, TrainSettings } from '../../node/engine/types.ts'
import { stateFile } from '../../node/engine/train/states.ts'
import { farthest } from '../../node/jobs/index.ts'
import { segmentEnds } from '../../protocol/jobs/index.ts'

const assets = join(import.meta.dirname, '../../daemon/assets')
const model = join(assets, 'seedling')
const rows: Row[] = []
const owners: number[] = []
for (const [player, name] of ['01-noor', '02-tomas', '05-ines'].entries())
  for (const line of readFileSync(join(assets, 'elements', `${name}.jsonl`), 'utf8')
    .trim()
    .split('\n')) {
    const { prompt, response } = JSON.parse(line) as { prompt: string; response: string }
    rows.push({
      messages: [
        { role: 'user', content: prompt },
        { role: 'assistant', content: response }
      ]
    })
    owners.push(player)
  }
const { coalitions: _coalitions, ...settings } = JSON.parse(
  readFileSync(join(assets, 'elements/settings.json'), 'utf8')
) as TrainSettings & { coalitions: number }
const coalitions = [1, 2, 3, 4, 5, 6].map(mask => owners.flatMap((player, i) => ((mask >> player) & 1 ? [i] : [])))

const folder = mkdtempSync(join(tmpdir(), 'tilth-segments-'))
const states = join(folder, 'states')
mkdirSync(states)
const committing = openEngine({ threads: 2, provider: 'cpu' })
const output = coalitions.map((_, k) => join(folder, `${k}`))
const trained = await committing.tuneSiblings({ model, rows, settings, coalitions, output, states: { folder: states } })
await committing.close()

let [honest, otherwise] = [0, Infinity]
for (const threads of [2, 1]) {
  const engine = openEngine({ threads, provider: 'cpu' })
  for (const k of [0, 2, 5]) {
    const ends = segmentEnds(trained[k]?.losses.length ?? 0)
    const own = (coalitions[k] ?? []).flatMap(i => rows[i] ?? [])
    for (const [segment, to] of ends.entries()) {
      const from = ends[segment - 1] ?? 0
      const part = {
        model,
        rows: own,
        settings,
        from,
        to,
        ...(segment === 0 ? {} : { begin: stateFile(states, k, from) }),
        end: stateFile(states, k, to)
      }
      const { distance } = await engine.runPart(part)
      honest = Math.max(honest, distance)
      if (segment === 3 && threads === 1)
        otherwise = Math.min(otherwise, (await engine.runPart({ ...part, rows: own.slice(1) })).distance)
      console.log(`${threads} threads, sibling ${k}, steps ${from + 1} to ${to}: ${distance.toExponential(1)}`)
    }
  }
  await engine.close()
}
console.log(
  `honest at most ${honest.toExponential(1)}, one row less at least ${otherwise.toFixed(2)}; ${farthest} is taken`
)
rmSync(folder, { recursive: true, force: true })
