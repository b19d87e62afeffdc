import type { Command } from 'commander'
import { automationText } from '../automation.ts'
import { clockFault, clockHelp, reachText } from '../reach.ts'
import { command, connected, guarded, listing, show, showList } from '../command.ts'
import { auditAdvice, shareAdvice } from '../model/text.ts'
import { gasAdvice, stakeAdvice } from '../money.ts'
import type { StatusView } from '../../api/contract/index.ts'
import type { CallFlags, ListFlags } from '../command.ts'
import { dim, duration, safe, short, table, tokens, yellow } from '../output.ts'

const line = (label: string, text: string, advice?: string): string =>
  `${label.padEnd(9)}${text}${advice === undefined ? '' : `\n         ${yellow(advice)}`}`

const awayText = ({ why, until }: NonNullable<StatusView['away']>): string =>
  `${why}${until === null ? '' : `, until ${new Date(until).toLocaleString()}`}`

/** What is offered here and for how much: whole bases first. */
function served({ serving, servingAll = [] }: StatusView): string {
  const pace = (one: (typeof serving)[number]): string =>
    `${tokens(one.inputPrice)} + ${tokens(one.outputPrice)} a token, ${one.tokensPerSecond} tokens/s`
  const all = [
    ...servingAll.map(one => `every model over the base of ${safe(one.name)}  ${pace(one)}`),
    ...serving.map(one => `${safe(one.name)}  ${dim(short(one.model))}  ${pace(one)}`)
  ]
  return all.length === 0 ? 'nothing' : all.join('\n         ')
}

/** One screen: who this is, whether it is reached, what it has, what it does, and what its owner should do. */
export function statusText(status: StatusView): string {
  const worker = status.roles.includes('worker')
  const { activity } = status
  const reached = reachText(status.reach)
  const clock = clockFault(status.clock)
  const hour = activity.seconds >= 3600 ? 'in the last hour' : `in the ${duration(activity.seconds)} since the start`
  return [
    line('node', `${status.address}  ${dim(status.peerId)}`),
    line('roles', status.roles.join(', ')),
    line('peers', String(status.peers), status.peers === 0 ? 'No peer is connected: check --bootstrap.' : undefined),
    line('listens', status.addresses.join('\n         ')),
    line('reached', [reached.summary, ...reached.lines].join('\n         '), status.reach.help),
    ...(clock === undefined ? [] : [line('clock', clock, clockHelp)]),
    line('chain', `${status.chain.id} at block ${status.chain.block}, ${status.chain.rpc}`),
    line('gas', `${tokens(status.gas)} coin, about ${status.transactions} transactions`, gasAdvice(status)),
    line('balance', `${tokens(status.balance)} tokens, stake ${tokens(status.stake)}`, stakeAdvice(status)),
    ...(worker
      ? [
          ...(status.away === null ? [] : [line('away', awayText(status.away))]),
          line(
            'serves',
            served(status),
            served(status) === 'nothing'
              ? 'Offer a registered model with `tilth serve <model>`; `tilth models` lists them.'
              : undefined
          ),
          line(
            'answers',
            `${activity.requests} ${hour}: ${activity.tokens} tokens, ${tokens(activity.fees)} earned; ` +
              `${activity.free} more could begin now`
          ),
          line(
            'waits',
            `${tokens(status.owed)} in vouchers, ${tokens(status.claimable)} from data`,
            BigInt(status.owed) + BigInt(status.claimable) > 0n
              ? '`tilth claim` brings it to the payout address.'
              : undefined
          ),
          line(
            'no bid',
            status.declined.length === 0
              ? 'for no job lately'
              : status.declined
                  .map(one => `${dim(short(one.job))}  ${safe(one.reason)}\n         ${yellow(one.help)}`)
                  .join('\n         ')
          )
        ]
      : []),
    ...(status.unweighed ?? []).map(model =>
      line('model', `${safe(model.name)}  ${dim(model.id)}`, shareAdvice(model))
    ),
    ...(status.unaudited ?? []).map(model =>
      line('model', `${safe(model.name)}  ${dim(model.id)}`, auditAdvice(model).join(''))
    ),
    ...(status.foundOut ?? []).map(one =>
      line(
        'lost',
        one.taken === '0'
          ? `clients, in ${dim(one.datanet)}`
          : `${tokens(one.taken)} tokens of stake, in ${dim(one.datanet)}`,
        'Scorers found answers of this node that are by other weights than it offered, and clients pass it over ' +
          'there for thirty days. See `tilth audit worker`; where it stood it can again once its stake could have left.'
      )
    ),
    line('does', status.automation.map(one => automationText(one, Date.now())).join('\n         ')),
    line('up', `${duration(status.uptimeSeconds)}, version ${status.version}`)
  ].join('\n')
}

export function statusCommand(): Command {
  return connected(
    command({
      name: 'status',
      summary: 'who this daemon is and how it stands',
      examples: ['tilth status', 'tilth status --as worker-1 --json']
    })
  ).action(
    guarded(async (flags: CallFlags) => {
      await show(flags, api => api.call('status'), statusText)
    })
  )
}

export function peersCommand(): Command {
  return listing(connected(command({ name: 'peers', summary: 'connected peers', examples: ['tilth peers'] }))).action(
    guarded(async (flags: ListFlags) => {
      await showList(
        flags,
        (api, params) => api.call('peers', { params }),
        peers =>
          peers.length === 0
            ? 'no peers connected'
            : table(
                ['peer', 'account'],
                peers.map(peer => [peer.peerId, peer.address])
              )
      )
    })
  )
}
