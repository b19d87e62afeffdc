import type { MachineView, StatusView } from '../../daemon/api/contract/index.ts'
import { durationText, manyText, plainAmount } from '../formats/index.ts'

type Standing = Pick<
  StatusView,
  'roles' | 'away' | 'peers' | 'serving' | 'servingAll' | 'reach' | 'chain' | 'uptimeSeconds'
>

const isWorker = ({ roles }: Pick<StatusView, 'roles'>): boolean => roles.includes('worker')

/** What is so at this node, in a sentence: for who lends a machine, whether it earns. */
export function nodeTitle(status: Standing, machine: Pick<MachineView, 'lately' | 'queue'> | undefined): string {
  if (status.peers === 0) return 'This node is alone: nobody is connected to it'
  if (!isWorker(status)) return `This node is ${listed(status.roles)}, with ${manyText(status.peers, 'peer')}`
  if (status.away !== null) return 'This machine takes on no new work now'
  const { queue, lately } = machine ?? {}
  if (queue !== undefined && queue.training > 0) return 'This machine is training a model'
  if (lately !== undefined && lately.earned !== '0')
    return `This machine earned ${plainAmount(lately.earned)} TILTH ${withinText(lately.seconds)}`
  if (queue !== undefined && queue.running > 0) return `This machine is giving ${manyText(queue.running, 'answer')}`
  const whole = status.servingAll?.length ?? 0
  if (whole > 0) return `This machine offers every model over ${manyText(whole, 'base')} and waits for questions`
  return status.serving.length === 0
    ? 'This machine can earn, and offers nothing yet'
    : `This machine offers ${manyText(status.serving.length, 'model')} and waits for questions`
}

/** within the hour, or since the start if that was later. */
export const withinText = (seconds: number): string =>
  seconds >= 3590 ? 'within the hour' : `in ${durationText(seconds)}, since its start`

/** host, validator and builder */
const listed = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`

const reached: Readonly<Record<StatusView['reach']['state'], string>> = {
  open: 'Others can dial it',
  relayed: 'Others reach it through a relay',
  closed: 'Others cannot dial it',
  unknown: 'Whether others can dial it is not known yet',
  local: 'It is on a network of this machine alone'
}
const followed: Readonly<Record<StatusView['chain']['state'], string>> = {
  starting: 'the chain is being looked for',
  reading: 'the chain is being read',
  following: 'the chain is followed',
  waiting: 'the chain does not answer',
  diverged: 'the chain is another one than before'
}

/** How it stands with others and with the chain, under the title. */
export const nodeLead = ({ reach, chain, uptimeSeconds }: Standing): string =>
  `${reached[reach.state]}, ${followed[chain.state]}, and it has been up for ${durationText(uptimeSeconds)}.`
