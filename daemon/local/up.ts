import { resolve } from 'node:path'
import { InvalidError, TilthError, describeError } from '../../protocol/primitives/index.ts'
import { isAskable } from '../config/index.ts'
import type { LoopContext } from './context.ts'
import { loadInput } from './input.ts'
import { loopResult, runLoop } from './loop.ts'
import { makePerson, startLocalNetwork } from './network.ts'
import type { LocalNetwork } from './network.ts'
import { createReporter } from './reporter.ts'
import type { Reporter } from './reporter.ts'
import { summary } from './summary.ts'
import { bold, dim, printJson, red } from '../cli/output.ts'

export interface UpFlags {
  once?: boolean
  json?: boolean
  data?: string
  questions?: string
  settings?: string
  folder: string
  fresh?: boolean
  portBase: string
  chainPort: string
  challengeSeconds: string
}

/** Where commands look for a local network that is not named. */
const localFolder = '.tilth'

/** [reject] @throws InvalidError naming the flag */
function whole(text: string, flag: string, max: number): number {
  const value = Number(text)
  if (!/^[0-9]+$/.test(text) || value > max)
    throw new InvalidError('flag.number', `${flag} must be a whole number up to ${max}, not "${text}"`)
  return value
}

/** [reject] The first of six ports that clients can ask; 0 takes any. @throws InvalidError */
function apiPorts(text: string): number {
  const base = whole(text, '--port-base', 65_000)
  const refused = Array.from({ length: 6 }, (_, i) => base + i).find(port => base > 0 && !isAskable(port))
  if (refused !== undefined)
    throw new InvalidError(
      'flag.number',
      `--port-base ${base} takes port ${refused}, which browsers and fetch refuse`,
      {
        help: 'Take another, such as 4180 or 14180; 0 takes any free ones.'
      }
    )
  return base
}

async function open(flags: UpFlags, reporter: Reporter): Promise<LocalNetwork> {
  return reporter.stage('start', 'a chain, its contracts and six daemons', say =>
    startLocalNetwork({
      folder: resolve(flags.folder),
      portBase: apiPorts(flags.portBase),
      chainPort: whole(flags.chainPort, '--chain-port', 65_535),
      challengeSeconds: whole(flags.challengeSeconds, '--challenge-seconds', 86_400),
      fresh: flags.fresh === true,
      onStep: say
    })
  )
}

/** The first of Ctrl-C, a hang-up or a kill; a second one ends at once. */
function interruption(): Promise<TilthError> {
  return new Promise(resolve => {
    let asked = false
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(130)
        asked = true
        resolve(new TilthError('interrupted', 'stopped on request'))
      })
    }
  })
}

/**
 * `tilth up`: the local network, the loop, its summary; then stays until Ctrl-C, unless asked to go once. Ends the
 * process.
 */
export async function up(flags: UpFlags): Promise<void> {
  const reporter = createReporter(flags.json === true ? process.stderr : process.stdout)
  const started = performance.now()
  const stopped = interruption()
  let network: LocalNetwork | undefined
  let asked = false
  void stopped.then(() => {
    asked = true
  })
  try {
    const input = await loadInput(flags)
    const opening = open(flags, reporter)
    network = await Promise.race([
      opening,
      stopped.then(async error => {
        await opening.then(
          late => late.stop(),
          () => undefined
        )
        throw error
      })
    ])
    const running = network
    const people: LoopContext['people'] = []
    for (const file of input.contributors) people.push({ file, person: await makePerson(running.folder, file.name) })
    await reporter.stage('start', 'the daemons find each other by bootstrap and DHT', async say => {
      for (;;) {
        const counts = await Promise.all(running.daemons.map(async ({ api }) => (await api.call('status')).peers))
        say(`${Math.min(...counts)} to ${Math.max(...counts)} peers each`)
        if (Math.min(...counts) >= running.daemons.length - 1) return
        await new Promise(resolve => {
          setTimeout(resolve, 500)
        })
        if (performance.now() - started > 180_000)
          throw new TilthError('loop.peers', 'the daemons did not all find each other within three minutes', {
            help: 'See daemon.log in the folders of the local network.'
          })
      }
    })
    const failed = Promise.race([running.failed, stopped]).then(error => {
      throw error
    })
    const done = await Promise.race([runLoop({ network: running, input, reporter, people }), failed])
    const seconds = (performance.now() - started) / 1000
    reporter.line(summary(done, running, seconds))
    if (flags.json === true) printJson(loopResult(done, seconds))
    if (flags.once !== true) {
      const question = input.questions[0]?.messages.at(-2)?.content ?? 'What is the symbol of iron?'
      const where = flags.folder === localFolder ? '' : ` --data ${flags.folder}`
      reporter.line(
        `\n${bold('Running.')} Ask it something:  npx tilth ask${where} --model ${input.name} "${question}"\n` +
          dim('Ctrl-C ends it.')
      )
      const why = await Promise.race([running.failed, stopped])
      if (why.code !== 'interrupted') throw why
      reporter.line('stopping …')
    }
  } catch (error) {
    if (asked) {
      reporter.line('stopped')
      process.exitCode = 130
    } else {
      if (flags.json === true)
        printJson({
          error: {
            stage: reporter.current,
            code: error instanceof TilthError ? error.code : 'internal',
            message: error instanceof Error ? error.message : String(error)
          }
        })
      process.stderr.write(
        `${red('error:')} ${reporter.current === '' ? '' : `in stage "${reporter.current}": `}${describeError(error)}\n`
      )
      process.exitCode = 1
    }
  } finally {
    await network?.stop()
  }
  process.exit()
}
