import { mostUpstream, upstreamParts, type Upstream } from '../../../protocol/contracts/index.ts'
import { zeroHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { ChainEventOf } from '../events/index.ts'
import type { Apply, Draft } from './draft.ts'
import { earn } from './income.ts'
import { emptyPool, placeOf } from './records.ts'
import { mostDeposits } from './channel-records.ts'
import type { ChannelRecord } from './channel-records.ts'
import type { Tables } from './records.ts'
import { total } from './totals.ts'

/** The models above one, the nearest first, as far as its fees reach. */
async function lineAbove(from: Hex | undefined, draft: Draft, { models }: Tables): Promise<Upstream[]> {
  const line: Upstream[] = []
  for (let model = from; model !== undefined && line.length < mostUpstream;) {
    const known = await draft.get(models, model)
    if (known === undefined) break
    const { builder, registration } = known
    line.push({ model, builder, datanet: registration.datanet, split: registration.split })
    model = registration.upstream
  }
  return line
}

/**
 * What went upstream with a claim, as the contract divides it. An account that has several of the models is paid for
 * the nearest one, all of it. What came to a pool stands there as a gift: no answer of its own models brought it.
 */
async function paidUpstream(
  event: ChainEventOf<'ChannelClaimed'>,
  from: Hex | undefined,
  draft: Draft,
  tables: Tables
): Promise<void> {
  const parts = upstreamParts(event.toUpstream, await lineAbove(from, draft, tables))
  const due = new Map<Address, { of: Hex; amount: bigint }>()
  for (const { model: of, builder, toBuilder, toData } of parts) {
    await total({ builders: toBuilder, data: toData }, draft, tables)
    const before = due.get(builder)
    due.set(builder, { of: before?.of ?? of, amount: (before?.amount ?? 0n) + toBuilder })
  }
  for (const [account, { of, amount }] of due)
    await earn(event, { account, kind: 'upstream', amount, of }, draft, tables)
}

async function change(
  id: Hex,
  draft: Draft,
  { channels }: Tables,
  edit: (channel: ChannelRecord) => Partial<ChannelRecord>
): Promise<string | undefined> {
  const known = await draft.get(channels, id)
  if (known === undefined) return `channel ${id} was never opened`
  await draft.put(channels, id, { ...known, ...edit(known) })
  return undefined
}

/** Payment channels, and what of them was paid out. */
export const applyChannels = {
  async ChannelOpened(event, draft, tables) {
    const { channels, channelsBy } = tables
    const { channel: id, client, worker, model, deposit, expiry, block } = event
    const place = placeOf(event)
    await draft.put(channels, id, {
      id,
      client,
      worker,
      model,
      deposit,
      claimed: 0n,
      data: 0n,
      expiry,
      closesAt: 0n,
      closed: false,
      block,
      deposits: [{ block, deposit }]
    })
    for (const key of [`client/${client}`, `worker/${worker}`, `model/${model}`])
      await draft.put(channelsBy, `${key}/${place}`, id)
    await total({ channels: 1n }, draft, tables)
  },
  ChannelToppedUp: ({ channel, deposit, block }, draft, tables) =>
    change(channel, draft, tables, ({ deposits }) => ({
      deposit,
      // Anybody may add to a deposit, many times in a block: what was relied on before stays known.
      deposits: [...deposits.filter(one => one.block !== block), { block, deposit }].slice(-mostDeposits)
    })),
  async ChannelClaimed(event, draft, tables) {
    const { channel, claimed, toWorker, toBuilder, toData, toUpstream } = event
    await total({ workers: toWorker, builders: toBuilder, data: toData }, draft, tables)
    const paying = await draft.get(tables.channels, channel)
    if (paying !== undefined) {
      const { worker, model: of } = paying
      await earn(event, { account: worker, kind: 'serving', amount: toWorker, of }, draft, tables)
      const model = await draft.get(tables.models, of)
      if (model !== undefined) {
        await earn(event, { account: model.builder, kind: 'building', amount: toBuilder, of }, draft, tables)
        await paidUpstream(event, model.registration.upstream, draft, tables)
        const pool = model.registration.datanet
        const known = (await draft.get(tables.pools, pool)) ?? emptyPool(pool)
        if (toData > 0n) await draft.put(tables.pools, pool, { ...known, fees: known.fees + toData })
        const line = { claimed, data: paying.data + toData, block: event.block }
        if (pool !== zeroHash) await draft.put(tables.channelClaims, `${channel}/${placeOf(event)}`, line)
      }
    }
    let missing: string | undefined
    const unknown = await change(channel, draft, tables, before => {
      if (before.claimed + toWorker + toBuilder + toData + toUpstream !== claimed)
        missing = `a claim from ${channel} is missing`
      return { claimed, data: before.data + toData }
    })
    return unknown ?? missing
  },
  ChannelClosing: ({ channel, closesAt }, draft, tables) => change(channel, draft, tables, () => ({ closesAt })),
  ChannelClosed: ({ channel }, draft, tables) => change(channel, draft, tables, () => ({ closed: true }))
} as const satisfies {
  [N in 'ChannelOpened' | 'ChannelToppedUp' | 'ChannelClaimed' | 'ChannelClosing' | 'ChannelClosed']: Apply<N>
}
