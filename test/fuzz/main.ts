// Inputs of strangers by the million: npm run fuzz -- [--minutes 1] [--seed S] [--target TEXT] [--cases 2000]
// [--rounds N] [--json]
// Every door that strangers' input comes through (test/fuzz/targets) is tried round by round with good input that has
// something wrong in it, each round by a seed of its own, until the time is over. What throws anything but a typed
// error, takes the main thread for longer than it may, stands still, or leaves ever more in memory is a fault: it is
// printed with the input and with the command that repeats it, and the exit code is 1.
// A line is said after each round; Ctrl-C ends it with the table of what was tried until then.
// `--target` tries those whose name has the text in it.
// Example: npm run fuzz -- --minutes 10 --seed 7
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { targets } from './targets/index.ts'
import type { Report, Work } from './work.ts'

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    target: { type: 'string', default: '' },
    cases: { type: 'string', default: '2000' },
    rounds: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})
const usage = `usage: npm run fuzz -- [--minutes 1] [--seed S] [--target TEXT] [--cases 2000] [--rounds N] [--json]
Example: npm run fuzz -- --minutes 10 --seed 7`
const [minutes, seed, cases] = [Number(flags.minutes), Number(flags.seed), Number(flags.cases)]
const rounds = flags.rounds === undefined ? Infinity : Number(flags.rounds)
const names = targets.map(({ name }) => name).filter(name => name.includes(flags.target))
if (flags.help) {
  console.log(usage)
  process.exit(0)
}
if (![minutes, seed, cases].every(Number.isFinite) || Number.isNaN(rounds) || names.length === 0) {
  console.error(names.length === 0 ? `no target has "${flags.target}" in its name` : usage)
  process.exit(2)
}

/**
 * One case that takes a processor for longer than this has stopped the thread, and so has one that waits for as long as
 * the other: where others want the machine as well, seconds pass without a turn.
 */
const [stillMs, waitMs] = [20_000, 300_000]
const usedMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
/** Megabytes that the heap may grow by in all cases of one target; what is compiled and cached comes to less. */
const mostGrown = 24

interface Sum {
  cases: number
  taken: number
  slowest: number
  grown: number
}
const sums = new Map<string, Sum>(names.map(name => [name, { cases: 0, taken: 0, slowest: 0, grown: 0 }]))
const faults: string[] = []
const say = (text: string): void => {
  if (!flags.json) console.log(text)
}
const replay = (name: string, of: number): string =>
  `npm run fuzz -- --seed ${of} --rounds 1 --cases ${cases} --target ${JSON.stringify(name)}`
const fault = (name: string, of: number, what: string): void => {
  faults.push(`${name}: ${what}\nagain: ${replay(name, of)}`)
  say(`\nFAULT in ${faults.at(-1)}\n`)
}

let end = Date.now() + minutes * 60_000
// who ends it early is told what was tried until then
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    end = 0
  })

/** A round of one seed over these targets, in a thread of its own. @returns those that were not come to */
async function round(of: number, wanted: readonly string[]): Promise<readonly string[]> {
  const progress = new SharedArrayBuffer(8)
  const at = new Int32Array(progress)
  const worker = new Worker(new URL('work.ts', import.meta.url), {
    workerData: { seed: of, cases, names: wanted, progress } satisfies Work
  })
  let [seen, since, used] = [-1, Date.now(), usedMs()]
  let over = false
  return new Promise(resolve => {
    const left = (): readonly string[] => wanted.slice(Atomics.load(at, 0) + 1)
    const finish = (rest: readonly string[]): void => {
      if (over) return
      over = true
      clearInterval(watch)
      void worker.terminate().then(() => {
        resolve(rest)
      })
    }
    const watch = setInterval(() => {
      const begun = Atomics.load(at, 1)
      if (begun !== seen) [seen, since, used] = [begun, Date.now(), usedMs()]
      if (Date.now() > end) finish([])
      else if (begun > 0 && (usedMs() - used > stillMs || Date.now() - since > waitMs)) {
        const seconds = Math.round((Date.now() - since) / 1000)
        fault(wanted[Atomics.load(at, 0)] ?? '', of, `case ${begun} of the thread stands still for ${seconds} s`)
        finish(left())
      }
    }, 250)
    worker.on('message', (report: Report) => {
      const sum = sums.get(report.name)
      if (sum === undefined) return
      sum.cases += report.cases
      sum.taken += report.taken
      sum.slowest = Math.max(sum.slowest, report.slowest)
      sum.grown = Math.max(sum.grown, report.grown)
      if (report.fault !== undefined) fault(report.name, of, report.fault)
      else if (report.grown > mostGrown)
        fault(report.name, of, `the heap holds ${report.grown.toFixed(0)} MB more after ${report.cases} cases`)
    })
    worker.on('error', error => {
      fault(wanted[Atomics.load(at, 0)] ?? '', of, `it ended the thread: ${String(error)}`)
      finish(left())
    })
    worker.on('exit', () => finish([]))
  })
}

say(`seed ${seed}: ${names.length} targets, for ${minutes} minutes`)
const tried = (): number => [...sums.values()].reduce((sum, { cases }) => sum + cases, 0)
let done = 0
for (; done < rounds && Date.now() < end; done++) {
  for (let left: readonly string[] = names; left.length > 0 && Date.now() < end;) left = await round(seed + done, left)
  say(`round ${done + 1}: ${tried()} cases`)
}

const rows = [...sums].map(([name, { cases, taken, slowest, grown }]) => ({
  target: name,
  cases,
  taken,
  'slowest ms': Math.round(slowest * 10) / 10,
  'grown MB': Math.round(grown * 10) / 10
}))
if (flags.json) console.log(JSON.stringify({ seed, rounds: done, cases: tried(), faults, targets: rows }))
else {
  console.table(rows)
  say(`${tried()} cases in ${done} rounds from seed ${seed}; ${faults.length} faults`)
}
process.exit(faults.length === 0 ? 0 : 1)
