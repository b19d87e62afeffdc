import type { Command } from 'commander'
import { parseHeldOut } from '../../../protocol/data/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { plain } from '../../api/contract/json.ts'
import type { ApiClient, BatchView, DatanetView, QuestionsView } from '../../api/contract/index.ts'
import { openKeystore, openingPassphrase } from '../../keys/index.ts'
import { signQuestions } from '../../sign-questions.ts'
import { checkAddress, collect, command, connected, guarded, show } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { findDatanet } from '../commands/find-datanet.ts'
import { dim, red, safe, short } from '../output.ts'
import { mapHelp, readAllLines } from '../rows-file.ts'

const questionsOf = async (api: ApiClient, wanted: string | undefined): Promise<QuestionsView> =>
  api.call('questions', { params: { id: (await findDatanet(api, wanted)).id } })

const stateText = {
  asked: 'asked: its validators decide',
  refused: 'refused',
  void: 'void: other validators sit by now',
  sealed: 'sealed until its version is anchored',
  due: 'to be opened: its version is anchored',
  open: 'open',
  spent: 'spent: a later version is anchored',
  lost: 'not opened in time: it judges nothing'
} as const

const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

function batchText({ batch, writer, state, version, questions, consent, against, total, fault }: BatchView): string {
  const size = questions === null ? 'questions' : many(questions, 'question')
  return [
    `${short(batch)}  ${size} by ${short(writer)}, ${stateText[state]}` +
      (version === null ? '' : ` (version ${version})`),
    ...(state === 'asked' ? [dim(`  weight for it ${consent} of ${total}, against it ${against}`)] : []),
    ...(fault === null
      ? []
      : [`  ${fault.question === undefined ? '' : `question ${fault.question}: `}${red(safe(fault.words))}`])
  ].join('\n')
}

function judgingText({ judging }: QuestionsView): string[] {
  if (judging === null) return []
  const { version, batches, open, writers } = judging
  if (writers === null)
    return open === batches
      ? [`version ${version} cannot be had here at the moment, to say who wrote what judges it`]
      : [`version ${version} is judged by ${batches} batches, of which ${open} are open: it waits for the others`]
  const all = writers.reduce((sum, { questions }) => sum + questions, 0)
  return [
    `version ${version} is judged by ${many(all, 'question')}: ` +
      writers
        .map(({ writer, questions }) => `${questions} by ${writer === null ? 'its founder, public' : short(writer)}`)
        .join(', ')
  ]
}

const listText = (view: QuestionsView): string =>
  [
    ...judgingText(view),
    ...(view.batches.length === 0
      ? ["no sealed questions were put: its founder's file judges its versions"]
      : view.batches.map(batchText))
  ].join('\n')

/** The one that was meant, by the beginning of its id; the only one in such a state where none is named. */
function meant({ batches }: QuestionsView, wanted: string | undefined, state: BatchView['state'] | undefined): string {
  const found = batches.filter(
    one => (wanted !== undefined || state === undefined || one.state === state) && one.batch.startsWith(wanted ?? '')
  )
  const [only] = found
  if (only !== undefined && found.length === 1) return only.batch
  throw new InvalidError(
    'batch.which',
    only === undefined ? 'no such questions were put' : 'several batches were put: say which',
    { help: '`tilth datanet held-out list NAME` shows them.' }
  )
}

function onOne(
  [name, summary]: readonly [string, string],
  state: BatchView['state'] | undefined,
  act: (api: ApiClient, id: string, batch: string) => Promise<string>
): Command {
  return connected(command({ name, summary, examples: [`tilth datanet held-out ${name} elements 0x3f2a`] }))
    .argument('<datanet>', 'id, prefix of one, or name')
    .argument('[batch]', 'beginning of its id, where there are several')
    .action(
      guarded(async (wanted: string, which: string | undefined, flags: CallFlags) => {
        await show(
          flags,
          async api => {
            const found = await questionsOf(api, wanted)
            return { said: await act(api, found.datanet, meant(found, which, state)) }
          },
          ({ said }) => said
        )
      })
    )
}

const speak = (consents: boolean) => async (api: ApiClient, id: string, batch: string) => {
  const { version } = await api.call('speakOnQuestions', { params: { id }, body: { batch, consents } })
  return version === null ? 'said' : `accepted: they judge version ${version}`
}

interface WriteFlags extends CallFlags {
  map?: string[]
  key?: string
  passphraseFile?: string
  validator?: string[]
}

/** [reject] Whoever knows who sits from elsewhere seals to nobody else, whatever a daemon says. */
function membersOf({ validators }: DatanetView, known: readonly string[] | undefined): Address[] {
  const members = validators.map(({ address }) => address as Address)
  const meant = known?.map(checkAddress)
  if (meant === undefined || (meant.length === members.length && members.every(one => meant.includes(one))))
    return members
  throw new InvalidError('batch.roster', `the daemon says that ${members.join(', ')} sit`, {
    help: 'Nothing was sealed. Look by another daemon who sits.'
  })
}

