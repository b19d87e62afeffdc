import { Argument } from 'commander'
import type { Command } from 'commander'
import type { Said } from '../../../protocol/data/index.ts'
import type { ChallengeState, ChallengeView, JuryView } from '../../api/contract/index.ts'
import { command, connected, guarded, show } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { dim, green, red, safe, short, table, tokens, yellow } from '../output.ts'

const side = (accepted: boolean): string => (accepted ? green('accepted') : red('rejected'))
const timeOf = (at: number | null): string => (at === null ? '' : ` until ${new Date(at).toISOString()}`)

const stepText = ({ state, commitEnds, revealEnds }: ChallengeView): string =>
  ({
    drawing: 'its jury is being drawn',
    committing: `its jurors commit to their votes${timeOf(commitEnds)}`,
    showing: `its jurors show their votes${timeOf(revealEnds)}`,
    closing: 'its jury is done and is closed in a moment',
    closed: 'its jury has decided, for good'
  })[state]

const jurorText = ({ step, accept }: ChallengeView['jurors'][number]): string =>
  step === 'shown' ? (accept === null ? 'abstained' : side(accept)) : step === 'absent' ? red('absent') : step

function outcomeText({ decided, overturned, returned, deposit, accepted }: ChallengeView): string[] {
  if (decided === null) return []
  const what = `the deposit of ${tokens(deposit)}`
  const money = `${what} ${returned === '0' ? 'was burnt' : 'went back'}`
  // A jury that comes to nothing confirms nothing.
  if (decided === 'nothing') return [`undecided: no two thirds agreed, so it stays ${side(accepted)}; ${money}`]
  return [`${overturned ? 'overturned' : 'confirmed'}: ${side(decided === 'accepted')}; ${money}`]
}

const challengeText = (view: ChallengeView): string =>
  [
    `${view.contribution}, which its validators had ${side(view.accepted)}, was challenged by ${view.challenger}`,
    `  ${safe(view.reason)}`,
    stepText(view),
    ...outcomeText(view),
    ...(view.jurors.length === 0
      ? [dim(`${view.size} of ${view.candidates} are drawn`)]
      : [
          table(
            ['juror', 'vote'],
            view.jurors.map(one => [one.juror, jurorText(one)])
          )
        ])
  ].join('\n')

function stateText({ challenge, deposit, size, candidates, until, why }: ChallengeState): string {
  if (challenge !== null) return challengeText(challenge)
  if (why !== null) return yellow(`it cannot be challenged now: ${why}`)
  return [
    `it can be challenged${timeOf(until)}, for a deposit of ${tokens(deposit)}`,
    `${size} of ${candidates} jurors would be drawn; it comes back if they decide otherwise, and is burnt if not`,
    dim('tilth challenge CONTRIBUTION --reason "what is wrong with the decision"')
  ].join('\n')
}

export function challengeCommand(): Command {
  return connected(
    command({
      name: 'challenge',
      summary: 'have a decision decided once more, by a larger jury drawn by chance; or see how that stands',
      examples: [
        'tilth challenge 0x12…                                # what it costs, how it stands, or why it cannot be',
        'tilth challenge 0x12… --reason "these rows repeat nobody\'s: see lines 3 to 9"'
      ]
    })
  )
    .argument('<contribution>', 'id or beginning of one')
    .option('--reason <text>', 'what is wrong with the decision, for the jurors to read; costs the deposit')
    .action(
      guarded(async (id: string, flags: CallFlags & { reason?: string }) => {
        const { reason } = flags
        if (reason === undefined) await show(flags, api => api.call('challengeOf', { params: { id } }), stateText)
        else await show(flags, api => api.call('challenge', { params: { id }, body: { reason } }), challengeText)
      })
    )
}

const voteText: Readonly<Record<string, string>> = { true: 'accept', false: 'reject', abstain: 'abstain' }

const juryText = ({ seated, seats, duties }: JuryView): string =>
  [
    seated
      ? `this node has one of ${seats} seats among the jurors`
      : `this node has no seat among the ${seats} jurors: tilth jury join`,
    ...(duties.length === 0
      ? ['it is asked nothing now']
      : [
          table(
            ['contribution', 'Datanet', 'was', 'checks say', 'vote', 'now'],
            duties.map(item => [
              short(item.contribution),
              safe(item.datanetName),
              side(item.accepted),
              item.advice === null ? yellow('not yet') : side(item.advice),
              item.vote === null ? yellow('yours is missing') : (voteText[String(item.vote)] ?? ''),
              stepText(item)
            ])
          )
        ])
  ].join('\n')

/** The juror's side: a seat, what is asked, a vote by hand. */
export function juryCommand(): Command {
  const parent = connected(
    command({
      name: 'jury',
      summary: 'what this node is asked as a juror of challenged decisions',
      examples: ['tilth jury', 'tilth jury join', 'tilth jury vote 0x12… reject']
    })
  ).action(
    guarded(async (flags: CallFlags) => {
      await show(flags, api => api.call('jury'), juryText)
    })
  )
  for (const serve of [true, false])
    parent.addCommand(
      connected(
        command({
          name: serve ? 'join' : 'leave',
          summary: serve
            ? 'take a seat among the jurors: the least stake is locked for it, and a tenth lost by who is absent'
            : 'give the seat up; who was drawn already is asked all the same',
          examples: [`tilth jury ${serve ? 'join' : 'leave'}`]
        })
      ).action(
        guarded(async (flags: CallFlags) => {
          await show(flags, api => api.call('serveOnJuries', { body: { serve } }), juryText)
        })
      )
    )
  parent.addCommand(
    connected(
      command({
        name: 'vote',
        summary: 'vote by hand, where this node does not vote by its own checks (tilth review policy manual)',
        examples: ['tilth jury vote 0x12… accept']
      })
    )
      .argument('<contribution>', 'id or beginning of one')
      .addArgument(new Argument('<vote>', 'what you say').choices(['accept', 'reject', 'abstain']))
      .action(
        guarded(async (id: string, vote: 'accept' | 'reject' | 'abstain', flags: CallFlags) => {
          const accept: Said = vote === 'abstain' ? 'abstain' : vote === 'accept'
          await show(
            flags,
            api => api.call('juryVote', { params: { id }, body: { accept } }),
            () => 'said: it is committed to at once and shown with the others'
          )
        })
      )
  )
  return parent
}
