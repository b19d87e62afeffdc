// What the screened regression pays whom where siblings are noisy: a fact known to one to four of six candidates, of
// sixty players, by how far siblings that had the same rows disagree.
//
//   node scripts/attribution/noise.ts [--runs 200]
import { parseArgs } from 'node:util'
import { coalitionsOf, hasPlayer, RandomStream } from '../../protocol/jobs/index.ts'
import { weightMatrix, weightsOver } from '../../protocol/payouts/index.ts'
import { keccak } from '../../protocol/primitives/index.ts'

const players = 60
const candidates = [0, 5, 11, 23, 37, 41]
/** What the fact is worth, in 1e-4. */
const worth = 8000

/** About normal, with deviation 1: twelve uniform numbers less their mean. */
const normal = (stream: RandomStream): number =>
  Array.from({ length: 12 }, () => Number(stream.below(1_000_000n)) / 1e6).reduce((a, b) => a + b, -6)

const { values } = parseArgs({ options: { runs: { type: 'string', default: '200' } } })
const runs = Number(values.runs)
console.log('noise  siblings  known to  paid: who knows  idle candidates  others')
for (const noise of [0.03, 0.1])
  for (const count of [18, 34])
    for (const known of [1, 2, 3, 4]) {
      const paid = { knows: 0, idle: 0, others: 0 }
      for (let run = 0; run < runs; run++) {
        const stream = new RandomStream(keccak(`noise ${run}`))
        const coalitions = coalitionsOf(keccak(`siblings ${run}`), players, count)
        const utilities = coalitions.map(coalition => {
          const knows = candidates.slice(0, known).some(player => hasPlayer(coalition, player))
          const off = coalition === 0n ? 0 : normal(stream) * noise * 10_000
          return Math.max(0, Math.min(10_000, Math.round(500 + (knows ? worth : 0) + off)))
        })
        const { players: weights, others } = weightsOver(weightMatrix(players, coalitions), { utilities, candidates })
        const positive = candidates.map(player => Math.max(0, Number(weights[player])))
        const rest = Math.max(0, Number(others))
        const all = positive.reduce((a, b) => a + b, rest)
        const own = positive.slice(0, known).reduce((a, b) => a + b, 0)
        paid.knows += own / all / runs
        paid.idle += (all - rest - own) / all / runs
        paid.others += rest / all / runs
      }
      const shown = [paid.knows, paid.idle, paid.others].map(share => share.toFixed(3).padStart(15))
      console.log(`${String(noise).padEnd(7)}${String(count - 2).padEnd(10)}${known}    ${shown.join('')}`)
    }
