import { z } from 'zod'
import { statements } from '../../../protocol/crypto/statements.ts'
import type { StatementType } from '../../../protocol/crypto/statements.ts'
import { json, jsonFields } from './json.ts'
import { paged, pageSchema, route } from './route.ts'
import { account, addressView, decimal, epochView, hash, versionView } from './views.ts'

// Whatever has an id, found by it; what was signed, as it was signed; and the way from it to the chain, so that whoever
// looks checks signature and way for themselves by `protocol/`.

/** What an id can be of. */
export const kinds = [
  'account',
  'peer',
  'datanet',
  'contribution',
  'vote',
  'version',
  'job',
  'bid',
  'award',
  'delivery',
  'escrow',
  'model',
  'channel',
  'receipt',
  'epoch',
  'transaction',
  'file'
] as const
export const kind = z.enum(kinds)
export type Kind = z.infer<typeof kind>

/** A thing with a page of its own. `number`: of a version or an epoch, whose `id` is the Datanet's. */
export const thing = z.object({ kind, id: z.string(), number: z.int().optional() })
export type Thing = z.infer<typeof thing>

/** Something that a text may mean: what it is called, and a sentence about it. */
export const foundView = thing.extend({ name: z.string(), about: z.string() })
export type FoundView = z.infer<typeof foundView>

const statementType = z.enum(Object.keys(statements) as [StatementType, ...StatementType[]])
/** A statement as it was signed. Integers wider than 32 bits are decimal text, as on the wire. */
export const statementView = z.object({
  /** Its digest. */
  id: hash,
  type: statementType,
  message: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** Who must have signed it, in which part, and the signature. */
  signatures: z.array(z.object({ as: z.string(), by: addressView, signature: z.string() })),
  /** What stands behind the hash in one of its fields: whoever hashes it again finds that hash. */
  content: z.object({ field: z.string(), json }).nullable(),
  about: thing
})
export type StatementView = z.infer<typeof statementView>

/** What ties signatures to this network. */
const networkView = z.object({ chainId: z.int(), registry: addressView })

const sumNode = z.object({ hash, sum: decimal })
const sumPath = { index: decimal, siblings: z.array(sumNode), root: sumNode }
const anchored = { transaction: hash.nullable(), block: decimal.nullable() }

/** The way from something to a root on chain, hash by hash. */
export const proofView = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('version'),
    datanet: hash,
    version: z.int(),
    /** What the leaf holds: which rows of the shard count as the contributor's. */
    leaf: z.object({ contribution: hash, contributor: addressView, cid: z.string(), own: z.array(z.int()) }),
    position: z.int(),
    count: z.int(),
    siblings: z.array(z.object({ hash, side: z.enum(['left', 'right']) })),
    root: hash,
    ...anchored
  }),
  z.object({
    kind: z.literal('receipt'),
    pool: hash,
    epoch: z.int(),
    state: z.string(),
    receipt: hash,
    clientSignature: z.string(),
    workerSignature: z.string(),
    fee: decimal,
    ...sumPath,
    ...anchored
  }),
  z.object({
    kind: z.literal('payout'),
    pool: hash,
    epoch: z.int(),
    state: z.string(),
    account: addressView,
    cumulative: decimal,
    ...sumPath,
    ...anchored
  })
])
export type ProofView = z.infer<typeof proofView>

export const transactionView = z.object({
  hash,
  block: decimal,
  at: z.int(),
  from: addressView,
  to: addressView.nullable(),
  /** Which of the network's contracts was called, and with what. */
  contract: z.string().nullable(),
  call: z.object({ name: z.string(), args: jsonFields }).nullable(),
  succeeded: z.boolean(),
  gasUsed: decimal,
  /** Of the chain's own coin. */
  cost: decimal,
  events: z.array(z.object({ name: z.string(), fields: jsonFields })),
  transfers: z.array(z.object({ from: addressView, to: addressView, amount: decimal }))
})
export type TransactionView = z.infer<typeof transactionView>

