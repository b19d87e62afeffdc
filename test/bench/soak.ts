// A local network at work for long: npm run soak -- [--minutes 10] [--nodes 6] [--pace 1] [--into FILE] [--json]
// The six daemons of a local network work at a steady rate: somebody contributes, validators vote, the client asks, and
// in each fifth of the time a model is tuned and an epoch settled. As many daemons beside them as make up the number
// follow the Datanet: they hear, check, keep and pass on all of it. Every few seconds each daemon's memory, open
// handles, connections and the longest wait for its main thread are read (Linux only); --pace 4 asks and contributes
// four times as often, and --into FILE keeps each reading as a line of JSON.
//
// The second half of the time is looked at. Memory is a saw: it rises until somebody collects, and where a quarter's
// median lies on it is chance, so it says little of what is kept. What a quarter comes back to (what a tenth of its
// readings are at or below) is what is kept, whenever it was collected. Memory is flat if the last quarter comes back
// to at most 5 % more than the one before, by the resident set, which is what a machine gives, and by the main thread's
// objects and buffers, which is what a program keeps. Handles and connections are bounded if they are not above what
// the first half had at most, and a fifth. The exit code is 1 where one of them is not.
// Example: npm run soak -- --minutes 60 --nodes 12
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { until } from '../../daemon/local/loop/poll.ts'
import type { DaemonProcess } from '../../daemon/local/network/child.ts'
import { startLocalNetwork } from '../../daemon/local/network/network.ts'
import { describeError } from '../../protocol/primitives/index.ts'
import { pause } from '../harness/index.ts'
import { postJob } from '../network/chaos.ts'
import { goesOn } from '../network/ends.ts'
import { setStage, startLoad } from '../network/load.ts'
import { networkFileOf } from '../../daemon/local/network/folder.ts'
import { readingOf, startFurther } from './soak/daemons.ts'
import type { Watched } from './soak/daemons.ts'
import { judged } from './soak/judge.ts'
import type { Reading } from './soak/judge.ts'

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    nodes: { type: 'string', default: '6' },
    pace: { type: 'string', default: '1' },
    into: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})
const [minutes, nodes, times] = [Number(flags.minutes), Number(flags.nodes), Number(flags.pace)]
const usage = `usage: npm run soak -- [--minutes 10] [--nodes 6] [--pace 1] [--into FILE] [--json]
Example: npm run soak -- --minutes 60 --nodes 12`
if (flags.help) {
  console.log(usage)
  process.exit(0)
}
if (!(minutes > 0 && times > 0) || !Number.isInteger(nodes) || nodes < 6) {
  console.error(`${usage}\nA local network has six daemons at the least.`)
  process.exit(2)
}

/** Between one question, or contribution, and the next. */
const pace = { askMs: 1_000 / times, contributeMs: 10_000 / times }

const began = Date.now()
const say = (text: string): void => {
  process.stderr.write(`${((Date.now() - began) / 1000).toFixed(0).padStart(5)} s  ${text}\n`)
}

const folder = await mkdtemp(join(tmpdir(), 'tilth-soak-'))
const network = await startLocalNetwork({
  folder: join(folder, 'net'),
  portBase: 0,
  chainPort: 0,
  challengeSeconds: 2,
  fresh: false,
  onStep: () => undefined,
  onRestart: say
})

const further: DaemonProcess[] = []
const readings = new Map<string, Reading[]>()
const outcome = { failed: '' }
const counted = { contributions: 0, receipts: 0, jobs: 0, epochs: 0 }
try {
  const watched: Watched[] = network.daemons.map(({ name, url, token, process }) => ({
    name,
    url,
    token,
    pid: () => process.pid
  }))
  const stage = await setStage(network)
  for (let i = network.daemons.length; i < nodes; i++) {
    const name = `further-${i}`
    const added = await startFurther(name, join(folder, name), networkFileOf(join(folder, 'net')))
    further.push(added.process)
    watched.push(added.watched)
    await added.follow(stage.datanet)
  }
  const acknowledged = { receipts: new Set<string>(), contributions: new Set<string>() }
  const load = await startLoad(network, stage, acknowledged, folder, pace)
  const host = network.daemon('host').api
  const end = Date.now() + minutes * 60_000
  say(`${watched.length} daemons at work for ${minutes} minutes`)
  const over = new AbortController()

  /** Trains, serves, asks and settles, over and over, at a steady pace. */
  const looping = (async () => {
    while (!over.signal.aborted) {
      const round = Date.now()
      const job = await postJob(network, stage, 3)
      await until('the end of the job', 1800, async () => {
        const { state } = await host.call('job', { params: { id: job } })
        return state === 'completed' || state === 'failed' || over.signal.aborted ? state : undefined
      })
      if (over.signal.aborted) return
      counted.jobs++
      counted.epochs = await goesOn(network, stage, job, acknowledged)
      while (!over.signal.aborted && Date.now() - round < (minutes * 60_000) / 5) await pause(1000)
    }
  })().catch((error: unknown) => {
    if (!over.signal.aborted) outcome.failed = `the loop stopped: ${describeError(error)}`
  })

  while (Date.now() < end && outcome.failed === '') {
    await Promise.all(
      watched.map(async one => {
        const reading = await readingOf(one)
        if (reading === undefined) return
        readings.set(one.name, [...(readings.get(one.name) ?? []), reading])
        if (flags.into !== undefined)
          await appendFile(flags.into, `${JSON.stringify({ daemon: one.name, ...reading })}\n`)
      })
    )
    await pause(5000)
  }
  over.abort()
  await load.stop()
  await Promise.race([looping, pause(60_000)])
  counted.contributions = acknowledged.contributions.size
  counted.receipts = acknowledged.receipts.size
  if (load.lost.length > 0) outcome.failed = `${load.lost.length} calls were lost: ${load.lost[0]}`
} catch (error) {
  outcome.failed = describeError(error)
} finally {
  for (const process of further) await process.stop()
  await network.stop()
  if (outcome.failed === '') await rm(folder, { recursive: true, force: true })
  else say(`what it left is in ${folder}`)
}

const rows = [...readings].map(([name, all]) => judged(name, all))
const wrong = rows.filter(({ flat, bounded }) => !flat || !bounded).map(({ daemon }) => daemon)
if (outcome.failed === '' && wrong.length > 0) outcome.failed = `not flat or not bounded: ${wrong.join(', ')}`
if (flags.json) console.log(JSON.stringify({ minutes, nodes, ...counted, failed: outcome.failed, daemons: rows }))
else {
  console.table(rows)
  console.log({ minutes, nodes, ...counted })
}
say(outcome.failed === '' ? 'passed' : `FAILED: ${outcome.failed}`)
process.exit(outcome.failed === '' ? 0 : 1)
