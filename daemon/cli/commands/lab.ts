import { Command, Option } from 'commander'
import { bundledBase } from '../../assets.ts'
import type { LabProgress, Mode, Target } from '../../../node/lab/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { collect, command, guarded } from '../command.ts'
import { bar, bold, dim, duration, green, plural, printJson, red, table, tell } from '../output.ts'

interface LabFlags {
  quick?: boolean
  tiny?: boolean
  folder: string
  json?: boolean
}
interface RunFlags extends LabFlags {
  model: string
  only?: string[]
  lr?: string
}
interface ReportFlags extends LabFlags {
  output: string
  figures: string
}

const modeOf = ({ quick, tiny }: LabFlags): Mode => (tiny === true ? 'tiny' : quick === true ? 'quick' : 'full')

// The engine takes a while to load: only for these two.
const laboratory = () => import('../../../node/lab/index.ts')

const defaultFolder = '.tilth-lab'
/** The command that writes what a run found. */
const reportOf = (flags: LabFlags): string =>
  [
    'tilth lab report',
    ...(flags.tiny === true ? ['--tiny'] : flags.quick === true ? ['--quick'] : []),
    ...(flags.folder === defaultFolder ? [] : [`--folder ${flags.folder}`])
  ].join(' ')

const folderFlag = ['--folder <dir>', 'where trained siblings and results are kept', defaultFolder] as const

function showProgress({ stage, name, done, of, secondsLeft }: LabProgress): void {
  const left = secondsLeft === null ? '' : `  ${duration(secondsLeft)} left`
  const line = `${bar(done, of)} ${done}/${of} lots  ${stage} ${name}${dim(left)}`
  if (process.stderr.isTTY) process.stderr.write(`\r${line}        `)
  else tell(line)
}

const shown = (value: number, unit: Target['unit']): string =>
  unit === '%' ? `${(value * 100).toFixed(1)} %` : value.toFixed(2)

/** What was aimed at and what came of it, one a line. */
const targetsText = (targets: readonly Target[], isMet: (target: Target) => boolean | null): string =>
  table(
    ['what', 'aimed at', 'mean', 'worst', 'met'],
    targets.map(target => {
      const { what, limit, atLeast, unit, found } = target
      const met = isMet(target)
      return [
        what,
        `${atLeast === true ? '≥' : '≤'} ${shown(limit, unit)}`,
        found === null ? '' : shown(found.mean, unit),
        found === null ? '' : shown(found.worst, unit),
        met === null ? dim('not measured') : met ? green('yes') : red('no')
      ]
    }),
    [1, 2, 3]
  )

function rateOf(text: string): number {
  const rate = Number(text)
  if (text.trim() !== '' && rate > 0 && rate <= 1) return rate
  throw new InvalidError('flag.number', `--lr must be above 0 and at most 1, like 0.001, not "${text}"`)
}

function runCommand(): Command {
  return command({
    name: 'run',
    summary: 'make worlds, train, pay by every rule, attack, and say how far each is off',
    examples: [
      'tilth lab run --quick',
      'tilth lab run --folder night   # takes hours; asked again it goes on',
      'tilth lab run --only classes-12 --model SmolLM2-135M-Instruct --lr 0.001 --folder larger'
    ]
  })
    .addOption(new Option('--quick', 'the headline alone: minutes on two quiet cores').conflicts('tiny'))
    .option('--tiny', 'one world of two contributors, to see that it works')
    .option(...folderFlag)
    .option('--model <dir>', 'Hugging Face folder of the base model', bundledBase.folder())
    .option('--only <world>', 'a world or an attack in place of all; repeatable', collect)
    .option('--lr <rate>', 'learning rate, for a base that wants another one (default: 0.005; larger bases want less)')
    .action(
      guarded(async (flags: RunFlags) => {
        const { isMet, runLab, targetsOf } = await laboratory()
        const stopped = new AbortController()
        process.once('SIGINT', () => stopped.abort(new Error('stopped: asked again, it goes on from here')))
        const result = await runLab({
          mode: modeOf(flags),
          folder: flags.folder,
          model: flags.model,
          only: flags.only,
          lr: flags.lr === undefined ? undefined : rateOf(flags.lr),
          signal: stopped.signal,
          ...(flags.json === true ? {} : { onProgress: showProgress })
        })
        if (flags.json === true) return printJson(result)
        if (process.stderr.isTTY) process.stderr.write('\n')
        console.log(
          bold(
            [
              plural(result.worlds.length, 'world'),
              plural(result.attacks.length, 'attack'),
              plural(result.trained, 'sibling')
            ].join(', ')
          )
        )
        console.log(targetsText(targetsOf(result), isMet))
        if (flags.only === undefined) console.log(dim(`${reportOf(flags)} writes the whole of it`))
      })
    )
}

function reportCommand(): Command {
  return command({
    name: 'report',
    summary: 'write what a run found as a page with plots',
    examples: ['tilth lab report --quick', 'tilth lab report --output FAIRNESS.md --figures docs/fairness']
  })
    .addOption(new Option('--quick', 'of the quick run').conflicts('tiny'))
    .option('--tiny', 'of the tiny one')
    .option(...folderFlag)
    .option('--output <file>', 'the page', 'FAIRNESS.md')
    .option('--figures <dir>', 'folder of its plots', 'docs/fairness')
    .action(
      guarded(async (flags: ReportFlags) => {
        const { isMet, writeReport } = await laboratory()
        const { written, targets } = writeReport({
          mode: modeOf(flags),
          folder: flags.folder,
          page: flags.output,
          figures: flags.figures
        })
        if (flags.json === true) return printJson({ written, targets })
        console.log(targetsText(targets, isMet))
        for (const file of written) console.log(file)
      })
    )
}

/** `tilth lab …`: the rules of pay, measured on this machine alone, with no network and no daemon. */
export function labCommand(): Command {
  const cmd = new Command('lab')
    .description('measure the rules of pay: worlds whose truth is known by retraining, nine rules, attacks')
    .showHelpAfterError('(add --help for what it takes)')
    .addHelpText('after', '\nExample:\n  tilth lab run --quick && tilth lab report --quick\n')
  for (const sub of [runCommand(), reportCommand()]) cmd.addCommand(sub)
  return cmd
}
