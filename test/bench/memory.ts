// What each daemon of a local network holds and burns: node test/bench/memory.ts [--idle-seconds 60] [--json]
// Starts the whole loop of `npm start` on free ports, reads /proc after each stage (Linux only), then lets the network
// rest and reads it again. A daemon's memory is its resident set and what the processes that it started have for
// themselves. Columns: MB once the daemons are up, after the training, after the
// serving, at the end of the loop and after the rest; the most at any time; and the share of one core during the rest.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, stripVTControlCharacters } from 'node:util'

const { values: flags } = parseArgs({
  options: { 'idle-seconds': { type: 'string', default: '60' }, json: { type: 'boolean', default: false } }
})
const idleSeconds = Number(flags['idle-seconds'])
const folder = join(mkdtempSync(join(tmpdir(), 'tilth-memory-')), 'network')
const phases = ['data', 'jobs', 'models', 'payouts'] as const

interface Reading {
  /** Megabytes. */
  readonly resident: number
  /** Seconds of processor time so far. */
  readonly cpu: number
}

/** A daemon with the processes that it started: engines of a GPU, readers of strangers' files. */
function family(pid: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc').filter(entry => /^\d+$/.test(entry)))
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      continue // it has ended
    }
  const found = [pid]
  for (const one of found) for (const [child, parent] of parents) if (parent === one) found.push(child)
  return found
}

function read(pid: number): Reading | undefined {
  const all = family(pid).flatMap(one => readOne(one, one !== pid) ?? [])
  return all.length === 0
    ? undefined
    : all.reduce((sum, one) => ({ resident: sum.resident + one.resident, cpu: sum.cpu + one.cpu }))
}

/** Of a child only what is its own: the program itself is in memory once. */
function readOne(pid: number, child: boolean): Reading | undefined {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    const megabytes = (name: string): number =>
      Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(rollup)?.[1] ?? 0) / 1000
    const resident = child ? megabytes('Private_Clean') + megabytes('Private_Dirty') : megabytes('Rss')
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [user = 0, system = 0] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number)
    return { resident, cpu: (user + system) / 100 }
  } catch {
    return undefined // it has ended
  }
}

function daemons(): Map<string, number> {
  const found = new Map<string, number>()
  for (const name of readdirSync(folder))
    try {
      const { pid } = JSON.parse(readFileSync(join(folder, name, 'api.json'), 'utf8')) as { pid: number }
      found.set(name, pid)
    } catch {
      continue // no daemon's folder, or not up yet
    }
  return found
}

const readings = new Map<string, Map<string, Reading>>()
const most = new Map<string, number>()
const at = (name: string): Map<string, Reading> => {
  const all = new Map<string, Reading>()
  for (const [daemon, pid] of daemons()) {
    const reading = read(pid)
    if (reading !== undefined) all.set(daemon, reading)
  }
  readings.set(name, all)
  return all
}

const child = spawn(
  process.execPath,
  [
    join(import.meta.dirname, '../../daemon/cli/main.ts'),
    'up',
    '--folder',
    folder,
    '--port-base',
    '0',
    '--chain-port',
    '0'
  ],
  { stdio: ['ignore', 'pipe', 'pipe'] }
)
let output = ''
const rest = { over: false }
const done = new Promise<void>((resolve, reject) => {
  const hear = (text: string): void => {
    output += text
    // A stage that is done: `  12s ✓ data    title: …`
    const done = /✓\S*\s+\S*?(network|data|jobs|models|payouts)/.exec(stripVTControlCharacters(text))?.[1]
    if (done !== undefined) at(done)
    if (/Running|Ctrl-C/.test(text)) resolve()
  }
  child.stdout.setEncoding('utf8').on('data', hear)
  child.stderr.setEncoding('utf8').on('data', hear)
  child.once('exit', code => {
    reject(new Error(`the network ended with code ${code}:\n${output.slice(-2000)}`))
  })
})
const watch = (async () => {
  while (!rest.over) {
    try {
      for (const [name, { resident }] of at('now')) most.set(name, Math.max(most.get(name) ?? 0, resident))
      const up = readings.get('up')
      if (up === undefined && daemons().size === 6) {
        await sleep(3000)
        at('up')
      }
    } catch {
      // the network's folder is not there yet
    }
    await sleep(500)
  }
})()
try {
  await done
  const before = at('end')
  await sleep(idleSeconds * 1000)
  const after = at('rest')
  rest.over = true
  await watch
  const rows = [...before.keys()].map(name => {
    const mb = (stage: string): number => Math.round(readings.get(stage)?.get(name)?.resident ?? 0)
    const cpu = ((after.get(name)?.cpu ?? 0) - (before.get(name)?.cpu ?? 0)) / idleSeconds
    return {
      daemon: name,
      up: mb('up'),
      ...Object.fromEntries(phases.map(phase => [phase, mb(phase)])),
      rest: mb('rest'),
      most: Math.round(most.get(name) ?? 0),
      'core %': Math.round(cpu * 1000) / 10
    }
  })
  // Who wants to look closer finds the processes here until this program ends.
  if (process.env['TILTH_BENCH_HOLD'] !== undefined) {
    console.error(Object.fromEntries(daemons()))
    await sleep(Number(process.env['TILTH_BENCH_HOLD']) * 1000)
  }
  if (flags.json) console.log(JSON.stringify(rows))
  else console.table(rows)
} finally {
  rest.over = true
  child.removeAllListeners('exit')
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGINT')
  await ended
  rmSync(join(folder, '..'), { recursive: true, force: true })
}
