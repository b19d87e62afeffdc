// `npm test`: the parts below, one after another; every part runs even when an earlier one failed, and the last line
// sums them up. Usage: node scripts/test.ts [format] [lint] [unused] [lines] [kernels] [types] [mocha] [browser]
// [contracts]
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, existsSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, relative } from 'node:path'

interface Tally {
  passed: number
  failed: number
}
type Part = () => Promise<Tally>

const root = join(import.meta.dirname, '..')
const bin = join(root, 'node_modules', '.bin')
/** More files than this do not fail by accident. */
const mostTriedAgain = 4
const scratch = mkdtempSync(join(tmpdir(), 'tilth-test-'))

function run(command: string, args: string[], capture = false): Promise<{ code: number; output: string }> {
  return new Promise(resolve => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', capture ? 'pipe' : 'inherit', 'inherit'],
      env: {
        ...process.env,
        PATH: bin + delimiter + (process.env['PATH'] ?? ''),
        // What a test leaves goes with this folder, also where its process was killed; what was compiled stays.
        TMPDIR: scratch,
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(tmpdir(), 'tilth-compile-cache')
      }
    })
    let output = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.on('error', error => {
      process.stderr.write(`${command}: ${error.message}\n`)
      resolve({ code: 1, output })
    })
    child.on('close', code => resolve({ code: code ?? 1, output }))
  })
}

/** One check that either holds or does not: counts as one. */
const single =
  (command: string, args: string[]): Part =>
  async () => {
    const { code } = await run(command, args)
    return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
  }

type ByFile = Record<string, Tally>
const sum = (tallies: Tally[]): Tally => ({
  passed: tallies.reduce((all, { passed }) => all + passed, 0),
  failed: tallies.reduce((all, { failed }) => all + failed, 0)
})

interface MochaSettings {
  /** Its configuration, and what each of its files needs when it runs alone. */
  readonly config: string
  readonly alone: readonly string[]
}
const inNode: MochaSettings = { config: '.mocharc.json', alone: [] }
const inBrowser: MochaSettings = {
  config: 'test/browser/mocharc.json',
  alone: ['--require', 'test/browser/setup.ts']
}

/** @returns what each file's tests came to; none when mocha ended without a report */
async function mochaRun({ config, alone }: MochaSettings, files: string[] = []): Promise<ByFile> {
  const report = join(scratch, 'mocha.json')
  rmSync(report, { force: true })
  // Files named here replace those of the configuration.
  const settings =
    files.length === 0 ? ['--config', config] : ['--no-config', '--exit', '--timeout', '120000', ...alone, ...files]
  const { code } = await run('mocha', [
    '--reporter',
    join(root, 'scripts', 'mocha-reporter.cjs'),
    '--reporter-option',
    `output=${report}`,
    ...settings
  ])
  const byFile = existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as ByFile) : {}
  if (code !== 0 && sum(Object.values(byFile)).failed === 0) byFile[''] = { passed: 0, failed: 1 }
  return byFile
}

/**
 * Tests over real networks, processes and disks can fail of a machine that does other things as well. A file with a
 * failure
 * is run once more, whole and in a process of its own: a single test tried again would find what its first try left
 * behind.
 */
const mochaPart =
  (name: string, kind: MochaSettings): Part =>
  async () => {
    const first = await mochaRun(kind)
    const failed = Object.keys(first).filter(file => first[file]!.failed > 0)
    if (failed.length === 0 || failed.includes('') || failed.length > mostTriedAgain) return sum(Object.values(first))
    console.log(
      `\n== ${name}: tried once more, for the failures above: ${failed.map(file => relative(root, file)).join(' ')}`
    )
    const again = await mochaRun(kind, failed)
    return sum(
      Object.values({ ...first, ...Object.fromEntries(failed.map(file => [file, { passed: 0, failed: 1 }])), ...again })
    )
  }

/** forge prints `{ "path:Contract": { test_results: { name: { status } } } }` with --json. */
const contracts: Part = async () => {
  const { code, output } = await run('node', ['scripts/contracts.ts', 'test', '--json'], true)
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
        console.log(`  ${suite} ${name}: ${status} ${reason ?? ''}`)
      }
    }
  }
  if (code !== 0 && tally.failed === 0) {
    tally.failed = 1
    console.log(output.slice(-4000))
  }
  return tally
}

const parts: Record<string, Part> = {
  format: single('oxfmt', ['--check', '.']),
  lint: single('oxlint', ['--type-aware']),
  unused: single('node', ['scripts/unused.ts']),
  lines: single('node', ['scripts/lines.ts']),
  kernels: single('node', ['scripts/kernels.ts', 'check']),
  types: async () =>
    sum([await single('tsc', ['--noEmit'])(), await single('tsc', ['--noEmit', '-p', 'web-console'])()]),
  mocha: mochaPart('mocha', inNode),
  browser: mochaPart('browser', inBrowser),
  contracts
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter(name => parts[name] === undefined)
if (unknown.length > 0) {
  console.error(`unknown part ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`)
  process.exit(2)
}
const total: Tally = { passed: 0, failed: 0 }
for (const [name, part] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const started = performance.now()
  console.log(`\n== ${name}`)
  const { passed, failed } = await part()
  total.passed += passed
  total.failed += failed
  console.log(`== ${name}: ${passed} ok, ${failed} not, ${((performance.now() - started) / 1000).toFixed(0)} s`)
}
rmSync(scratch, { recursive: true, force: true })
console.log(`\n${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1
