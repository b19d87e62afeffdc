// What daemons hold and burn that have nothing to do: node test/bench/idle.ts [--daemons 6] [--after 60] [--seconds 60]
// [--json]
// So many daemons of a local network's roles start on one chain, find each other and are left alone; `after` so many
// seconds processor time is read from /proc (Linux only), and again at the end, with what each holds. With `npm run
// build` before it the bundle is run, else the sources.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startDaemonProcess } from '../../daemon/local/network/child.ts'
import type { DaemonProcess } from '../../daemon/local/network/child.ts'
import { startWorld } from '../harness/index.ts'
import { prepareDaemon } from './scale/daemon.ts'

const { values: flags } = parseArgs({
  options: {
    daemons: { type: 'string', default: '6' },
    after: { type: 'string', default: '60' },
    seconds: { type: 'string', default: '60' },
    json: { type: 'boolean', default: false }
  }
})
const roles = [
  ['client', 'settler'],
  ['validator'],
  ['host', 'builder'],
  ['worker', 'scorer'],
  ['validator', 'scorer'],
  ['worker', 'scorer']
]

/** Seconds of processor time so far. */
async function busy(pid: number): Promise<number> {
  const [, rest = ''] = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')
  const fields = rest.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
/** Resident memory in MB, and what of it is this process's own. */
async function held(pid: number): Promise<{ all: number; own: number }> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
  const of = (name: string): number =>
    Math.round(Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1]) / 1000)
  return { all: of('Rss'), own: of('Anonymous') }
}

const world = await startWorld('idle')
const daemons: DaemonProcess[] = []
try {
  const bootstrap: string[] = []
  for (const [i, own] of roles.slice(0, Number(flags.daemons)).entries()) {
    const folder = await prepareDaemon(world, `daemon-${i}`, world.anvil.rpcUrl)
    const path = join(folder, 'config.json')
    const config = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
    await writeFile(path, JSON.stringify({ ...config, roles: own, bootstrap }))
    const daemon = await startDaemonProcess(`daemon ${i}`, folder)
    daemons.push(daemon)
    bootstrap.push(...(await daemon.ready(60_000)).peer)
  }
  await sleep(Number(flags.after) * 1000)
  const seconds = Number(flags.seconds)
  const before = await Promise.all(daemons.map(({ pid }) => busy(pid)))
  await sleep(seconds * 1000)
  const after = await Promise.all(daemons.map(({ pid }) => busy(pid)))
  const rows = await Promise.all(
    daemons.map(async ({ pid }, i) => ({
      roles: roles[i]?.join(', '),
      'core %': Math.round((10_000 * ((after[i] ?? 0) - (before[i] ?? 0))) / seconds) / 100,
      ...(await held(pid))
    }))
  )
  if (flags.json) console.log(JSON.stringify(rows))
  else console.table(rows)
} finally {
  for (const daemon of daemons) await daemon.stop()
  await world.stop()
}
