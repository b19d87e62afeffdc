import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser } from 'playwright-core'
import { createReporter, loadInput, runRound } from '../../../daemon/local/loop/index.ts'
import { lastRoundIn, startLocalNetwork } from '../../../daemon/local/network/index.ts'
import type { LastRound, LocalNetwork } from '../../../daemon/local/network/index.ts'
import { scratch } from '../../harness/index.ts'
import { launchChromium } from './chromium.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../../..')

/** What all browser tests share: a local network that has gone once round the loop, and a browser. */
export interface World {
  readonly network: LocalNetwork
  readonly browser: Browser
  /** The tuned model, and a question that it answers. */
  readonly last: LastRound
  stop(): Promise<void>
}

let current: World | undefined

/** Of the default contributors three with good rows stay, and one who copies: each more doubles the siblings. */
const wrong = 3

/** The default Datanet with fewer people, rows and questions, tuned briefly: every stage for real, in half a minute. */
async function smallInput(): Promise<Awaited<ReturnType<typeof loadInput>>> {
  const whole = await loadInput({})
  const cut = (text: string, lines: number): string => text.split('\n').slice(0, lines).join('\n')
  return {
    ...whole,
    contributors: whole.contributors
      .toSpliced(wrong, 1)
      .map((one, i) => ({ ...one, text: cut(one.text, i === 0 ? 64 : 12) })),
    questions: whole.questions.slice(0, 8),
    questionsText: cut(whole.questionsText, 8),
    settings: { ...whole.settings, epochs: 8 },
    coalitions: 6
  }
}

/**
 * Starts it. With TILTH_BROWSER_NETWORK=FOLDER the network of a folder that `tilth up` made is taken instead, and left
 * there: for whoever writes these tests.
 */
export async function startWorld(): Promise<void> {
  const given = process.env['TILTH_BROWSER_NETWORK']
  if (process.env['TILTH_BROWSER_BUILT'] === undefined)
    await run(process.execPath, [join(root, 'scripts/console.ts'), '--if-possible'], { cwd: root })
  const folder = given ?? (await scratch('browser'))
  const [browser, network] = await Promise.all([
    launchChromium(),
    startLocalNetwork({
      folder: given ?? join(folder, 'net'),
      portBase: 0,
      chainPort: 0,
      challengeSeconds: 12,
      fresh: false,
      onStep: () => undefined
    })
  ])
  const stop = async (): Promise<void> => {
    await browser.close()
    await network.stop()
    if (given === undefined) await rm(folder, { recursive: true, force: true })
  }
  try {
    const last =
      (await lastRoundIn(network.folder)) ??
      (await runRound(network, await smallInput(), createReporter(process.stdout))).last
    current = { network, browser, last, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** What setup.ts started before the first test. */
export function world(): World {
  if (current === undefined) throw new Error('run browser tests with --config test/browser/mocharc.json')
  return current
}

export async function stopWorld(): Promise<void> {
  await current?.stop()
  current = undefined
}

/** Ends a member's daemon as a power cut does. @returns waits until it is there again */
export async function killDaemon(name: string): Promise<{ back(): Promise<void> }> {
  const { process: daemon } = world().network.daemon(name)
  const { ended } = daemon
  process.kill(daemon.pid, 'SIGKILL')
  await ended
  return {
    async back() {
      await daemon.ready(120_000)
    }
  }
}