/** An account, and what it has to do with the network as far as this node knows. */
export const accountView = z.object({
  account: addressView,
  /** The peer with its key, where it is connected, or was named by its PeerId. */
  peer: z.string().nullable(),
  connected: z.boolean(),
  /** Which of the network's contracts it is, if one. */
  contract: z.string().nullable(),
  balance: decimal,
  gas: decimal,
  stake: decimal,
  payout: addressView,
  paid: decimal,
  datanets: z.array(
    z.object({
      id: hash,
      name: z.string(),
      roles: z.array(z.enum(['host', 'validator', 'contributor'])),
      contributions: z.int(),
      accepted: z.int(),
      /** Rows of those that were accepted and have not left; null where they are not known here. */
      own: z.int().nullable()
    })
  ),
  models: z.array(z.object({ id: hash, name: z.string(), as: z.enum(['builder', 'trainer', 'server']) })),
  jobs: z.array(z.object({ id: hash, as: z.enum(['builder', 'worker']), state: z.string() }))
})
export type AccountView = z.infer<typeof accountView>

/** A payment channel as the chain knows it. Times are Unix milliseconds; null where nobody asked to close it. */
export const chainChannelView = z.object({
  id: hash,
  client: addressView,
  worker: addressView,
  model: hash,
  modelName: z.string(),
  deposit: decimal,
  claimed: decimal,
  /** What of it went to those whose data the model is made of. */
  data: decimal,
  expiry: z.int(),
  closesAt: z.int().nullable(),
  closed: z.boolean(),
  block: decimal
})
export type ChainChannelView = z.infer<typeof chainChannelView>
/** Money that a builder locked for one award. */
export const escrowView = z.object({
  id: hash,
  job: hash,
  builder: addressView,
  worker: addressView,
  amount: decimal,
  deadline: z.int(),
  state: z.enum(['funded', 'taken', 'delivered', 'refused', 'released', 'refunded', 'burnt']),
  block: decimal
})
export type EscrowView = z.infer<typeof escrowView>
/** An accepted contribution in a version. */
export const versionEntryView = z.object({
  contribution: hash,
  contributor: addressView,
  cid: z.string(),
  own: z.int()
})

/** A file on IPFS, and what names it. */
export const fileView = z.object({
  cid: z.string(),
  /** Whether this node keeps it. */
  held: z.boolean(),
  named: z.array(thing.extend({ name: z.string(), as: z.string() }))
})
export type FileView = z.infer<typeof fileView>

/** What a stake is taken for, in words that end with what it was about, and with what follows that. */
export const slashWords = {
  'two-votes': { of: 'contribution', before: 'two votes on', after: '' },
  'absent-juror': { of: 'contribution', before: 'no vote on the jury of', after: '' },
  'absent-scorer': { of: 'epoch', before: 'no words about', after: '' },
  'wrong-words': { of: 'epoch', before: 'words about', after: ', which its roster holds for wrong' },
  'voided-epoch': { of: 'epoch', before: 'having proposed', after: ', which was voided' },
  'not-as-offered': { of: 'epoch', before: 'answers of', after: ' that were not as offered' },
  'absent-auditor': { of: 'audit', before: 'no word in audit', after: '' },
  'false-word': { of: 'audit', before: 'a word in audit', after: ', which its roster holds for false' }
} as const
const slashReasons = Object.keys(slashWords) as (keyof typeof slashWords)[]

/** A stake that was taken: `reward` went to the reporter's payout address, the rest was burnt. */
export const slashView = z.object({
  node: addressView,
  amount: decimal,
  /** Who showed it; the zero address where nobody is paid for it. */
  reporter: addressView,
  reward: decimal,
  /** The contribution that it voted on twice, or on whose jury it was absent; null where it was for something else. */
  contribution: hash.nullable(),
  /** The epoch whose scorer, settler or worker it was, else null. */
  pool: hash.nullable(),
  epoch: z.int().nullable(),
  /** The audit whose auditor it was, else null. */
  audit: hash.nullable(),
  /** Null for what an older node has noted. */
  because: z.enum(slashReasons).nullable(),
  block: decimal,
  /** Of its block, in milliseconds since 1970; null where the chain does not tell now. */
  at: z.int().nullable(),
  transaction: hash
})
export type SlashView = z.infer<typeof slashView>
/** What it was for, if that is noted: of those that name a contribution an older node has noted only that. */
export const slashReason = ({ because, contribution }: Pick<SlashView, 'because' | 'contribution'>) =>
  because ?? (contribution === null ? undefined : ('two-votes' as const))

/** An epoch with all that the chain and this node say of it. */
export const epochPage = epochView.extend({
  name: z.string(),
  proposer: addressView,
  payoutsTotal: decimal,
  challengeEnds: z.int(),
  /** What this node found wrong with it; null where it has not looked, or could not. */
  faults: z.array(z.string()).readonly().nullable()
})
export type EpochPage = z.infer<typeof epochPage>
/** A receipt as an epoch counts it. */
export const countedView = z.object({
  receipt: hash,
  fee: decimal,
  model: hash,
  client: addressView,
  worker: addressView
})

