import type { Signed } from '../../../protocol/crypto/index.ts'
import type {
  GivenKey,
  PrivateRule,
  SealedKeys,
  TrainerGround,
  VersionEntry,
  VersionManifest
} from '../../../protocol/data/index.ts'
import type { Address, Hex, Page, PageRequest } from '../../../protocol/primitives/index.ts'

export interface PrepareRequest {
  readonly datanet: Hex
  readonly contributor: Address
  /** Rows as JSONL; where `sealed` is given, a private Datanet's shard as its contributor has encrypted it. */
  readonly file: string | Uint8Array
  /** How many rows are in it by its contributor's word, and the keys to it. */
  readonly sealed?: { readonly rows: number; readonly keys: SealedKeys } | undefined
}

/** Who may read a private Datanet's rows by sitting there, and the key by which something is sealed to it. */
export interface ReaderView {
  readonly account: Address
  readonly role: 'validator' | 'host'
  /** 33 bytes; it is the account's if the account is its hash. Null where this node has not learnt it yet. */
  readonly key: Hex | null
}

/** That keys were given to somebody: once for each account and ground, however often it asked. */
export interface KeysGiven {
  readonly asker: Address
  /** By sitting there, by having written them, or by an award. */
  readonly by: 'seat' | 'author' | 'award'
  /** Digest of the award; null of the others. */
  readonly ground: Hex | null
  /** Version that the award is for. */
  readonly version: number | null
  /** Keys given in all, in so many answers. */
  readonly keys: number
  readonly times: number
  /** Milliseconds since 1970. */
  readonly first: number
  readonly last: number
}

/** What the data phase does with rows that only some may read. */
export interface PrivateService {
  /** @throws NotFoundError `datanet.unknown` */
  privateRule(datanet: Hex): Promise<PrivateRule | undefined>
  /**
   * Why workers may be given a Datanet's rows for a builder's awards, by rules, roster and host of now; `anybody` of
   * one that everybody reads; undefined where nobody who sits there has agreed.
   * @throws NotFoundError `datanet.unknown`
   */
  trainerGrounds(datanet: Hex, builder: Address): Promise<(worker: Address) => TrainerGround | undefined>
  /** To whom a contribution is sealed now. @throws InvalidError `datanet.open` where everybody reads it */
  readers(datanet: Hex): Promise<readonly ReaderView[]>
  /** Entries of a version that this node has no key of; none of one that everybody reads. */
  lacking(manifest: VersionManifest): Promise<readonly VersionEntry[]>
  /** Bytes of the rows of each entry's shard, which everybody can see. @throws as files.fetchBytes */
  sizes(manifest: VersionManifest): Promise<readonly number[]>
  /** Keys to entries, as far as they are here, sealed to who signed a request that was checked; noted before. */
  giveKeys(
    request: Signed<'KeyRequest'>,
    why: Pick<KeysGiven, 'by' | 'version'>,
    manifest: Pick<VersionManifest, 'datanet'>,
    entries: readonly Pick<VersionEntry, 'contribution' | 'contributor'>[]
  ): Promise<readonly GivenKey[]>
  /**
   * Takes a key that was given for a while: it is in memory alone, under whatever it was given for.
   * @returns false where it is not the one that the shard names @throws as files.fetchBytes
   */
  borrowKey(why: string, manifest: VersionManifest, key: GivenKey): Promise<boolean>
  /** What it was given for is over. */
  returnKeys(why: string): void
  /** To whom this node gave keys of a Datanet. */
  keysGiven(datanet: Hex, request?: PageRequest): Promise<Page<KeysGiven>>
}
