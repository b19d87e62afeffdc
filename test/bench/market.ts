// Many ask while workers are killed: npm run market -- [--askers 32] [--clients 4] [--workers 4] [--seconds 120]
// [--every 10] [--json]
// Clients and workers are daemons, each a process of its own over one chain. Every so many seconds a worker is ended by
// SIGKILL and started again, never the last one that is up. The exit code is 1 if an answer was lost, or said something
// else than the same question was answered before.
// Example: npm run market -- --askers 32 --workers 4 --seconds 120
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pause } from '../harness/index.ts'
import { startAsking, startMarket } from '../network/market.ts'

const { values: flags } = parseArgs({
  options: {
    askers: { type: 'string', default: '32' },
    clients: { type: 'string', default: '4' },
    workers: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '120' },
    every: { type: 'string', default: '10' },
    tokens: { type: 'string', default: '64' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})
if (flags.help) {
  console.log(
    'usage: npm run market -- [--askers 32] [--clients 4] [--workers 4] [--seconds 120] [--every 10] [--json]'
  )
  process.exit(0)
}
const number = (name: 'askers' | 'clients' | 'workers' | 'seconds' | 'every' | 'tokens'): number => {
  const value = Number(flags[name])
  if (Number.isInteger(value) && value > 0) return value
  console.error(`--${name} is a whole number from 1`)
  process.exit(2)
}
const began = Date.now()
const say = (text: string): void => {
  process.stderr.write(`${((Date.now() - began) / 1000).toFixed(0).padStart(5)} s  ${text}\n`)
}

const root = await mkdtemp(join(tmpdir(), 'tilth-market-'))
const market = await startMarket(root, { clients: number('clients'), workers: number('workers') })
say(`${market.clients.length} clients and ${market.workers.length} workers are up`)
const load = startAsking(market, { askers: number('askers'), maxTokens: number('tokens') })
const { found } = load
const from = Date.now()
const backs: Promise<void>[] = []
try {
  for (let n = 0; Date.now() - from < number('seconds') * 1000; n++) {
    await pause(number('every') * 1000)
    // Each in its turn; one that is not back yet is passed over, and one always stays.
    const up = market.workers.filter(one => one.up)
    const worker = market.workers.find((_, i, all) => all[(n + i) % all.length]?.up)
    const next = worker && market.workers[(n + market.workers.indexOf(worker)) % market.workers.length]
    if (up.length < 2 || next === undefined) {
      say('one worker is up alone: nobody is killed')
      continue
    }
    found.kills++
    say(`kill ${found.kills}: ${next.process.name}; ${found.answers} answers, ${found.lost.length} lost`)
    backs.push(market.kill(next).catch((error: unknown) => say(`it did not come back: ${String(error)}`)))
  }
} finally {
  await load.stop()
  await Promise.all(backs)
  await market.stop()
  await rm(root, { recursive: true, force: true })
}
const seconds = (Date.now() - from) / 1000
const ms = found.ms.toSorted((a, b) => a - b)
const at = (share: number): number => Math.round(ms[Math.min(ms.length - 1, Math.floor(share * ms.length))] ?? NaN)
const sum = {
  askers: number('askers'),
  workers: number('workers'),
  kills: found.kills,
  answers: found.answers,
  failovers: found.failovers,
  lost: found.lost.length,
  wrong: found.wrong,
  'answers a second': Math.round((found.answers / seconds) * 10) / 10,
  'p50 ms': at(0.5),
  'p99 ms': at(0.99)
}
if (flags.json) console.log(JSON.stringify({ ...sum, why: found.lost }))
else {
  console.table([sum])
  for (const why of new Set(found.lost)) console.log(why)
}
process.exit(found.lost.length + found.wrong > 0 ? 1 : 0)
