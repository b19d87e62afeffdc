import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { webGpuEnvironment } from './provider.ts'

/**
 * The cases of other files once more, on WebGPU: each file in a process of its own, because a driver that crashes would
 * take the whole run along.
 */
const mocha = join(dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin', 'mocha.js')

interface Job {
  readonly file: string
  /** Only the cases whose title has this. */
  readonly only?: string
  /** Not those that `elsewhere` matches. */
  readonly brief?: boolean
  /** Fewer cases than this are no success: a file that finds none tests nothing. */
  readonly least: number
}

interface Report {
  readonly stats: { readonly passes: number; readonly failures: number; readonly pending: number }
  readonly failures: readonly { readonly fullTitle: string; readonly err: { readonly message?: string } }[]
}

/**
 * Which products and shapes a graph has depends on its architecture. That steps are taken by its gradients, and layers
 * computed again, does not: one plain and one quantised base show it, as each case takes tens of seconds in software.
 */
const elsewhere = '(?!.*(?:layer by layer|AdamW))'

async function runOnWebGpu({ file, only, brief = false }: Job, env: NodeJS.ProcessEnv): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'tilth-webgpu-'))
  const output = join(folder, 'report.json')
  try {
    const child = spawn(
      process.execPath,
      [
        mocha,
        '--no-config',
        '--exit',
        '--timeout',
        '300000',
        '--require',
        join(import.meta.dirname, 'webgpu/device.ts'),
        '--reporter',
        'json',
        '--reporter-option',
        `output=${output}`,
        ...(only === undefined ? [] : ['--grep', brief ? `${only} ${elsewhere}` : only]),
        join(import.meta.dirname, file)
      ],
      {
        env: { ...env, TILTH_TEST_PROVIDER: 'webgpu' },
        stdio: ['ignore', 'ignore', 'pipe']
      }
    )
    let errors = ''
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(resolve => {
      child.on('close', (c, s) => resolve([c, s]))
    })
    let report: Report
    try {
      report = JSON.parse(readFileSync(output, 'utf8')) as Report
    } catch (cause) {
      throw new Error(
        `${file} did not get to its end on WebGPU (${signal ?? `exit code ${code}`}): ${errors.slice(-2000)}`,
        { cause }
      )
    }
    return report
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const jobs: readonly Job[] = [
  { file: 'parity.test.ts', only: 'qwen2-bias', brief: true, least: 4 },
  { file: 'parity.test.ts', only: 'llama-tied', least: 6 },
  { file: 'parity.test.ts', only: 'llama3-rope-qlora', least: 7 },
  { file: 'parity.test.ts', only: 'qwen3-qknorm', brief: true, least: 4 },
  { file: 'dora.test.ts', only: 'llama-tied (?:logits|beside|lengths)', least: 3 },
  { file: 'webgpu/engine.ts', least: 4 },
  { file: 'webgpu/placement.ts', least: 5 },
  { file: 'rules.test.ts', least: 36 }
]

describe('WebGPU', function () {
  this.timeout(900_000)
  /** One per job, one after another: SwiftShader keeps one core busy, and the other is others'. */
  let reports: Promise<Report>[] = []
  let missing: string | undefined
  before(async () => {
    const environment = await webGpuEnvironment()
    if ('missing' in environment) {
      missing = environment.missing
      console.warn(`      WebGPU is not tested: ${missing}`)
      return
    }
    let before: Promise<unknown> = Promise.resolve()
    reports = jobs.map(job => {
      const report = before.then(() => runOnWebGpu(job, environment.env))
      before = report.catch(() => undefined) // the case below tells of it
      return report
    })
  })

  jobs.forEach((job, i) => {
    it(`${job.file}${job.only === undefined ? '' : `, ${job.only}`}: every case`, async function () {
      if (missing !== undefined) this.skip()
      const report = await reports[i]
      assert.ok(report !== undefined)
      assert.deepEqual(
        report.failures.map(({ fullTitle, err }) => `${fullTitle}: ${err.message ?? ''}`),
        []
      )
      assert.ok(
        report.stats.passes >= job.least,
        `only ${report.stats.passes} cases ran, ${report.stats.pending} were skipped`
      )
    })
  })
})
