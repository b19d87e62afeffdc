import type { DatanetView } from '../../../daemon/api/contract/views.ts'
import { parseShard } from '../../../protocol/data/lines.ts'
import { readersFrom, sealedShardOf } from '../../../protocol/data/private.ts'
import { saltOfKeys } from '../../../protocol/data/sealed-keys.ts'
import type { SealedKeys } from '../../../protocol/data/sealed-keys.ts'
import { InvalidError } from '../../../protocol/primitives/errors.ts'
import type { Address, Hex } from '../../../protocol/primitives/hex.ts'
import { api } from '../../api/index.ts'
import type { SeatsFound } from '../../chain/index.ts'

/** Bytes that become letters at once: a call takes so many arguments. */
const slice = 0x8000

const base64 = (bytes: Uint8Array): string => {
  const parts: string[] = []
  for (let at = 0; at < bytes.length; at += slice) parts.push(String.fromCharCode(...bytes.subarray(at, at + slice)))
  return btoa(parts.join(''))
}

/**
 * A file as a private Datanet's shard, encrypted in this browser to its validators and its host, as a witness said and
 * its owner has confirmed who they are. A wallet gives no key to seal to, so its owner keeps the file: it is not read
 * back from the network.
 * @throws InvalidError `keys.account`, `keys.readers`, `witness.seats`
 */
export async function sealedFor(
  { id }: Pick<DatanetView, 'id'>,
  text: string,
  contributor: Address,
  { members, host, witness }: SeatsFound
): Promise<{ sent: { content: string; rows: number; keys: SealedKeys }; keys: SealedKeys; salt: Hex; bytes: number }> {
  const { readers } = await api.call('readers', { params: { id } })
  const entitled = new Set<string>([host, ...members.map(({ address }) => address)])
  const stranger = readers.find(({ account }) => !entitled.has(account))
  // [reject] It is sealed to nobody who neither sits there nor hosts it, whoever the daemon says reads it.
  if (stranger !== undefined)
    throw new InvalidError(
      'witness.seats',
      `the daemon names ${stranger.account} among those who read it; by ${witness} it neither sits there nor hosts it`,
      { help: 'Nothing was sealed or sent. Try again in a minute, or by another daemon.' }
    )
  const said = readers.map(({ account, key }) => ({ account: account as Address, key: key as Hex | null }))
  const rows = new TextEncoder().encode(text)
  const owner = { datanet: id as Hex, contributor }
  const made = sealedShardOf(rows, owner, readersFrom(said, members), count =>
    crypto.getRandomValues(new Uint8Array(count))
  )
  const sent = { content: base64(made.file), rows: parseShard(rows).length, keys: made.sealed }
  return { sent, keys: made.sealed, salt: saltOfKeys(made.sealed), bytes: made.file.length }
}
