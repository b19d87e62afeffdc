import type { DatanetView, StatusView } from '../../../daemon/api/contract/views.ts'
import { plain } from '../../../daemon/api/contract/json.ts'
import { sealToSeats } from '../../../protocol/data/batch-signed.ts'
import { InvalidError } from '../../../protocol/primitives/errors.ts'
import type { Address, Hex } from '../../../protocol/primitives/hex.ts'
import type { SeatsFound } from '../../chain/index.ts'
import { api } from '../../api/index.ts'
import { networkOf, signByWallet, switchChain } from '../../wallets/index.ts'
import type { Signer } from '../../wallets/index.ts'

const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes))

/**
 * Puts held-out questions on chain: by this daemon's key, or by a wallet, for which they are sealed in this browser, so
 * that the daemon brings what it cannot read. A wallet gives no key to open them again by: its owner keeps the file.
 * @param sitting who sits by the wallet's chain, as its owner has confirmed
 * @throws as the API · as sealToSeats · TilthError `wallet.*`
 */
export async function sendQuestions(
  { id }: DatanetView,
  text: string,
  signer: Signer,
  chain: StatusView['chain'],
  sitting: SeatsFound | undefined
): Promise<void> {
  if (signer.kind !== 'wallet') {
    await api.call('putQuestions', { params: { id }, body: { questions: text } })
    return
  }
  // [reject] They are sealed to nobody whom their owner has not seen.
  if (sitting === undefined)
    throw new InvalidError('batch.roster', 'whom they are sealed to was not confirmed', {
      help: 'Nothing was sealed. Ask the wallet who sits first.'
    })
  await switchChain(signer.wallet, chain)
  const { roster, seats, deadline } = await api.call('questionSeats', { params: { id } })
  const said = {
    roster,
    seats: seats.map(one => ({ account: one.account as Address, key: one.key as Hex | null })),
    deadline: BigInt(deadline)
  }
  // [reject] They are sealed to the roster that sits: what one gives place to another in the meantime is void.
  if (roster !== sitting.roster)
    throw new InvalidError(
      'batch.roster',
      `the daemon names roster ${roster}, and the chain roster ${sitting.roster}`,
      {
        help: 'Nothing was sealed. Try again in a minute, or by another daemon.'
      }
    )
  const members = sitting.members.map(({ address }) => address)
  const of = { datanet: id as Hex, writer: signer.address }
  const now = BigInt(Math.floor(Date.now() / 1000))
  const made = sealToSeats(of, new TextEncoder().encode(text), said, members, {
    key: random(32),
    nonce: random(24),
    now
  })
  const statement = await signByWallet(signer, networkOf(chain), 'Questions', made.message)
  await api.call('bringQuestions', {
    params: { id },
    body: { statement: plain(statement), questions: made.questions, keys: made.keys }
  })
}
