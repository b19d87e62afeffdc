import type { DatanetView, StatusView } from '../../../daemon/api/contract/views.ts'
import { plain } from '../../../daemon/api/contract/json.ts'
import { sealToSeats } from '../../../protocol/data/batch-signed.ts'
import type { Address, Hex } from '../../../protocol/primitives/hex.ts'
import { api } from '../../api/index.ts'
import { networkOf, signByWallet, switchChain } from '../../wallets/index.ts'
import type { Signer } from '../../wallets/index.ts'

const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes))

/**
 * Puts held-out questions on chain: by this daemon's key, or by a wallet, for which they are sealed in this browser, so
 * that the daemon brings what it cannot read. A wallet gives no key to open them again by: its owner keeps the file.
 * @throws as the API · as sealToSeats · TilthError `wallet.*`
 */
export async function sendQuestions(
  { id, validators }: DatanetView,
  text: string,
  signer: Signer,
  chain: StatusView['chain']
): Promise<void> {
  if (signer.kind !== 'wallet') {
    await api.call('putQuestions', { params: { id }, body: { questions: text } })
    return
  }
  const { roster, seats, deadline } = await api.call('questionSeats', { params: { id } })
  const said = {
    roster,
    seats: seats.map(one => ({ account: one.account as Address, key: one.key as Hex | null })),
    deadline: BigInt(deadline)
  }
  const members = validators.map(({ address }) => address as Address)
  const of = { datanet: id as Hex, writer: signer.address }
  const now = BigInt(Math.floor(Date.now() / 1000))
  const made = sealToSeats(of, new TextEncoder().encode(text), said, members, {
    key: random(32),
    nonce: random(24),
    now
  })
  await switchChain(signer.wallet, chain)
  const statement = await signByWallet(signer, networkOf(chain), 'Questions', made.message)
  await api.call('bringQuestions', {
    params: { id },
    body: { statement: plain(statement), questions: made.questions, keys: made.keys }
  })
}
