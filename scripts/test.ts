// `npm test`: the parts below, in two lanes side by side; every part runs even when an earlier one failed, and the last
// line sums them up. Usage: node scripts/test.ts [format] [lint] [unused] [lines] [kernels] [types] [contracts] [rest]
// [nodes] [browser]; `mocha` is rest and nodes
import { spawn } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { getPriority, setPriority, tmpdir } from 'node:os'
import { delimiter, join, relative } from 'node:path'

interface Tally {
  passed: number
  failed: number
  /** Of a file's tests and hooks. */
  ms?: number
}
/** How a part runs. */
interface Lane {
  /** Takes what it says; where there is none that goes to the terminal as it comes. */
  readonly say: ((text: string) => void) | undefined
  /** How far it stands back behind others that want a processor. */
  readonly nice: number
  /** What its processes have taken of a processor, in seconds. */
  spent: number
}
type Part = (lane: Lane) => Promise<Tally>

const root = join(import.meta.dirname, '..')
const bin = join(root, 'node_modules', '.bin')
/** More files than this do not fail by accident. */
const mostTriedAgain = 4
/** Files that are told with how long they took: so many, of so many seconds at least. */
const [mostLong, leastLong] = [20, 5]
const scratch = mkdtempSync(join(tmpdir(), 'tilth-test-'))
/** Of what nobody waits for while the other lane runs: its tests have minutes, those of networks often seconds. */
const behind = 5
const print = (text: string): void => void process.stdout.write(text)
/** What a child leaves behind may hold its output open: nobody waits for that longer. */
const lastWordsMs = 2_000

interface Ran {
  readonly code: number
  /** Standard output, where it is taken. */
  readonly output: string
}

/** Of all processes that have ended, with theirs, in seconds; where the system does not tell, 0. */
function spentByChildren(): number {
  if (!existsSync('/proc/self/stat')) return 0
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[13]) + Number(fields[14])) / 100
}
let spentBefore = 0

function run(command: string, args: string[], lane: Lane, capture = false): Promise<Ran> {
  const { say, nice } = lane
  const tell = say ?? print
  return new Promise(resolve => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', capture || say !== undefined ? 'pipe' : 'inherit', say === undefined ? 'inherit' : 'pipe'],
      env: {
        ...process.env,
        PATH: bin + delimiter + (process.env['PATH'] ?? ''),
        // What a test leaves goes with this folder, also where its process was killed; what was compiled stays.
        TMPDIR: scratch,
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(tmpdir(), 'tilth-compile-cache')
      }
    })
    if (nice > 0 && child.pid !== undefined) setPriority(child.pid, Math.min(getPriority() + nice, 19))
    let output = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (capture) output += text
      else tell(text)
    })
    child.stderr?.setEncoding('utf8').on('data', tell)
    child.on('error', error => {
      tell(`${command}: ${error.message}\n`)
      resolve({ code: 1, output })
    })
    child.on('exit', code => {
      const spent = spentByChildren()
      lane.spent += spent - spentBefore
      spentBefore = spent
      const end = (): void => {
        clearTimeout(late)
        resolve({ code: code ?? 1, output })
      }
      const late = setTimeout(() => {
        child.stdout?.destroy()
        child.stderr?.destroy()
        end()
      }, lastWordsMs)
      child.once('close', end)
    })
  })
}

/** One check that either holds or does not: counts as one. */
const single =
  (command: string, args: string[]): Part =>
  async lane => {
    const { code } = await run(command, args, lane)
    return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
  }

type ByFile = Record<string, Tally>
const sum = (tallies: Tally[]): Tally => ({
  passed: tallies.reduce((all, { passed }) => all + passed, 0),
  failed: tallies.reduce((all, { failed }) => all + failed, 0)
})

interface MochaSettings {
  readonly name: string
  /** What all of its files are run with, and what each of them needs when it runs alone. */
  readonly all: readonly string[]
  readonly alone: readonly string[]
}
const every = ['--no-config', '--exit', '--forbid-only', '--timeout', '120000']
/** Folders whose tests mostly wait, for nodes, chains and processes to answer each other; and what computes there. */
const waiting = /^test\/(?:network|node)\//
const computing = /^test\/node\/(?:lab|store|payouts\/receipts|chain\/ledger|data\/(?:scale|schedules))\b/
const mostlyWaits = (file: string): boolean => waiting.test(file) && !computing.test(file)
const files = globSync('test/**/*.test.ts', { cwd: root })
  .filter(file => !/^test\/(?:browser|bench)\//.test(file))
  .sort()
const inNode = (name: string, jobs: number, isIn: (file: string) => boolean): MochaSettings => ({
  name,
  // One job in parallel would read modules that wait as they load by a way that cannot.
  all: [...every, ...(jobs > 1 ? ['--parallel', '--jobs', String(jobs)] : []), ...files.filter(isIn)],
  alone: every
})
const inBrowser: MochaSettings = {
  name: 'browser',
  all: ['--config', 'test/browser/mocharc.json'],
  alone: [...every, '--require', 'test/browser/setup.ts']
}

/** @returns what each file's tests came to; none when mocha ended without a report */
async function mochaRun({ name, all, alone }: MochaSettings, lane: Lane, only: string[] = []): Promise<ByFile> {
  const report = join(scratch, `${name}.json`)
  rmSync(report, { force: true })
  const { code } = await run(
    'mocha',
    [
      '--reporter',
      join(root, 'scripts', 'mocha-reporter.cjs'),
      '--reporter-option',
      `output=${report}`,
      ...(only.length === 0 ? all : [...alone, ...only])
    ],
    lane
  )
  const byFile = existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as ByFile) : {}
  if (code !== 0 && sum(Object.values(byFile)).failed === 0) byFile[''] = { passed: 0, failed: 1 }
  const longest = Object.entries(byFile)
    .map(([file, { ms = 0 }]) => ({ file: relative(root, file), seconds: Math.round(ms / 1000) }))
    // What no file did, root hooks, has no name to tell.
    .filter(({ file, seconds }) => file !== '' && seconds >= leastLong)
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, mostLong)
  for (const { file, seconds } of longest) (lane.say ?? print)(`${String(seconds).padStart(6)} s  ${file}\n`)
  return byFile
}