const ofEpoch = z.object({ pool: hash, epoch: z.coerce.number<string | number>().int().min(1) })
const text = z.string().trim().min(1).max(200)

export const explorerRoutes = {
  find: route({
    method: 'GET',
    path: '/api/find/:text',
    stage: 'node',
    summary: 'Whatever a text may mean: an id of anything, the beginning of one, a name, a CID, a PeerId, an account',
    params: z.object({ text }),
    reply: z.object({ found: z.array(foundView), more: z.boolean() })
  }),
  statements: route({
    method: 'GET',
    path: '/api/statements/:id',
    stage: 'node',
    summary: 'What was signed of a Datanet, contribution, vote, job, bid, award, delivery or receipt, as it was signed',
    params: z.object({ id: hash }).extend(paged.shape),
    reply: pageSchema(statementView).extend({ network: networkView })
  }),
  proofs: route({
    method: 'GET',
    path: '/api/proofs/:id',
    stage: 'node',
    summary: 'The ways from a contribution to the versions that hold it, or from a receipt to the epoch that counts it',
    params: z.object({ id: hash }),
    reply: z.object({ proofs: z.array(proofView), network: networkView, why: z.string().nullable() })
  }),
  payoutProof: route({
    method: 'GET',
    path: '/api/epochs/:pool/:epoch/payouts/:account',
    stage: 'settlement',
    summary: "The way from an account's payout to the root of an epoch on chain",
    params: ofEpoch.extend({ account }),
    reply: z.object({ proofs: z.array(proofView), network: networkView, why: z.string().nullable() })
  }),
  epoch: route({
    method: 'GET',
    path: '/api/epochs/:pool/:epoch',
    stage: 'settlement',
    summary: 'One epoch of a pool: its roots, what it pays whom, and until when it can be challenged',
    params: ofEpoch,
    reply: epochPage
  }),
  epochReceipts: route({
    method: 'GET',
    path: '/api/epochs/:pool/:epoch/receipts',
    stage: 'settlement',
    summary: 'The receipts that an epoch counts, in the order of its tree',
    params: ofEpoch.extend(paged.shape),
    reply: pageSchema(countedView)
  }),
  transaction: route({
    method: 'GET',
    path: '/api/transactions/:hash',
    stage: 'node',
    summary: 'A mined transaction: what it called, what it paid, and the events it left',
    params: z.object({ hash }),
    reply: transactionView
  }),
  chainChannel: route({
    method: 'GET',
    path: '/api/chain/channels/:id',
    stage: 'receipt',
    summary: "A payment channel, anybody's, as the chain knows it",
    params: z.object({ id: hash }),
    reply: chainChannelView
  }),
  escrow: route({
    method: 'GET',
    path: '/api/chain/escrows/:id',
    stage: 'award',
    summary: 'The money that a builder locked for one award',
    params: z.object({ id: hash }),
    reply: escrowView
  }),
  versionEntries: route({
    method: 'GET',
    path: '/api/datanets/:id/versions/:version',
    stage: 'version',
    summary: 'A version as it is anchored, with the contributions in it, by pages',
    params: z.object({ id: hash, version: z.coerce.number<string | number>().int().min(1) }).extend(paged.shape),
    reply: pageSchema(versionEntryView).extend({ version: versionView.extend({ name: z.string() }) })
  }),
  account: route({
    method: 'GET',
    path: '/api/accounts/:id',
    stage: 'node',
    summary: 'An account by its address or PeerId: what it holds, has at stake, was paid, and does in the network',
    params: z.object({ id: text }),
    reply: accountView
  }),
  slashes: route({
    method: 'GET',
    path: '/api/slashes',
    stage: 'settlement',
    summary: 'Stakes that were taken, of all nodes or of one, the newest first: whose, how much, for what, by whom',
    params: paged.extend({ node: account.optional() }),
    reply: pageSchema(slashView)
  }),
  file: route({
    method: 'GET',
    path: '/api/files/:cid',
    stage: 'node',
    summary: 'A file on IPFS: what in the network names it, and whether this node keeps it',
    params: z.object({ cid: z.string().regex(/^[a-zA-Z0-9]{46,100}$/) }),
    reply: fileView
  })
} as const
