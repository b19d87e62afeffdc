import type { StatusView } from '../api/contract/index.ts'
import type { Finding } from './finding.ts'
import { plural } from './output.ts'

/** What a running daemon found out about the RPC of its chain: how far it is, what it allows, what it left out. */
export function chainFindings({ chain }: StatusView): Finding[] {
  const { state, read, error, provider } = chain
  const behind = BigInt(chain.block) - BigInt(read ?? '0')
  const well = state === 'following' || state === 'reading'
  const limits = [
    ...(provider.rangeCap === undefined ? [] : [`gives the events of at most ${provider.rangeCap} blocks at once`]),
    ...(provider.resultCap === undefined ? [] : [`cuts answers at ${plural(provider.resultCap, 'event')}`]),
    ...(provider.short === 0 ? [] : [`left events out ${plural(provider.short, 'time')}`]),
    ...(provider.inconsistent === 0 ? [] : [`contradicted itself ${plural(provider.inconsistent, 'time')}`]),
    ...(provider.answerMs < 4_000 ? [] : [`takes ${(provider.answerMs / 1000).toFixed(1)} s for an answer`])
  ]
  return [
    {
      check: 'chain',
      ok: well,
      required: false,
      found: well
        ? `read up to block ${read ?? '?'}, ${plural(Number(behind), 'block')} behind the head`
        : `${state} at block ${read ?? '?'}: ${error ?? 'no reason is known'}`,
      help:
        state === 'diverged'
          ? 'Check that the RPC is of the same chain as before; if it is, start with an empty data folder and the ' +
            'same key.'
          : 'Check the RPC URL and that the RPC answers; the daemon goes on by itself once it does.'
    },
    {
      check: "the chain's RPC",
      ok: provider.missing === 0 && provider.short === 0 && provider.inconsistent === 0,
      required: false,
      found:
        provider.missing > 0
          ? `never gave ${plural(provider.missing, 'event')} that must be there`
          : limits.length === 0
            ? 'gives what is asked for'
            : limits.join('; '),
      help:
        provider.missing > 0
          ? 'Use another RPC: what this node knows of the chain has gaps.'
          : 'The daemon lives with it, more slowly; another RPC, or one of your own, serves better.'
    }
  ]
}
