import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { ApiClient, TraceCheck, TraceView } from '../../api/contract/index.ts'
import { command, connected, guarded, wholeNumber } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { connect } from '../context.ts'
import { bold, dim, green, printJson, red, safe, tell, yellow } from '../output.ts'
import { requireFreeFile } from '../free.ts'
import { tracePage } from '../trace-page.ts'
import { folderFor, unwritten } from '../written.ts'
import { showStandings } from './stand.ts'

const markOf = ({ holds }: TraceCheck): string => (holds === null ? yellow('–') : holds ? green('✓') : red('✗'))

export function traceText({ steps, held, broken, open }: TraceView): string {
  const lines = steps.flatMap(({ title, facts, checks }) => [
    bold(title),
    ...facts.map(({ name, value }) => `    ${dim(safe(name))} ${safe(value)}`),
    ...checks.map(check => `  ${markOf(check)} ${safe(check.what)}: ${safe(check.found)}`),
    ''
  ])
  const rest = open === 0 ? '' : `, ${open} could not be looked at here`
  return [...lines, `${held} links hold, ${broken} ${broken === 1 ? 'does' : 'do'} not${rest}`].join('\n')
}

interface TraceFlags extends CallFlags {
  html?: string
  force?: boolean
}

/** That the page can be written is known before minutes of looking, not after them. */
async function prepare({ html, force }: TraceFlags): Promise<void> {
  if (html === undefined) return
  requireFreeFile(html, { flag: '--html', force })
  await folderFor(html, '--html')
}

/** As text, as JSON, or as a page in a file; what does not hold is an exit code of its own. */
async function report(flags: TraceFlags, looked: (api: ApiClient) => Promise<TraceView>): Promise<void> {
  await prepare(flags)
  const view = await looked(await connect(flags))
  if (flags.html !== undefined) {
    await writeFile(flags.html, tracePage(view)).catch((error: unknown) => {
      throw unwritten(error, flags.html ?? '')
    })
    tell(`written to ${flags.html}`)
  }
  if (flags.json === true) printJson(view)
  else console.log(traceText(view))
  if (view.broken > 0) process.exitCode = 2
}

const withPage = (cmd: Command): Command =>
  connected(cmd)
    .option('--html <file>', 'write a page that stands alone: no script, nothing from elsewhere')
    .option('--force', 'write over what stands there')

export function traceCommand(): Command {
  return withPage(
    command({
      name: 'trace',
      summary: 'from an answer to rows, votes, version, training, weights, epoch and transaction; each link checked',
      examples: ['tilth trace 0x3f2a…', 'tilth trace 0x3f2a… --html answer.html --as client']
    })
  )
    .argument('<receipt>', 'its id, or the beginning of one')
    .action(
      guarded(async (receipt: string, flags: TraceFlags) => {
        await report(flags, api => api.call('trace', { params: { id: receipt } }))
      })
    )
}

export function auditCommand(): Command {
  return withPage(
    command({
      name: 'audit',
      summary: 'repeat what stands behind a receipt, an epoch or a model, from CIDs, on this machine',
      examples: [
        'tilth audit receipt 0x3f2a… --as client',
        'tilth audit epoch elements 1',
        'tilth audit model elements --steps 50',
        'tilth audit worker 0x7099…'
      ]
    })
  )
    .argument('<kind>', 'receipt, epoch, model or worker')
    .argument('<id>', 'an id, the beginning of one, or a name; of an epoch its Datanet; of a worker its account')
    .argument('[number]', 'of an epoch')
    .option('--sibling <n>', 'of a model: which sibling is trained again; drawn unless given')
    .option(
      '--segment <n>',
      'of a model: which of its segments is run again from a committed state; drawn unless given'
    )
    .option('--steps <n>', 'of a model: how many steps of its training, from the first', '20')
    .action(
      guarded(
        async (
          kind: string,
          id: string,
          number: string | undefined,
          flags: TraceFlags & { sibling?: string; segment?: string; steps: string }
        ) => {
          // [reject] A number says which epoch, and nothing else has one.
          if (number !== undefined && kind !== 'epoch')
            throw new InvalidError('flag.audit', `${number} is too much: only an epoch has a number`, {
              help: 'Say `tilth audit epoch DATANET NUMBER`, or leave the number away.'
            })
          if (kind === 'worker') return showStandings(flags, id)
          const body = bodyOf(kind, id, number, flags)
          await report(flags, api => api.call('audit', { body }))
        }
      )
    )
}

/** [reject] What is to be audited is one of four things. @throws InvalidError `flag.audit` */
function bodyOf(
  kind: string,
  id: string,
  number: string | undefined,
  { sibling, segment, steps }: { sibling?: string; segment?: string; steps: string }
) {
  if (kind === 'receipt') return { kind, id } as const
  if (kind === 'epoch') {
    if (number === undefined)
      throw new InvalidError('flag.audit', `which epoch of ${id} is to be audited is not said`, {
        help: `Say \`tilth audit epoch ${id} 1\`, for example; \`tilth epoch list\` shows those there are.`
      })
    return { kind, id, epoch: wholeNumber(number, 'the epoch', { least: 1, most: 4_294_967_295 }) } as const
  }
  if (kind !== 'model')
    throw new InvalidError('flag.audit', `${kind} is nothing that can be audited`, {
      help:
        'Say `tilth audit receipt ID`, `tilth audit epoch DATANET NUMBER`, `tilth audit model NAME` or ' +
        '`tilth audit worker ACCOUNT`.'
    })
  return {
    kind,
    id,
    steps: wholeNumber(steps, '--steps', { least: 1, most: 10_000 }),
    ...(sibling === undefined ? {} : { sibling: wholeNumber(sibling, '--sibling', { least: 1, most: 4096 }) }),
    ...(segment === undefined ? {} : { segment: wholeNumber(segment, '--segment', { least: 0, most: 64 }) })
  } as const
}
