// The data phase and a pool's money in a simulated world, seed after seed:
// npm run simulate -- [--minutes 1 | --hours H] [--seed S] [--seeds N] [--only data|money] [--json]
// Nodes whose clock, network, disk and chain are this program's own (test/simulation) bring contributions to an end
// while messages are lost and late, groups are parted, processes fall between any two writes, disks are full, clocks
// jump, the chain is out of reach or takes blocks back, and one of those who vote lies; then receipts of channels reach
// whoever they reach, and six settle them in turn by the rules of protocol/payouts, two of whom lie. Ends with exit
// code 1 at the first seed whose story breaks an invariant, and tells that story without whatever it does not need.
// Example: npm run simulate -- --hours 8 --seed 1
import { parseArgs } from 'node:util'
import { tellMany } from './many.ts'
import { shortest } from './money/story.ts'
import { shrink } from './shrink.ts'
import type { MoneyTold } from './money/story.ts'
import type { Told } from './story.ts'

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    hours: { type: 'string' },
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})
const usage = `usage: npm run simulate -- [--minutes 1 | --hours H] [--seed S] [--seeds N] [--only data|money] [--json]
Example: npm run simulate -- --hours 8 --seed 1`
const minutes = flags.hours === undefined ? Number(flags.minutes) : 60 * Number(flags.hours)
const from = Number(flags.seed)
const most = flags.seeds === undefined ? Infinity : Number(flags.seeds)
if (flags.help) {
  console.log(usage)
  process.exit(0)
}
const isKnown = [undefined, 'data', 'money'].includes(flags.only)
if (!(minutes > 0) || !Number.isInteger(from) || Number.isNaN(most) || !isKnown) {
  console.error(usage)
  process.exit(2)
}

/** With a number of seeds that is said, all of them are played, however long it takes. */
const isCounted = most !== Infinity
const saidEveryMs = 30_000
const began = Date.now()
let said = began
const sum = { seeds: 0, contributions: 0, accepted: 0, receipts: 0, epochs: 0, vetoed: 0 }
let broken: Told | undefined
let lost: MoneyTold | undefined
function tellProgress(): void {
  if (Date.now() - said < saidEveryMs) return
  said = Date.now()
  process.stderr.write(`${Math.round((said - began) / 1000)} s  ${sum.seeds} seeds, from ${from} on\n`)
}
/** A part of the time for each that is played: a seed's money takes a third of what its other story does. */
const msOf = (share: number): number => (isCounted ? Infinity : minutes * 60_000 * share)
if (flags.only !== 'money') {
  const { told, broken: found } = await tellMany(
    'data',
    { from, most, ms: msOf(flags.only === 'data' ? 1 : 0.75) },
    story => {
      sum.seeds++
      sum.contributions += story.contributions
      sum.accepted += story.accepted
      tellProgress()
    }
  )
  broken = found
  sum.seeds = told
}
if (flags.only !== 'data' && broken === undefined) {
  const { told, broken: found } = await tellMany(
    'money',
    { from, most, ms: msOf(flags.only === 'money' ? 1 : 0.25) },
    story => {
      for (const key of ['receipts', 'epochs', 'vetoed'] as const) sum[key] += story[key]
      tellProgress()
    }
  )
  if (found !== undefined) lost = shortest(found)
  sum.seeds = Math.max(sum.seeds, told)
}
const seconds = Math.round((Date.now() - began) / 100) / 10
const smallest = broken === undefined ? undefined : await shrink(broken)
if (flags.json) console.log(JSON.stringify({ from, seconds, ...sum, broken: smallest, lost }))
else {
  if (smallest !== undefined) {
    const { script, story } = smallest
    console.log(
      `seed ${story.seed}, with ${script.troubles.join(', ') || 'no trouble'} for ${script.stormMs / 1000} s:`
    )
    console.log(`${story.told.join('\n')}\n\n${story.faults.join('\n')}`)
    console.log(`again: npm run simulate -- --seed ${story.seed} --seeds 1`)
  }
  if (lost !== undefined) {
    console.log(`seed ${lost.seed}, money:\n${lost.told.join('\n')}\n\n${lost.faults.join('\n')}`)
    console.log(`again: npm run simulate -- --seed ${lost.seed} --seeds 1 --only money`)
  }
  console.log({ from, seconds, ...sum })
}
process.exit(broken === undefined && lost === undefined ? 0 : 1)
