import type { DatanetView, StatusView } from '../../../daemon/api/contract/views.ts'
import { digest } from '../../../protocol/crypto/digest.ts'
import { requireAgreedTo, requireAsShown, requirePermit } from '../../../protocol/data/bond.ts'
import { commitmentOf } from '../../../protocol/data/commitment.ts'
import { lineOf } from '../../../protocol/data/files/line-of.ts'
import { parseShard } from '../../../protocol/data/lines.ts'
import { InvalidError } from '../../../protocol/primitives/errors.ts'
import type { Hex } from '../../../protocol/primitives/hex.ts'
import { agreedTerms } from '../../../daemon/api/contract/bonds.ts'
import { plain } from '../../../daemon/api/contract/json.ts'
import { api } from '../../api/index.ts'
import type { SeatsFound } from '../../chain/index.ts'
import { networkOf, signByWallet, switchChain } from '../../wallets/index.ts'
import type { Signer } from '../../wallets/index.ts'
import { sealedFor } from './sealed.ts'

/** How far a contribution that is being sent has come: wallets ask twice. */
export type Sending = 'storing' | 'signing the commitment' | 'signing the rows' | 'signing for the bond' | 'sending'

/**
 * Sends a file to a Datanet. By a wallet the daemon stores the shard, the wallet signs both statements over it, and the
 * daemon relays them; what is signed is recomputed here first.
 * @param mostBond what its owner was shown that is locked with it
 * @param seats who reads private rows by the wallet's chain, as their owner has confirmed
 * @returns the contribution's id · @throws as the API · TilthError `wallet.*`
 */
export async function sendFile(
  net: DatanetView,
  text: string,
  signer: Signer,
  chain: StatusView['chain'],
  mostBond: bigint,
  say: (step: Sending) => void,
  seats?: SeatsFound
): Promise<string> {
  const datanet = net.id as Hex
  // What is sent is what would be sent from anywhere: the rows alone, each in the one form.
  const file = rowsAlone(text)
  const bond = String(mostBond)
  if (signer.kind === 'daemon') {
    say('sending')
    return (await api.call('contribute', { params: { id: datanet }, body: { file, bond } })).id
  }
  if (signer.kind === 'person') {
    say('sending')
    return (await api.call('contribute', { params: { id: datanet }, body: { file, as: signer.name, bond } })).id
  }
  const { wallet, address: contributor } = signer
  const network = networkOf(chain)
  say('storing')
  const isPrivate = net.private !== undefined
  // [reject] What is private leaves this browser encrypted to whom the wallet's chain names, once its owner has seen
  // who that is.
  if (isPrivate && seats === undefined)
    throw new InvalidError('witness.seats', 'whom the rows are sealed to was not confirmed', {
      help: 'Nothing was sealed or sent. Ask the wallet who reads them first.'
    })
  await switchChain(wallet, chain)
  const shard = isPrivate && seats !== undefined ? await sealedFor(net, file, contributor, seats) : undefined
  const body = shard === undefined ? { file, contributor } : { sealed: shard.sent, contributor }
  const prepared = await api.call('prepareContribution', { params: { id: datanet }, body })
  const { cid, rows, bytes } = prepared
  const salt = shard?.salt ?? (prepared.salt as Hex)
  const commitment = commitmentOf({ datanet, contributor, cid, rows, bytes, salt })
  const size = shard?.bytes ?? new TextEncoder().encode(file).length
  if (commitment !== prepared.commitment || bytes !== size)
    throw new InvalidError('commitment.mismatch', 'the daemon prepared something else than this file', {
      help: 'Nothing was signed. Check the file again, and that this is your daemon.'
    })
  const { terms, permit } = agreedTerms(prepared)
  requireAgreedTo(terms, mostBond)
  requireAsShown(terms, net.rules)
  requirePermit(permit, terms, contributor, chain.contracts)
  say('signing the commitment')
  const message = { datanet, contributor, commitment, ...terms }
  const signedCommitment = await signByWallet(signer, network, 'Commitment', message)
  say('signing the rows')
  const contribution = digest(network, 'Commitment', message)
  const reveal = await signByWallet(signer, network, 'Reveal', { contribution, cid, rows, bytes, salt })
  if (permit !== undefined) say('signing for the bond')
  const allowing =
    permit === undefined
      ? {}
      : { permit: plain(await signByWallet(signer, { ...network, registry: permit.token }, 'Permit', permit.message)) }
  say('sending')
  const { id } = await api.call('contribute', {
    params: { id: datanet },
    body: {
      signed: {
        commitment: plain(signedCommitment),
        reveal: plain(reveal),
        ...allowing,
        ...(shard === undefined ? {} : { sealed: shard.keys })
      }
    }
  })
  return id
}

const rowsAlone = (text: string): string =>
  parseShard(new TextEncoder().encode(text))
    .flatMap(line => ('row' in line ? [`${lineOf(line.row)}\n`] : []))
    .join('')
