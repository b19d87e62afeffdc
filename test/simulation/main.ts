// Data, jobs, answers and a pool's money in a simulated world, seed after seed:
// npm run simulate -- [--minutes 1 | --hours H] [--seed S] [--seeds N] [--only data|working|serving|money] [--json]
// Nodes whose clock, network, disk and chain are this program's own (test/simulation) bring contributions to an end
// while messages are lost and late, groups are parted, processes fall between any two writes, disks are full, clocks
// jump, the chain is out of reach or takes blocks back, and one of those who vote lies; jobs are bid
// for, trained, delivered and paid, and clients ask workers and pay them over channels, through the same troubles and
// with a crook on either side; then receipts of channels reach
// whoever they reach, and six settle them in turn by the rules of protocol/payouts, two of whom lie. Ends with exit
// code 1 at the first seed whose story breaks an invariant, and tells that story without whatever it does not need.
// Example: npm run simulate -- --hours 8 --seed 1
import { parseArgs } from 'node:util'
import { tellMany } from './many.ts'
import { shortest } from './money/story.ts'
import { shrink } from './shrink.ts'
import { tellStory } from './story.ts'
import { tellServing } from './serving/story.ts'
import { tellWorking } from './working/story.ts'
import type { Script } from './script.ts'
import type { MoneyTold } from './money/story.ts'

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
const usage = `usage: npm run simulate -- [--minutes 1 | --hours H] [--seed S] [--seeds N]
  [--only data|working|serving|money] [--json]
Example: npm run simulate -- --hours 8 --seed 1`
const minutes = flags.hours === undefined ? Number(flags.minutes) : 60 * Number(flags.hours)
const from = Number(flags.seed)
const most = flags.seeds === undefined ? Infinity : Number(flags.seeds)
if (flags.help) {
  console.log(usage)
  process.exit(0)
}
const isKnown = [undefined, 'data', 'working', 'serving', 'money'].includes(flags.only)
if (!(minutes > 0) || !Number.isInteger(from) || Number.isNaN(most) || !isKnown) {
  console.error(usage)
  process.exit(2)
}

/** With a number of seeds that is said, all of them are played, however long it takes. */
const isCounted = most !== Infinity
const saidEveryMs = 30_000
const began = Date.now()
let said = began
const sum = {
  seeds: 0,
  contributions: 0,
  accepted: 0,
  jobs: 0,
  completed: 0,
  answers: 0,
  receipts: 0,
  epochs: 0,
  vetoed: 0
}
/** A broken seed's story with no more than it needs. */
let broken:
  | {
      kind: 'data' | 'working' | 'serving'
      script: Script
      story: { seed: number; told: readonly string[]; faults: readonly string[] }
    }
  | undefined
let lost: MoneyTold | undefined
let stories = 0
function tellProgress(): void {
  stories++
  if (Date.now() - said < saidEveryMs) return
  said = Date.now()
  process.stderr.write(`${Math.round((said - began) / 1000)} s  ${stories} stories, from seed ${from} on\n`)
}
const isPlayed = (kind: string): boolean => broken === undefined && (flags.only ?? kind) === kind
/** A part of the time for each that is played. */
const msOf = (share: number): number =>
  isCounted ? Infinity : minutes * 60_000 * (flags.only === undefined ? share : 1)
if (isPlayed('data')) {
  const { told, broken: found } = await tellMany('data', { from, most, ms: msOf(0.3) }, story => {
    sum.contributions += story.contributions
    sum.accepted += story.accepted
    tellProgress()
  })
  if (found !== undefined) broken = { kind: 'data', ...(await shrink(found, tellStory)) }
  sum.seeds = told
}
if (isPlayed('working')) {
  const { told, broken: found } = await tellMany('working', { from, most, ms: msOf(0.25) }, story => {
    sum.jobs += story.jobs
    sum.completed += story.completed
    tellProgress()
  })
  if (found !== undefined) broken = { kind: 'working', ...(await shrink(found, tellWorking)) }
  sum.seeds = Math.max(sum.seeds, told)
}
if (isPlayed('serving')) {
  const { told, broken: found } = await tellMany('serving', { from, most, ms: msOf(0.25) }, story => {
    sum.answers += story.answers
    tellProgress()
  })
  if (found !== undefined) broken = { kind: 'serving', ...(await shrink(found, tellServing)) }
  sum.seeds = Math.max(sum.seeds, told)
}
if (isPlayed('money')) {
  const { told, broken: found } = await tellMany('money', { from, most, ms: msOf(0.2) }, story => {
    for (const key of ['receipts', 'epochs', 'vetoed'] as const) sum[key] += story[key]
    tellProgress()
  })
  if (found !== undefined) lost = shortest(found)
  sum.seeds = Math.max(sum.seeds, told)
}
const seconds = Math.round((Date.now() - began) / 100) / 10
if (flags.json) console.log(JSON.stringify({ from, seconds, ...sum, broken, lost }))
else {
  if (broken !== undefined) {
    const { kind, script, story } = broken
    const needed = `${script.troubles.join(', ') || 'no trouble'} for ${script.stormMs / 1000} s`
    console.log(`seed ${story.seed}, ${kind}, with ${needed}:\n${story.told.join('\n')}\n\n${story.faults.join('\n')}`)
    console.log(`again: npm run simulate -- --seed ${story.seed} --seeds 1 --only ${kind}`)
  }
  if (lost !== undefined) {
    console.log(`seed ${lost.seed}, money:\n${lost.told.join('\n')}\n\n${lost.faults.join('\n')}`)
    console.log(`again: npm run simulate -- --seed ${lost.seed} --seeds 1 --only money`)
  }
  console.log({ from, seconds, ...sum })
}
process.exit(broken === undefined && lost === undefined ? 0 : 1)
