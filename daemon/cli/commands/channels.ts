import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { NotFoundError } from '../../../protocol/primitives/index.ts'
import type { ApiClient, ChannelView } from '../../api/contract/index.ts'
import { command, connected, guarded, listing, show, showList } from '../command.ts'
import type { CallFlags, ListFlags } from '../command.ts'
import { dim, duration, safe, short, table, tokens } from '../output.ts'

const pollMs = 1_000

/** What comes back of a channel, and when. */
function returned({ role, state, left, returnsAt }: ChannelView): string {
  if (returnsAt === null) return `${tokens(left)} ${role === 'client' ? 'came back' : 'went back to its client'}`
  const seconds = Math.ceil((returnsAt - Date.now()) / 1000)
  const how = state === 'open' ? ', or sooner by `tilth channel close`' : ''
  return `${tokens(left)} ${seconds > 0 ? `in ${duration(seconds)}` : 'now'}${how}`
}

function listText(channels: readonly ChannelView[]): string {
  if (channels.length === 0) return 'no channels: a client opens one with its first question to a worker'
  const paying = channels.filter(({ role, state }) => role === 'client' && state !== 'closed')
  const sum = (of: (channel: ChannelView) => string): string =>
    tokens(paying.reduce((total, channel) => total + BigInt(of(channel)), 0n))
  return [
    table(
      ['channel', 'as', 'with', 'model', 'state', 'deposited', 'promised', 'owed', 'claimed', 'what comes back'],
      channels.map(channel => [
        short(channel.id),
        channel.role,
        short(channel.role === 'client' ? channel.worker : channel.client),
        channel.modelName === '' ? short(channel.model) : safe(channel.modelName),
        channel.code === undefined ? channel.state : `${channel.state}: ${safe(channel.code)}`,
        tokens(channel.deposit),
        tokens(channel.promised),
        channel.unsigned.answers === 0
          ? ''
          : `${tokens(channel.unsigned.fee)} for ${channel.unsigned.answers} not signed for`,
        tokens(channel.claimed),
        channel.role === 'client' ? returned(channel) : dim('to its client')
      ]),
      [5, 6, 8]
    ),
    ...(paying.length === 0
      ? []
      : ['', `paid in ${sum(({ deposit }) => deposit)}, of which ${sum(({ left }) => left)} is promised to nobody`])
  ].join('\n')
}

/** Tells what is waited for. @returns the channel once it is closed */
async function untilBack(api: ApiClient, id: ChannelView['id'], tell: (text: string) => void): Promise<ChannelView> {
  for (let said: ChannelView['state'] | undefined; ;) {
    // The daemon takes back what is left by itself.
    let channel: ChannelView | undefined
    for await (const one of api.all('channels')) if (one.id === id && one.role === 'client') channel = one
    if (channel === undefined) throw new NotFoundError('close.unknown', `channel ${id} is gone`)
    if (channel.state === 'closed') return channel
    if (channel.state !== said) tell(`${channel.state}: ${returned(channel)}`)
    said = channel.state
    await sleep(pollMs)
  }
}

export function channelCommand(): Command {
  const parent = command({
    name: 'channel',
    summary: 'payment channels: what is deposited, promised and owed, and getting back the rest',
    examples: ['tilth channel list', 'tilth channel close 0x12ab34 --wait']
  })
  parent.addCommand(
    listing(
      connected(
        command({
          name: 'list',
          summary: 'channels that this daemon pays by, and those that pay it',
          examples: ['tilth channel list', 'tilth channel list --all --json', 'tilth channel list --as worker-1']
        })
      )
    )
      .option('--all', 'closed ones too')
      .action(
        guarded(async (flags: ListFlags & { all?: boolean }) => {
          const closed = flags.all === true ? 'true' : 'false'
          await showList(flags, (api, page) => api.call('channels', { params: { ...page, closed } }), listText)
        })
      )
  )
  parent.addCommand(
    connected(
      command({
        name: 'close',
        summary:
          'end a channel. Client: what no voucher has promised comes back; the worker has a window to claim ' +
          'the rest. Worker: what it owes is claimed, and the rest goes back at once',
        examples: [
          'tilth channel close 0x12ab34',
          'tilth channel close 0x12ab34 --wait',
          'tilth channel close 0x12ab34 --as worker-1'
        ]
      })
    )
      .argument('<channel>', 'its id, or the first characters of it')
      .option('--wait', 'until the window is over and the rest is back')
      .action(
        guarded(async (wanted: string, flags: CallFlags & { wait?: boolean }) => {
          await show(
            flags,
            async api => {
              const first = await api.call('closeChannel', { params: { id: wanted } })
              if (flags.wait !== true || first.channel.state === 'closed') return first
              return { ...first, channel: await untilBack(api, first.channel.id, text => console.error(dim(text))) }
            },
            ({ channel, transaction }) =>
              [
                `${short(channel.id)} is ${channel.state}: ${returned(channel)}`,
                ...(channel.role === 'worker' ? [`it paid ${tokens(channel.claimed)}, split as its model says`] : []),
                ...(channel.state === 'closed'
                  ? []
                  : [dim('the daemon takes it back by itself then; --wait stays until it has')]),
                ...(transaction === null ? [] : [`transaction ${transaction}`])
              ].join('\n')
          )
        })
      )
  )
  return parent
}
