// How many contributions a minute go through checks and votes: node test/bench/votes.ts [--validators 3,9,21]
// [--contributions 40] [--at-once 8] [--into FILE] [--json]
// So many validators as processes of their own, with a chain, all on this machine: each contribution is another
// person's, of three rows, brought in by one of the validators in turn, so many at once. It is through when the one
// that took it in says that it is accepted. Processor time is that of all daemons, so it says what a validator costs
// where every one has a machine to itself; contributions a minute say what this machine's cores bear.
// With --into what was measured is kept, and a run that was ended goes on behind it.
// Example: node test/bench/votes.ts --validators 3,9 --contributions 20 --into /tmp/votes.json
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { TilthError } from '../../protocol/primitives/index.ts'
import { pause } from '../harness/index.ts'
import type { TestDaemon } from '../harness/index.ts'
import { setStage } from '../network/faults/stage.ts'
import { measured, quantiles, show, sizesOf } from './series/series.ts'

const usage = `usage: node test/bench/votes.ts [--validators 3,9,21] [--contributions 40] [--at-once 8]
  [--into FILE] [--json]
Example: node test/bench/votes.ts --validators 3,9 --contributions 20 --into /tmp/votes.json`
const { values: flags } = parseArgs({
  options: {
    validators: { type: 'string', default: '3,9,21' },
    contributions: { type: 'string', default: '40' },
    'at-once': { type: 'string', default: '8' },
    into: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})
if (flags.help) {
  console.log(usage)
  process.exit(0)
}
const contributions = Number(flags.contributions)
const atOnce = Number(flags['at-once'])

/** How often it is asked whether it is through: each answer costs the daemon that is measured. */
const askedMs = 200

/** Seconds of a processor that a process has used. */
function processorSeconds(pid: number): number {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
  const [user = '0', system = '0'] = rest.split(' ').slice(11, 13)
  return (Number(user) + Number(system)) / 100
}

/** A daemon without a turn may be behind the chain. */
function unlessLater(error: unknown): { status: string; reason?: string | null } {
  if (error instanceof TilthError && error.consequence === 'retry') return { status: 'later' }
  throw error
}

async function measure(count: number): Promise<Record<string, number>> {
  const stage = await setStage('votes', count)
  try {
    const { validators } = stage
    // The first one waits for whatever a start leaves to be done.
    await stage.accepted(validators, await stage.contribute(validators[0] as TestDaemon), 300)
    const used = (): number => validators.reduce((sum, one) => sum + processorSeconds(one.process.pid), 0)
    const [before, began] = [used(), performance.now()]
    const times: number[] = []
    let next = 0
    const bring = async (): Promise<void> => {
      while (next < contributions) {
        const by = validators[next++ % validators.length] as TestDaemon
        const from = performance.now()
        const id = await stage.contribute(by)
        for (;;) {
          const { status, reason } = await by.api.call('contribution', { params: { id } }).catch(unlessLater)
          if (status === 'accepted') break
          if (status === 'rejected' || status === 'expired') throw new Error(`a contribution was ${status}: ${reason}`)
          await pause(askedMs)
        }
        times.push((performance.now() - from) / 1000)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, bring))
    const minutes = (performance.now() - began) / 60_000
    const { p50, p99 } = quantiles(times)
    const processor = (used() - before) / contributions
    return {
      'contributions a minute': contributions / minutes,
      'seconds each, p50': p50,
      'seconds each, p99': p99,
      'processor seconds each, all validators': processor,
      'processor seconds each, one validator': processor / count
    }
  } finally {
    await stage.world.stop()
  }
}

show(await measured(sizesOf(flags.validators), flags.into, measure), flags.json)
process.exit(0)
