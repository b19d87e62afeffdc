import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadInput } from '../../daemon/local/loop/input.ts'
import { until } from '../../daemon/local/loop/poll.ts'
import { startLocalNetwork } from '../../daemon/local/network/network.ts'
import { pause } from '../harness/index.ts'
import { drawn, everythingIsThere, setStage, startLoad } from '../network/load.ts'

// node test/bench/kills.ts [SEED] [KILLS]: daemons and chain of a local network are killed at random, by `kill -9`,
// while somebody asks, somebody contributes and a model is tuned. Fails if anything acknowledged is gone at the end, or
// an answer was not given that a worker was there for.

const seed = Number(process.argv[2] ?? Date.now() % 100_000)
const kills = Number(process.argv[3] ?? 20)
const draw = drawn(seed)
const began = Date.now()
const say = (text: string): void => {
  process.stdout.write(`${((Date.now() - began) / 1000).toFixed(0).padStart(5)} s  ${text}\n`)
}

const folder = await mkdtemp(join(tmpdir(), 'tilth-kills-'))
const network = await startLocalNetwork({
  folder: join(folder, 'net'),
  portBase: 0,
  chainPort: 0,
  challengeSeconds: 2,
  fresh: false,
  onStep: () => undefined,
  onRestart: text => {
    say(`  ${text}`)
  }
})
let failed = false
try {
  const stage = await setStage(network)
  const acknowledged = { receipts: new Set<string>(), contributions: new Set<string>() }
  const load = await startLoad(network, stage, acknowledged, folder)
  const host = network.daemon('host').api
  say(`seed ${seed}: ${kills} kills of ${network.daemons.length} daemons and their chain`)
  await until('contributions to tune on', 600, async () => {
    const { accepted } = await host.call('datanet', { params: { id: stage.datanet } })
    return accepted >= 3 ? true : undefined
  })
  const { version } = await host.call('anchorVersion', { params: { id: stage.datanet } })
  const { settings, coalitions } = await loadInput({})
  const job = await host.call('postJob', {
    body: {
      base: stage.base,
      datanet: stage.datanet,
      version,
      settings: { ...settings, epochs: 30 },
      coalitions,
      budget: String(90n * 10n ** 18n),
      deadlineSeconds: 3600,
      expectedBids: 2,
      bidSeconds: 60
    }
  })
  say(`job ${job.id} is acknowledged`)
  const targets = [...network.daemons.map(({ name }) => name), 'chain']
  for (let i = 1; i <= kills; i++) {
    await pause(draw(4000))
    const name = targets[draw(targets.length)] ?? 'chain'
    const { receipts, contributions } = acknowledged
    say(`kill ${i}: ${name}, after ${receipts.size} receipts and ${contributions.size} contributions`)
    await load.kill(name)
  }
  const ended = await until('the end of the job', 600, async () => {
    const { state } = await host.call('job', { params: { id: job.id } })
    return state === 'completed' || state === 'failed' ? state : undefined
  })
  await load.stop()
  say(`acknowledged: ${acknowledged.receipts.size} receipts, ${acknowledged.contributions.size} contributions, a job`)
  await everythingIsThere(network, stage, acknowledged)
  say(`all of it is there; the job is ${ended}`)
  for (const text of load.lost) say(`lost: ${text}`)
  failed = load.lost.length > 0 || ended !== 'completed'
} catch (error) {
  say(String(error))
  failed = true
} finally {
  await network.stop()
  if (failed) say(`what it left is in ${folder}`)
  else await rm(folder, { recursive: true, force: true })
}
say(failed ? 'FAILED' : 'passed')
process.exit(failed ? 1 : 0)
