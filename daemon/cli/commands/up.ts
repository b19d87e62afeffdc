import { resolve } from 'node:path'
import { Command } from 'commander'
import { InvalidError, TilthError, describeError } from '../../../protocol/primitives/index.ts'
import type { LoopContext } from '../../local/context.ts'
import { loadInput } from '../../local/input.ts'
import { loopResult, runLoop } from '../../local/loop.ts'
import { makePerson, startLocalNetwork } from '../../local/network.ts'
import type { LocalNetwork } from '../../local/network.ts'
import { createReporter } from '../../local/reporter.ts'
import type { Reporter } from '../../local/reporter.ts'
import { summary } from '../../local/summary.ts'
import { bold, dim, printJson, red } from '../output.ts'

interface UpFlags { once?: boolean; json?: boolean; data?: string; questions?: string; settings?: string; folder: string; fresh?: boolean; portBase: string; chainPort: string; challengeSeconds: string }

/** [reject] @throws InvalidError naming the flag */
function whole(text: string, flag: string, max: number): number {
  const value = Number(text)
  if (!/^[0-9]+$/.test(text) || value > max) throw new InvalidError('flag.number', `${flag} must be a whole number up to ${max}, not "${text}"`)
  return value
}

async function open(flags: UpFlags, reporter: Reporter): Promise<LocalNetwork> {
  return reporter.stage('start', 'a chain, its contracts and six daemons', say => startLocalNetwork({
    folder: resolve(flags.folder), portBase: whole(flags.portBase, '--port-base', 65_000), chainPort: whole(flags.chainPort, '--chain-port', 65_535),
    challengeSeconds: whole(flags.challengeSeconds, '--challenge-seconds', 86_400), fresh: flags.fresh === true, onStep: say
  }))
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

async function up(flags: UpFlags): Promise<void> {
  const reporter = createReporter(flags.json === true ? process.stderr : process.stdout)
  const started = performance.now()
  const stopped = interruption()
  let network: LocalNetwork | undefined
  let asked = false
  void stopped.then(() => { asked = true })
  try {
    const input = await loadInput(flags)
    const opening = open(flags, reporter)
    network = await Promise.race([opening, stopped.then(async error => { await opening.then(late => late.stop(), () => undefined); throw error })])
    const running = network
    const people: LoopContext['people'] = []
    for (const file of input.contributors) people.push({ file, person: await makePerson(running.folder, file.name) })
    await reporter.stage('start', 'the daemons find each other by bootstrap and DHT', async say => {
      for (;;) {
        const counts = await Promise.all(running.daemons.map(async ({ api }) => (await api.call('status')).peers))
        say(`${Math.min(...counts)} to ${Math.max(...counts)} peers each`)
        if (Math.min(...counts) >= running.daemons.length - 1) return
        await new Promise(resolve => { setTimeout(resolve, 500) })
        if (performance.now() - started > 180_000) throw new TilthError('loop.peers', 'the daemons did not all find each other within three minutes', { help: 'See daemon.log in the folders of the local network.' })
      }
    })
    const failed = Promise.race([running.failed, stopped]).then(error => { throw error })
    const done = await Promise.race([runLoop({ network: running, input, reporter, people }), failed])
    const seconds = (performance.now() - started) / 1000
    reporter.line(summary(done, running, seconds))
    if (flags.json === true) printJson(loopResult(done, seconds))
    if (flags.once !== true) {
      reporter.line(`\n${bold('Running.')} Ask it something:  npx tilth ask --model ${input.name} "${input.questions[0]?.messages.at(-2)?.content ?? 'What is the symbol of iron?'}"\n${dim('Ctrl-C ends it.')}`)
      const why = await Promise.race([running.failed, stopped])
      if (why.code !== 'interrupted') throw why
      reporter.line('stopping …')
    }
  } catch (error) {
    if (asked) {
      reporter.line('stopped')
      process.exitCode = 130
    } else {
      if (flags.json === true) printJson({ error: { stage: reporter.current, code: error instanceof TilthError ? error.code : 'internal', message: error instanceof Error ? error.message : String(error) } })
      process.stderr.write(`${red('error:')} ${reporter.current === '' ? '' : `in stage "${reporter.current}": `}${describeError(error)}\n`)
      process.exitCode = 1
    }
  } finally {
    await network?.stop()
  }
  process.exit()
}

export function upCommand(): Command {
  return new Command('up').description('the whole loop on this machine: a chain, six daemons, data in, model out, answers paid for; then stays up until Ctrl-C')
    .option('--once', 'end when the loop is done').option('--json', 'print one JSON document at the end of standard output; progress goes to standard error')
    .option('--data <dir>', 'folder with one JSONL file per contributor, instead of the chemical elements').option('--questions <file>', 'JSONL of held-out questions with their answers').option('--settings <file>', 'JSON with training settings')
    .option('--folder <dir>', 'where the local network keeps its data; an earlier one there is replaced', '.tilth').option('--fresh', 'replace what is in the folder even if another version wrote it')
    .option('--port-base <n>', 'the APIs take this port and the next five; 0 takes any free ones', '4180').option('--chain-port <n>', 'port of the chain; 0 takes any free one', '0')
    .option('--challenge-seconds <n>', 'how long an epoch can be challenged', '3')
    .addHelpText('after', '\nExamples:\n  tilth up\n  tilth up --once --json > result.json\n  tilth up --data my-contributors/ --questions held-out.jsonl\n')
    .action(up)
}