/** By a key that the daemon never sees: it is sealed and signed here, the daemon brings it. */
async function bring(
  api: ApiClient,
  { id }: DatanetView,
  members: readonly Address[],
  questions: string,
  key: { readonly address: Address; readonly privateKey: Uint8Array }
) {
  const { chain } = await api.call('status')
  const network = { chainId: chain.id, registry: chain.contracts['registry'] as Hex }
  const { roster, seats, deadline } = await api.call('questionSeats', { params: { id } })
  const said = {
    roster,
    seats: seats.map(one => ({ account: one.account as Address, key: one.key as Hex | null })),
    deadline: BigInt(deadline)
  }
  const file = new TextEncoder().encode(questions)
  const signed = signQuestions(network, id as Hex, file, said, members, key)
  const body = { ...signed, statement: plain(signed.statement) }
  const { batch, transaction } = await api.call('bringQuestions', { params: { id }, body })
  return { batch, transaction, questions: parseHeldOut(file).length, sealedTo: members }
}

function writeCommand(): Command {
  return connected(
    command({
      name: 'write',
      summary: 'put held-out questions on chain, sealed to the validators that sit',
      examples: [
        'tilth datanet held-out write elements questions.jsonl',
        'tilth datanet held-out write elements questions.jsonl --key alice.json --passphrase-file alice.txt'
      ]
    })
  )
    .argument('<datanet>', 'id, prefix of one, or name')
    .argument('<file>', 'questions with their answers, in any form that rows have')
    .option('--map <what=column>', mapHelp, collect)
    .option('--key <keystore>', "write under this key instead of the daemon's, which seals them here and pays nothing")
    .option('--passphrase-file <file>', "file with the keystore's passphrase")
    .option(
      '--validator <address>',
      "with --key, each account that sits, as known from elsewhere: without it the daemon's word is taken",
      collect
    )
    .action(
      guarded(async (wanted: string, file: string, flags: WriteFlags) => {
        const questions = await readAllLines(file, flags.map)
        const key =
          flags.key === undefined
            ? undefined
            : await openKeystore(flags.key, await openingPassphrase({ file: flags.passphraseFile }))
        await show(
          flags,
          async api => {
            const net = await findDatanet(api, wanted)
            if (key !== undefined) return bring(api, net, membersOf(net, flags.validator), questions, key)
            const put = await api.call('putQuestions', { params: { id: net.id }, body: { questions } })
            return { ...put, sealedTo: [] }
          },
          ({ batch, questions: count, sealedTo }) =>
            `${many(count, 'question')} put as ${batch}: validators alone read them, until the version that they ` +
            'judge is anchored' +
            (sealedTo.length === 0
              ? ''
              : `\nsealed to ${sealedTo.join(', ')}` +
                (flags.validator === undefined ? ', who sit as this daemon says' : ''))
        )
      })
    )
}

/** Held-out questions in sealed batches: written, read, agreed to and opened. */
export function heldOutCommand(): Command {
  const parent = command({
    name: 'held-out',
    summary: 'held-out questions that nobody can train on: sealed until the version that they judge is anchored',
    examples: ['tilth datanet held-out list elements', 'tilth datanet held-out write elements questions.jsonl']
  })
  parent.addCommand(writeCommand())
  parent.addCommand(
    connected(
      command({
        name: 'list',
        summary: 'what was put, how it stands, and who wrote those that judge the newest version',
        examples: ['tilth datanet held-out list elements']
      })
    )
      .argument('[datanet]', 'id, prefix of one, or name')
      .action(
        guarded(async (wanted: string | undefined, flags: CallFlags) => {
          await show(flags, async api => questionsOf(api, wanted), listText)
        })
      )
  )
  parent.addCommand(
    onOne(['show', 'the questions of a batch: open, or sealed to this validator'], undefined, async (api, id, batch) =>
      (await api.call('batchQuestions', { params: { id, batch } })).questions
        .map(({ messages }) => messages.map(({ role, content }) => `${role}: ${safe(content)}`).join('\n'))
        .join('\n\n')
    )
  )
  parent.addCommand(onOne(['accept', 'be for sealed questions (validator)'], 'asked', speak(true)))
  parent.addCommand(onOne(['refuse', 'be against sealed questions (validator)'], 'asked', speak(false)))
  parent.addCommand(
    onOne(
      ['open', 'show the key of sealed questions, once their version is anchored'],
      'due',
      async (api, id, batch) => {
        await api.call('openQuestions', { params: { id }, body: { batch } })
        return 'opened: everybody can read them from now on'
      }
    )
  )
  return parent
}
