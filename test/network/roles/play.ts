import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { programEntry } from '../../../bin/bundle.js'
import type { Said, Section, Step, Walk } from './walk.ts'

const root = resolve(import.meta.dirname, '../../..')
/** As `npx tilth` starts it: what was bundled, unless a source is newer. */
const main = programEntry()
const patienceMs = 120_000

/** A shell in the project's folder, in which `tilth` is this project's command line. */
function shell(script: string, within: string): Promise<{ code: number | null; output: string }> {
  const tilth = `tilth() { ${JSON.stringify(process.execPath)} --no-warnings ${JSON.stringify(main)} "$@"; }\n`
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-e', '-c', tilth + script.replaceAll('my-network', within)], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', COLUMNS: '100' }
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    child.once('error', reject)
    const end = (code: number | null): void => {
      resolve({ code, output: output.replaceAll(within, 'my-network').replaceAll(`${root}/`, '').trimEnd() })
    }
    // What goes on in the background may hold the pipes: the shell's own end is waited for.
    child.once('exit', code => setTimeout(end, 100, code))
    child.once('close', end)
  })
}

const expected = ({ shows }: Step): readonly RegExp[] => (shows === undefined ? [] : ([shows].flat() as RegExp[]))

/** People who walk on one network, each with a shell of their own. */
export interface Play {
  /** Goes through a section; what was typed and said is in its transcript. */
  section(walk: Walk, title: string): Promise<void>
  /** Whoever has a section that was never gone through. */
  missed(): string[]
  readonly said: ReadonlyMap<Step, Said>
  stop(): Promise<void>
}

/** @param within the folder that stands for `my-network` of the pages */
export function createPlay(walks: readonly Walk[], within: string, onStep: (text: string) => void): Play {
  const said = new Map<Step, Said>()
  const exports = new Map<Walk, string[]>()
  const taken = new Map<string, string>()

  async function step(walk: Walk, step: Step): Promise<void> {
    const typed = step.run.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const value = taken.get(name)
      assert.ok(value !== undefined, `${walk.role}: nobody took ${name}`)
      return value
    })
    onStep(`${walk.role}: ${typed}`)
    const mine = exports.get(walk) ?? []
    const script = [...mine, typed].join('\n')
    for (const until = Date.now() + patienceMs; ; await sleep(1_000)) {
      const { code, output } = await shell(script, within)
      const right = (code === 0) === (step.refused !== true) && expected(step).every(what => what.test(output))
      if (!right && step.patient === true && Date.now() < until) continue
      assert.ok(right, `${walk.role}: ${typed} ended with ${code}, and was to show ${String(step.shows)}:\n${output}`)
      for (const [name, what] of Object.entries(step.take ?? {})) taken.set(name, what.exec(output)?.[1] ?? '')
      said.set(step, { typed, output })
      break
    }
    exports.set(walk, [...mine, ...typed.split('\n').filter(line => line.startsWith('export '))])
  }

  return {
    said,
    async section(walk, title) {
      const section = walk.sections.find(one => one.title === title)
      assert.ok(section !== undefined, `${walk.role} has a section "${title}"`)
      for (const one of section.steps) await step(walk, one)
    },
    missed: () =>
      walks.flatMap(({ role, sections }) =>
        sections
          .filter(({ steps }: Section) => steps.some(one => !said.has(one)))
          .map(({ title }) => `${role}: ${title}`)
      ),
    async stop() {
      await shell('tilth down --data my-network || true', within)
    }
  }
}
