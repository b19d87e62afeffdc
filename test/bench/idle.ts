// What a daemon holds and burns that has nothing to do: node test/bench/idle.ts [--peers 0,1,5,20] [--json]
// [--roles client,validator,worker,scorer] [--after 60] [--seconds 60] [--node "--cpu-prof --cpu-prof-dir=FOLDER"]
// One daemon runs on a chain that makes no blocks, beside so many others, which are whole nodes of other roles in one
// process. `after` so many seconds with the last of them its processor time is read from /proc (Linux only), and again
// `seconds` later, with what it holds, what it asked its chain for and how often it was woken. Without `npm run build`
// before it the sources are run instead of the bundle. `--node` are options of Node's for the daemon.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createApiClient } from '../../daemon/api/contract/index.ts'
import { startDaemonProcess } from '../../daemon/local/network/child.ts'
import { startWorld } from '../harness/index.ts'
import { startProxy } from '../node/chain/proxy.ts'
import type { PeersOptions } from './idle/peers.ts'
import { prepareDaemon } from './scale/daemon.ts'

const { values: flags } = parseArgs({
  options: {
    peers: { type: 'string', default: '0,1,5,20' },
    roles: { type: 'string', default: 'client,validator,worker,scorer' },
    after: { type: 'string', default: '60' },
    seconds: { type: 'string', default: '60' },
    node: { type: 'string', default: '' },
    json: { type: 'boolean', default: false }
  }
})

/** What a process has done so far: seconds of processor time, and how often one of its threads was woken. */
async function done(pid: number): Promise<{ readonly seconds: number; readonly woken: number }> {
  const [, rest = ''] = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')
  const fields = rest.split(' ')
  let woken = 0
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const status = await readFile(`/proc/${pid}/task/${thread}/status`, 'utf8').catch(() => '')
    woken += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1] ?? 0)
  }
  return { seconds: (Number(fields[11]) + Number(fields[12])) / 100, woken }
}

/** MB of memory: what is resident, of that its share where others have the same (PSS), and what is its own alone. */
async function held(pid: number): Promise<Readonly<Record<'resident MB' | 'PSS MB' | 'own MB', number>>> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
  const of = (name: string): number =>
    Math.round(Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1]) / 1000)
  return { 'resident MB': of('Rss'), 'PSS MB': of('Pss'), 'own MB': of('Anonymous') }
}

async function startPeers(options: PeersOptions): Promise<{ add(): Promise<void>; stop(): Promise<void> }> {
  const program = fileURLToPath(new URL('idle/peers.ts', import.meta.url))
  const child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const said = createInterface({ input: child.stdout })
  const ended = once(child, 'exit')
  return {
    async add() {
      const up = once(said, 'line')
      child.stdin.write('\n')
      await Promise.race([up, ended])
      if (child.exitCode !== null) throw new Error('the peers ended')
    },
    async stop() {
      child.stdin.end()
      await ended
    }
  }
}

const world = await startWorld('idle')
const { rpcUrl } = world.anvil
const asked = await startProxy(rpcUrl)
world.onStop(() => asked.stop())
try {
  const folder = await prepareDaemon(world, 'daemon', asked.url)
  const path = join(folder, 'config.json')
  const config = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
  await writeFile(path, JSON.stringify({ ...config, roles: flags.roles.split(',') }))
  const execArgv = flags.node.split(' ').filter(Boolean)
  const daemon = await startDaemonProcess('the daemon', folder, { execArgv })
  world.onStop(() => daemon.stop())
  const { url, peer } = await daemon.ready(60_000)
  const api = createApiClient(url, (await readFile(join(folder, 'api-token'), 'utf8')).trim())
  const peers = await startPeers({
    folder: world.root,
    bootstrap: peer,
    chain: { rpc: rpcUrl, contracts: world.addresses }
  })
  world.onStop(() => peers.stop())
  const rows: Record<string, number>[] = []
  const seconds = Number(flags.seconds)
  let started = 0
  for (const count of flags.peers.split(',').map(Number)) {
    for (; started < count; started++) await peers.add()
    await sleep(Number(flags.after) * 1000)
    asked.calls.clear()
    const [began, before] = [Date.now(), await done(daemon.pid)]
    await sleep(seconds * 1000)
    const [ended, after] = [Date.now(), await done(daemon.pid)]
    const calls = [...asked.calls.values()].reduce((sum, n) => sum + n, 0)
    const passed = (ended - began) / 1000
    rows.push({
      peers: (await api.call('status')).peers,
      'core %': Math.round((10_000 * (after.seconds - before.seconds)) / passed) / 100,
      ...(await held(daemon.pid)),
      'calls/s': Math.round((100 * calls) / passed) / 100,
      'woken/s': Math.round((after.woken - before.woken) / passed)
    })
    if (execArgv.length > 0) console.log(JSON.stringify({ pid: daemon.pid, began, ended, calls: [...asked.calls] }))
  }
  if (flags.json) console.log(JSON.stringify(rows))
  else console.table(rows)
} finally {
  await world.stop()
}