/**
 * Tests over real networks, processes and disks can fail of a machine that does other things as well. A file with a
 * failure is run once more, whole and in a process of its own: a single test tried again would find what its first try
 * left behind.
 */
const mochaPart =
  (settings: MochaSettings): Part =>
  async lane => {
    const first = await mochaRun(settings, lane)
    const failed = Object.keys(first).filter(file => first[file]!.failed > 0)
    if (failed.length === 0 || failed.includes('') || failed.length > mostTriedAgain) return sum(Object.values(first))
    const names = failed.map(file => relative(root, file)).join(' ')
    ;(lane.say ?? print)(`\n== ${settings.name}: tried once more, for the failures above: ${names}\n`)
    const again = await mochaRun(settings, lane, failed)
    return sum(
      Object.values({ ...first, ...Object.fromEntries(failed.map(file => [file, { passed: 0, failed: 1 }])), ...again })
    )
  }

/** forge prints `{ "path:Contract": { test_results: { name: { status } } } }` with --json. */
const contracts: Part = async lane => {
  const { say = print } = lane
  const { code, output } = await run('node', ['scripts/contracts.ts', 'test', '--json'], lane, true)
  const tally: Tally = { passed: 0, failed: 0 }
  const line = output.split('\n').find(text => text.startsWith('{'))
  const suites =
    line === undefined
      ? {}
      : (JSON.parse(line) as Record<string, { test_results: Record<string, { status: string; reason?: string }> }>)
  for (const [suite, { test_results }] of Object.entries(suites)) {
    for (const [name, { status, reason }] of Object.entries(test_results)) {
      if (status === 'Success') tally.passed++
      else {
        tally.failed++
        say(`  ${suite} ${name}: ${status} ${reason ?? ''}\n`)
      }
    }
  }
  if (code !== 0 && tally.failed === 0) {
    tally.failed = 1
    say(output.slice(-4000))
  }
  return tally
}

/** Parts that count as one. */
const both =
  (...all: readonly Part[]): Part =>
  async lane => {
    const tallies: Tally[] = []
    for (const part of all) tallies.push(await part(lane))
    return sum(tallies)
  }

/** Of four side by side each finds out anew what all of them need: together they take twice the processor's time. */
const oneChecker = ['--noEmit', '--checkers', '1']

/** What computes. While the other lane runs it is told between that one's parts, each whole. */
const computes: Record<string, Part> = {
  format: single('oxfmt', ['--check', '.']),
  lint: single('oxlint', ['--type-aware']),
  unused: single('node', ['scripts/unused.ts']),
  lines: single('node', ['scripts/lines.ts']),
  kernels: single('node', ['scripts/kernels.ts', 'check']),
  types: both(single('tsc', oneChecker), single('tsc', [...oneChecker, '-p', 'web-console'])),
  contracts,
  rest: mochaPart(inNode('rest', 1, file => !mostlyWaits(file)))
}
/** What mostly waits, for nodes, for blocks, for pages. It is told as it comes. */
const waits: Record<string, Part> = {
  nodes: mochaPart(inNode('nodes', 2, mostlyWaits)),
  browser: mochaPart(inBrowser)
}

const wanted = process.argv.slice(2).flatMap(name => (name === 'mocha' ? ['rest', 'nodes'] : [name]))
const unknown = wanted.filter(name => !Object.hasOwn({ ...computes, ...waits }, name))
if (unknown.length > 0) {
  const names = Object.keys({ ...computes, ...waits }).join(', ')
  console.error(`unknown part ${unknown.join(', ')}; there are ${names}, and mocha for rest and nodes`)
  process.exit(2)
}
const total: Tally = { passed: 0, failed: 0 }

/** What parts have said whose turn to be told has not come: while the lane that is told as it comes is at work. */
let held = ''
let isLive = false
function tellHeld(): void {
  print(held)
  held = ''
}

/** Runs those of a lane's parts that are wanted, one after another. @param live whether they are told as they run */
async function runLane(parts: Record<string, Part>, live: boolean): Promise<void> {
  for (const [name, part] of Object.entries(parts)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    if (live) tellHeld()
    const started = performance.now()
    let said = ''
    const say = live ? print : (text: string) => void (said += text)
    say(`\n== ${name}\n`)
    const lane = live ? { say: undefined, nice: 0, spent: 0 } : { say, nice: behind, spent: 0 }
    const { passed, failed } = await part(lane).catch((error: unknown) => {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
      say(`${name} could not be run to its end: ${why}\n`)
      return { passed: 0, failed: 1 }
    })
    total.passed += passed
    total.failed += failed
    const [seconds, spent] = [(performance.now() - started) / 1000, lane.spent].map(Math.round)
    say(`== ${name}: ${passed} ok, ${failed} not, ${seconds} s, ${spent} s of a processor\n`)
    held += said
    if (!isLive) tellHeld()
  }
}

const isAlone = wanted.length > 0 && !Object.keys(waits).some(name => wanted.includes(name))
isLive = !isAlone
const live = runLane(waits, true).finally(() => {
  isLive = false
  tellHeld()
})
await Promise.all([runLane(computes, isAlone), live])
rmSync(scratch, { recursive: true, force: true })
console.log(`\n${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1
