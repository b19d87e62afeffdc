import type { Command } from 'commander'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import type { ApiClient, RosterView } from '../../api/contract/index.ts'
import { checkAddress, command, connected, guarded, show, wholeNumber } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { dim, red, short, table, tokens } from '../output.ts'
import { findDatanet } from './find-datanet.ts'

type Members = { address: Address; weight: number }[]
type Next = RosterView['next'][number]

const rosterOf = async (api: ApiClient, wanted: string | undefined): Promise<RosterView> =>
  api.call('roster', { params: { id: (await findDatanet(api, wanted)).id } })

const nextText = ({ id, validators, consent, against, silentAt }: Next): string =>
  [
    `${short(id)}  ${validators.map(({ address, weight }) => `${short(address)} (${weight})`).join(', ')}`,
    `  weight for it ${consent}, against it ${against}` +
      (silentAt === null ? '' : `; seated if too few are against it by ${new Date(silentAt).toISOString()}`)
  ].join('\n')

const rosterText = ({ number, validators, due, next }: RosterView): string => {
  const members = table(
    ['validator', 'weight', 'at stake', 'on its way out', 'double votes'],
    validators.map(({ address, weight, stake, unbonding, doubleVotes }) => [
      address,
      String(weight),
      tokens(stake),
      tokens(unbonding),
      doubleVotes === 0 ? '' : red(String(doubleVotes))
    ]),
    [1, 2, 3, 4]
  )
  if (number === 1 && next.length === 0 && due === undefined) return members
  const anew =
    due === undefined ? [] : [dim(`weighed by what is at stake now: ${due.join(', ')} (tilth datanet roster weigh)`)]
  return [members, dim(`roster ${number}`), ...anew, ...next.map(one => `put forward: ${nextText(one)}`)].join('\n')
}

/** The one that was meant, by the beginning of its id; the only one where none is named. @throws InvalidError */
function meant(next: readonly Next[], wanted: string | undefined): Next {
  const found = next.filter(({ id }) => id.startsWith(wanted ?? ''))
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  throw new InvalidError(
    'roster.which',
    only === undefined ? 'no such roster was put forward' : 'several rosters were put forward: say which',
    { help: '`tilth datanet roster NAME` shows them.' }
  )
}

const put = async (
  api: ApiClient,
  wanted: string | undefined,
  change: (now: Members) => Members
): Promise<{ succession: string; silentAt: number | null }> => {
  const { datanet, validators } = await rosterOf(api, wanted)
  const now = validators.map(({ address, weight }) => ({ address: checkAddress(address), weight }))
  return api.call('proposeRoster', { params: { id: datanet }, body: { validators: change(now) } })
}
const putText = ({ succession, silentAt }: { succession: string; silentAt: number | null }): string =>
  `put forward as ${succession}: it is seated once more than two thirds of the weight accept it` +
  (silentAt === null ? '' : `, or at ${new Date(silentAt).toISOString()} if no more than a third refuses it`)

/** A Datanet's validators, and how they follow one another. */
export function rosterCommand(): Command {
  const parent = connected(
    command({
      name: 'roster',
      summary: 'its validators: weights, what each has at stake, double votes seen; and who may follow them',
      examples: ['tilth datanet roster elements', 'tilth datanet roster add elements 0xabc… --weight 2']
    })
  )
    .argument('[datanet]', 'id, prefix of one, or name')
    .action(
      guarded(async (wanted: string | undefined, flags: CallFlags) => {
        await show(flags, async api => rosterOf(api, wanted), rosterText)
      })
    )
  parent.addCommand(
    connected(
      command({
        name: 'add',
        summary: 'put forward the roster that sits with one validator more, or with another weight (host, validator)',
        examples: ['tilth datanet roster add elements 0xabc… --weight 2']
      })
    )
      .argument('<datanet>', 'id, prefix of one, or name')
      .argument('<validator>', 'an account, staked by the time it is seated')
      .option('--weight <n>', 'of its votes', '1')
      .action(
        guarded(async (wanted: string, validator: string, flags: CallFlags & { weight: string }) => {
          const address = checkAddress(validator)
          const weight = wholeNumber(flags.weight, '--weight', { least: 1, most: 1_000_000 })
          await show(
            flags,
            api => put(api, wanted, now => [...now.filter(one => one.address !== address), { address, weight }]),
            putText
          )
        })
      )
  )
  parent.addCommand(
    connected(
      command({
        name: 'remove',
        summary: 'put forward the roster that sits without one of its validators (host, validator)',
        examples: ['tilth datanet roster remove elements 0xabc…']
      })
    )
      .argument('<datanet>', 'id, prefix of one, or name')
      .argument('<validator>', 'an account')
      .action(
        guarded(async (wanted: string, validator: string, flags: CallFlags) => {
          const address = checkAddress(validator)
          const without = (now: Members): Members => {
            // [reject] Who does not sit cannot be left out: most often it is mistyped.
            if (!now.some(one => one.address === address))
              throw new InvalidError('roster.absent', `${address} does not sit there`, {
                help: `Nothing was sent. Who does: tilth datanet roster ${wanted}`
              })
            return now.filter(one => one.address !== address)
          }
          await show(flags, api => put(api, wanted, without), putText)
        })
      )
  )
  for (const consents of [true, false])
    parent.addCommand(
      connected(
        command({
          name: consents ? 'accept' : 'refuse',
          summary: consents
            ? 'be for a roster that was put forward (validator); the last one that was missing seats it'
            : 'be against one that was put forward, and so say that this validator is alive',
          examples: [`tilth datanet roster ${consents ? 'accept' : 'refuse'} elements`]
        })
      )
        .argument('<datanet>', 'id, prefix of one, or name')
        .argument('[roster]', 'beginning of its id, where several were put forward')
        .action(
          guarded(async (wanted: string, which: string | undefined, flags: CallFlags) => {
            await show(
              flags,
              async api => {
                const { datanet: id, next } = await rosterOf(api, wanted)
                const body = { succession: meant(next, which).id, consents }
                return api.call('speakOnRoster', { params: { id }, body })
              },
              ({ seated }) => (seated === null ? 'said' : `roster ${seated} sits now`)
            )
          })
        )
    )
  parent.addCommand(
    connected(
      command({
        name: 'weigh',
        summary: 'weigh its seats by what they have staked now, where they weigh by stake; anyone may',
        examples: ['tilth datanet roster weigh elements']
      })
    )
      .argument('<datanet>', 'id, prefix of one, or name')
      .action(
        guarded(async (wanted: string, flags: CallFlags) => {
          await show(
            flags,
            async api => api.call('weighRoster', { params: { id: (await findDatanet(api, wanted)).id } }),
            ({ roster }) => `roster ${roster} sits now: the same seats, weighed anew`
          )
        })
      )
  )
  parent.addCommand(
    connected(
      command({
        name: 'seat',
        summary: 'seat a roster that was decided on, or that a dead one did not answer in time',
        examples: ['tilth datanet roster seat elements']
      })
    )
      .argument('<datanet>', 'id, prefix of one, or name')
      .argument('[roster]', 'beginning of its id, where several were put forward')
      .action(
        guarded(async (wanted: string, which: string | undefined, flags: CallFlags) => {
          await show(
            flags,
            async api => {
              const { datanet: id, next } = await rosterOf(api, wanted)
              return api.call('seatRoster', { params: { id }, body: { succession: meant(next, which).id } })
            },
            ({ roster }) => `roster ${roster} sits now`
          )
        })
      )
  )
  return parent
}
