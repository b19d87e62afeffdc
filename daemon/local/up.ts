import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { InvalidError, TilthError, describeError } from '../../protocol/primitives/index.ts'
import { quoted } from '../../node/runtime/quoted.ts'
import { watchParent } from '../alive.ts'
import { bold, dim, printJson, red } from '../cli/output.ts'
import { consoleLines } from './console.ts'
import { apiPorts, localFolder, whole } from './flags.ts'
import type { UpFlags } from './flags.ts'
import { hadRound, holdsNetwork, isTaken, lastRoundIn, startLocalNetwork } from './network/index.ts'
import type { LastRound, LocalNetwork } from './network/index.ts'
import { addressList, createReporter, loadInput, loopResult, networkFacts, runRound, summary } from './loop/index.ts'
import type { Reporter } from './loop/index.ts'
import { hasTerminal, saysYes } from './question.ts'

/** [reject] Nothing is thrown away by a flag alone. @throws InvalidError `network.fresh` */
async function confirmFresh(folder: string, { yes }: UpFlags): Promise<void> {
  if (yes === true || !isTaken(folder)) return
  const what = `the network in ${folder}, with its chain, keys, Datanets and models`
  if (hasTerminal() && (await saysYes(`--fresh throws away ${what}. Really?`))) return
  throw new InvalidError('network.fresh', `--fresh would throw away ${what}`, {
    help: 'Say --yes as well to do it; leave --fresh away to go on with it.'
  })
}

function open(flags: UpFlags, known: boolean, reporter: Reporter): Promise<LocalNetwork> {
  const title = known ? 'the network of the folder, taken up' : 'a chain, its contracts and six daemons'
  return reporter.stage('start', title, say =>
    startLocalNetwork({
      folder: resolve(flags.folder),
      portBase: flags.portBase === undefined ? undefined : apiPorts(flags.portBase),
      chainPort: flags.chainPort === undefined ? undefined : whole(flags.chainPort, '--chain-port', 65_535),
      challengeSeconds: whole(flags.challengeSeconds, '--challenge-seconds', 86_400),
      fresh: flags.fresh === true,
      onStep: say,
      onRestart: text => {
        reporter.line(`        ${text}`)
      },
      onNote: text => {
        reporter.line(`        ${text}`)
      }
    })
  )
}

/** One Ctrl-C comes twice, from the terminal and from whoever started this: what follows that soon is the same one. */
const sameSignalMs = 1_000

/** The first of Ctrl-C, a hang-up, a kill, or the end of npm that started this; a second signal ends at once. */
function interruption(): Promise<TilthError> {
  return new Promise(resolve => {
    let asked: number | undefined
    const stop = (): void => {
      resolve(new TilthError('interrupted', 'stopped on request'))
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (asked !== undefined && performance.now() - asked > sameSignalMs) process.exit(130)
        asked ??= performance.now()
        stop()
      })
    }
    void watchParent(stop)
    // Whoever read this output may be gone before the network has ended in order: other commands end with their reader.
    process.stdout.removeAllListeners('error')
    for (const stream of [process.stdout, process.stderr])
      stream.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error
      })
  })
}

/** Milliseconds until daemons that have not all found each other have to do with whom they have. */
const meetMs = 180_000

async function meet(network: LocalNetwork, reporter: Reporter): Promise<void> {
  const began = performance.now()
  await reporter.stage('start', 'the daemons find each other by bootstrap and DHT', async say => {
    for (;;) {
      const counts = await Promise.all(network.daemons.map(async ({ api }) => (await api.call('status')).peers))
      say(`${Math.min(...counts)} to ${Math.max(...counts)} peers each`)
      if (Math.min(...counts) >= network.daemons.length - 1) return
      await sleep(200)
      if (performance.now() - began < meetMs) continue
      // What one says reaches all by way of others: a busy machine may need longer than anybody wants to wait.
      if (Math.min(...counts) > 0) return
      throw new TilthError('loop.peers', 'a daemon found no other one within three minutes', {
        help: 'See daemon.log in the folders of the local network.'
      })
    }
  })
}

/** What names this network to other commands, unless they find it by themselves. */
const whereOf = (flags: UpFlags): string =>
  flags.folder === localFolder && process.env['TILTH_DATA'] === undefined ? '' : ` --data ${quoted(flags.folder)}`

/** The line that programs wait for, and what can be done now. */
function runningText(flags: UpFlags, last: LastRound | undefined, idle: boolean, consoleText: string): string {
  const where = whereOf(flags)
  const ask =
    last === undefined
      ? `See who runs:  npx tilth status${where}`
      : `Ask it something:  npx tilth ask${where} --model ${quoted(last.model)} ${quoted(last.question)}`
  const folder = flags.folder === localFolder ? '' : ` --folder ${quoted(flags.folder)}`
  return [
    `\n${bold('Running.')} ${ask}`,
    consoleText,
    ...(idle ? [dim(`Once more round the loop:  npx tilth down${where} && npx tilth up${folder} --again`)] : []),
    dim(`Ctrl-C ends it, or npx tilth down${where}; the next start takes it up again.`)
  ].join('\n')
}

/** What follows once the network is up: rounds through the loop as wished, then staying until the end is asked for. */
async function go(flags: UpFlags, network: LocalNetwork, reporter: Reporter, started: number): Promise<void> {
  let last = await lastRoundIn(network.folder)
  const named = [flags.data, flags.questions, flags.settings].some(given => given !== undefined)
  const wished = flags.once === true || flags.again === true || named
  const round = async (): Promise<void> => {
    const input = await loadInput(flags)
    const result = await runRound(network, input, reporter)
    ;({ last } = result)
    const seconds = (performance.now() - started) / 1000
    reporter.line(summary(result.done, network, seconds))
    if (flags.json === true) printJson(loopResult(result.done, seconds))
  }
  // A network whose first round was cut short has nothing to show yet.
  let idle = network.resumed && !wished && (await hadRound(network.folder))
  if (idle) {
    reporter.line(['', bold('Addresses'), addressList(network)].join('\n'))
    if (flags.json === true) printJson({ network: networkFacts(network) })
    else if (hasTerminal()) idle = !(await saysYes('\nThe network is as it was. Once more round the loop on it?'))
  }
  if (!idle) await round()
  if (flags.once !== true) reporter.line(runningText(flags, last, idle, await consoleLines(network, whereOf(flags))))
}

/**
 * `tilth up`: the local network of a folder, new or taken up; the loop, its summary; then stays until Ctrl-C, unless
 * asked to go once. Ends the process.
 */
export async function up(flags: UpFlags): Promise<void> {
  // Keys, passphrases and logs of the whole network: its owner's alone.
  process.umask(0o077)
  const reporter = createReporter(flags.json === true ? process.stderr : process.stdout)
  const started = performance.now()
  const stopped = interruption()
  let network: LocalNetwork | undefined
  let asked = false
  void stopped.then(() => {
    asked = true
  })
  try {
    const folder = resolve(flags.folder)
    if (flags.fresh === true) await confirmFresh(folder, flags)
    await loadInput(flags) // what cannot be used is told before anything is started
    const opening = open(flags, holdsNetwork(folder) && flags.fresh !== true, reporter)
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
    const failed = Promise.race([running.failed, stopped]).then(error => {
      throw error
    })
    const going = (async () => {
      // Near the top: who waits for the loop may watch it there.
      if (flags.once !== true) reporter.line(`\n${await consoleLines(running, whereOf(flags))}\n`)
      await meet(running, reporter)
      await go(flags, running, reporter, started)
    })()
    await Promise.race([going, failed])
    if (flags.once !== true) {
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
