/**
 * Every signed statement of the network, as EIP-712 structs: one table from which the TypeScript types, the wire
 * schemas and the digests are derived, and which the contracts repeat. Never reorder or rename a field: it changes
 * what was signed. Structs are flat; longer content stands behind a hash.
 */
export const statements = {
  // data
  Datanet: [
    ['host', 'address'],
    ['rules', 'bytes32'],
    ['createdAt', 'uint64']
  ],
  Commitment: [
    ['datanet', 'bytes32'],
    ['contributor', 'address'],
    ['commitment', 'bytes32'],
    // Hash of the rules in force: under others it is none.
    ['rules', 'bytes32'],
    // Chain seconds until which it may be brought on chain.
    ['deadline', 'uint64'],
    // What is locked with it, and for how long.
    ['bond', 'uint256'],
    ['bondSeconds', 'uint64']
  ],
  // The token's own (ERC-2612), under the token's address: what a commitment's bond may be taken by.
  Permit: [
    ['owner', 'address'],
    ['spender', 'address'],
    ['value', 'uint256'],
    ['nonce', 'uint256'],
    ['deadline', 'uint256']
  ],
  // Held-out questions as they are put on chain by somebody else: hashes of what is encrypted, and of its sealed keys.
  Questions: [
    ['datanet', 'bytes32'],
    ['writer', 'address'],
    // Which roster it is sealed to: its number, from 1.
    ['roster', 'uint32'],
    ['keyHash', 'bytes32'],
    ['questions', 'bytes32'],
    ['keys', 'bytes32'],
    // Chain seconds until which it may be brought on chain.
    ['deadline', 'uint64']
  ],
  Reveal: [
    ['contribution', 'bytes32'],
    ['cid', 'string'],
    ['rows', 'uint32'],
    ['bytes', 'uint32'],
    ['salt', 'bytes32']
  ],
  VoteCommit: [
    ['contribution', 'bytes32'],
    ['validator', 'address'],
    ['commitment', 'bytes32']
  ],
  Vote: [
    ['contribution', 'bytes32'],
    ['validator', 'address'],
    ['accept', 'bool'],
    ['outcome', 'bytes32'],
    ['salt', 'bytes32']
  ],
  Withdrawal: [
    ['contribution', 'bytes32'],
    ['contributor', 'address']
  ],
  TakeDown: [
    ['contribution', 'bytes32'],
    ['validator', 'address'],
    // Which roster speaks: its number, from 1.
    ['roster', 'uint32'],
    ['grounds', 'bytes32']
  ],
  Version: [
    ['datanet', 'bytes32'],
    ['version', 'uint32'],
    ['root', 'bytes32'],
    ['count', 'uint32'],
    ['cid', 'string']
  ],
  // A validator's word that a version holds everything accepted.
  VersionSeal: [
    ['datanet', 'bytes32'],
    ['version', 'uint32'],
    ['root', 'bytes32'],
    ['count', 'uint32'],
    ['validator', 'address']
  ],
  // For keys to a private Datanet's rows: as who sits there (`ground` zero), or under an award, by its digest.
  KeyRequest: [
    ['datanet', 'bytes32'],
    ['ground', 'bytes32'],
    ['asker', 'address'],
    ['holder', 'address'],
    ['issuedAt', 'uint64']
  ],
  // jobs
  TuneJob: [
    ['builder', 'address'],
    ['spec', 'bytes32'],
    ['budget', 'uint256'],
    ['createdAt', 'uint64'],
    ['deadline', 'uint64']
  ],
  Bid: [
    ['job', 'bytes32'],
    ['worker', 'address'],
    ['price', 'uint256'],
    ['siblingPrice', 'uint256'],
    ['seconds', 'uint32'],
    ['expires', 'uint64']
  ],
  Award: [
    ['job', 'bytes32'],
    ['worker', 'address'],
    ['attempt', 'uint32'],
    ['lot', 'bytes32'],
    ['price', 'uint256'],
    ['deadline', 'uint64']
  ],
  Delivery: [
    ['job', 'bytes32'],
    ['worker', 'address'],
    ['lot', 'bytes32'],
    ['cid', 'string'],
    ['log', 'bytes32']
  ],
  Release: [
    ['escrow', 'bytes32'],
    ['worker', 'address'],
    ['amount', 'uint256']
  ],
  JobClosed: [
    ['job', 'bytes32'],
    ['completed', 'bool'],
    ['result', 'string']
  ],
  // models
  Offer: [
    ['model', 'bytes32'],
    ['worker', 'address'],
    ['inputPrice', 'uint256'],
    ['outputPrice', 'uint256'],
    ['capacity', 'uint32'],
    ['tokensPerSecond', 'uint32'],
    ['issuedAt', 'uint64'],
    ['expires', 'uint64'],
    // Its owner's words, empty where there are none: where it is, and what weights it answers from.
    ['region', 'string'],
    ['weights', 'string']
  ],
  InferenceRequest: [
    ['channel', 'bytes32'],
    ['model', 'bytes32'],
    ['content', 'bytes32'],
    ['seed', 'uint64'],
    ['maxFee', 'uint256'],
    ['issuedAt', 'uint64'],
    ['confidential', 'bool']
  ],
  Voucher: [
    ['channel', 'bytes32'],
    ['cumulative', 'uint256']
  ],
  Receipt: [
    ['channel', 'bytes32'],
    ['sequence', 'uint64'],
    ['previous', 'bytes32'],
    ['model', 'bytes32'],
    ['request', 'bytes32'],
    ['response', 'bytes32'],
    ['inputTokens', 'uint32'],
    ['outputTokens', 'uint32'],
    ['fee', 'uint256'],
    // What the channel's receipts come to with this one: one that is left out shows.
    ['total', 'uint256'],
    ['seed', 'uint64'],
    ['startedAt', 'uint64'],
    ['finishedAt', 'uint64'],
    ['confidential', 'bool']
  ],
  // payouts
  Scoring: [
    ['receipt', 'bytes32'],
    ['scorer', 'address'],
    ['attribution', 'bytes32']
  ],
  ContentRequest: [
    ['receipt', 'bytes32'],
    ['asker', 'address'],
    ['holder', 'address'],
    ['issuedAt', 'uint64']
  ],
  ExplainRequest: [
    ['receipt', 'bytes32'],
    ['asker', 'address'],
    ['holder', 'address'],
    ['issuedAt', 'uint64']
  ],
  EpochClosing: [
    ['pool', 'bytes32'],
    ['epoch', 'uint32'],
    ['settler', 'address'],
    ['issuedAt', 'uint64']
  ],
  // wire
  Hello: [
    ['peer', 'string'],
    ['node', 'address'],
    ['roles', 'string'],
    ['issuedAt', 'uint64']
  ]
} as const

export type StatementType = keyof typeof statements

interface FieldTypes {
  address: `0x${string}`
  bytes32: `0x${string}`
  uint64: bigint
  uint256: bigint
  uint32: number
  string: string
  bool: boolean
}
export type FieldType = keyof FieldTypes

type Fields<T extends StatementType> = (typeof statements)[T][number]
/** The message of a statement as the code holds it: wide integers are bigints, 32-bit ones numbers. */
export type Message<T extends StatementType> = { readonly [F in Fields<T> as F[0]]: FieldTypes[F[1]] }

/** A statement with its author's signature (65 bytes, r s v). Who signed is recovered, never stated. */
export interface Signed<T extends StatementType> {
  readonly type: T
  readonly message: Message<T>
  readonly signature: `0x${string}`
}

/** What ties statements to one deployment on one chain: a statement for another network recovers to a stranger. */
export interface Network {
  readonly chainId: number
  /** Address of the NodeRegistry contract, the network's anchor. */
  readonly registry: `0x${string}`
}
