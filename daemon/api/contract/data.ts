import { z } from 'zod'
import { voteCodes } from '../../../protocol/data/because.ts'
import type { VoteCode } from '../../../protocol/data/because.ts'
import { takeDownCodes } from '../../../protocol/data/removal.ts'
import type { TakeDownCode } from '../../../protocol/data/removal.ts'
import { datanetRules, mostParents } from '../../../protocol/data/types.ts'
import { sealedKeys } from '../../../protocol/data/sealed-keys.ts'
import { said } from '../../../protocol/data/votes.ts'
import { signedSchema } from '../../../protocol/crypto/schema.ts'
import { named, nothing, paged, pageSchema, route, wanted } from './route.ts'
import { agreedView } from './bonds.ts'
import { account, contributionView, datanetView, decimal, hash, versionView } from './views.ts'
import {
  acceptedRowView,
  namedRowView,
  previewView,
  rankView,
  refusedRowView,
  removalView,
  reviewRowView,
  reviewView,
  rosterView,
  validatorRankView,
  votePolicy,
  votesView,
  worthView
} from './data-views.ts'

/** A file of 16 MiB as a JSON string, where every quote takes two bytes. */
const fileBody = 40 << 20
/** A file of rows in any form: as text, or its bytes in base64, then named as it is called. */
const givenFile = {
  /** The text of JSONL, JSON, CSV, Markdown …, as it is. */
  file: z
    .string()
    .max(16 << 20)
    .optional(),
  /** Any file: Parquet, PDF, DOCX, text in any encoding, packed by gzip or zstd. */
  content: z
    .base64()
    .max(24 << 20)
    .optional(),
  /** Its name, whose ending helps to tell what it is. */
  name: z.string().max(255).optional(),
  /** Which column is what, where the usual names do not say so: `prompt=question,response=answer`. */
  map: z.string().max(1000).optional()
}
const oneFile = ({ file, content }: { file?: string | undefined; content?: string | undefined }): boolean =>
  (file === undefined) !== (content === undefined)
const oneFileOnly = 'give either file or content'

const contribution = z
  .strictObject({
    /** The daemon's key contributes it. Left away when a prepared shard is signed by another key. */
    ...givenFile,
    /** Who of a local network's people contributes the file, by the key that lies in its folder. */
    as: z.string().min(1).max(60).optional(),
    /** The contributor's own statements over a shard prepared before. */
    signed: z
      .strictObject({
        commitment: signedSchema('Commitment'),
        reveal: signedSchema('Reveal'),
        /** Of a private Datanet's. */
        sealed: sealedKeys.optional(),
        /** For the token, where the bond could not be locked otherwise. */
        permit: signedSchema('Permit').optional()
      })
      .optional(),
    /** What may be locked with it at most, in the token's smallest unit; nothing unless given. */
    bond: decimal.optional()
  })
  .refine(
    ({ file, content, signed }) =>
      signed === undefined ? oneFile({ file, content }) : (file ?? content) === undefined,
    'give either a file or signed statements'
  )
  .refine(
    ({ as, signed }) => as === undefined || signed === undefined,
    'signed statements say themselves whose they are'
  )
/** Of all Datanets that this daemon follows, unless one is named. */
const rankParams = paged.extend({ datanet: wanted.optional() })
const searchText = z.string().max(200).optional()
const rulesRequest = datanetRules.omit({ heldOut: true, parents: true })

/** The data phase: Datanets, contributions and their checks, votes, versions. */
export const dataRoutes = {
  createDatanet: route({
    method: 'POST',
    path: '/api/datanets',
    stage: 'datanet',
    summary: 'Create a Datanet: rules and held-out questions',
    maxBody: 4 << 20,
    body: z.strictObject({
      rules: rulesRequest,
      heldOut: z
        .string()
        .min(1)
        .max(2 << 20)
    }),
    reply: datanetView
  }),
  mixDatanets: route({
    method: 'POST',
    path: '/api/mixes',
    stage: 'datanet',
    summary:
      'A Datanet made of others, with its newest version: one that this daemon founded of the same, or a new one',
    body: z.strictObject({
      /** Ids, beginnings of ids, or names. */
      datanets: z.array(wanted).min(2).max(mostParents),
      /** Their names together unless given. */
      name: datanetRules.shape.name.optional(),
      description: datanetRules.shape.description.optional()
    }),
    reply: z.object({ datanet: datanetView, version: versionView, founded: z.boolean(), anchored: z.boolean() })
  }),
  datanets: route({
    method: 'GET',
    path: '/api/datanets',
    stage: 'datanet',
    summary: 'Known Datanets, searched if asked: a searched page may be short and go on all the same',
    params: paged.extend({
      /** Words that name, description, licence or tags hold, all of them. */
      search: searchText,
      tag: z.string().min(1).max(30).optional()
    }),
    reply: pageSchema(datanetView)
  }),
  datanet: route({
    method: 'GET',
    path: '/api/datanets/:id',
    stage: 'datanet',
    summary: 'One Datanet',
    params: named,
    reply: datanetView
  }),
  followDatanet: route({
    method: 'POST',
    path: '/api/datanets/:id/follow',
    stage: 'datanet',
    summary: 'Follow a Datanet by choice, or follow it no more: hear, check and keep what is contributed there',
    params: named,
    body: z.strictObject({ follow: z.boolean() }),
    reply: datanetView
  }),
  roster: route({
    method: 'GET',
    path: '/api/datanets/:id/roster',
    stage: 'datanet',
    summary: 'Its validators, with what they have at stake and the double votes seen of them',
    params: named,
    reply: rosterView
  }),
  proposeRoster: route({
    method: 'POST',
    path: '/api/datanets/:id/roster',
    stage: 'datanet',
    summary: 'Put forward who should validate next: its host, or who sits now',
    params: named,
    body: z.strictObject({
      validators: z
        .array(z.strictObject({ address: account, weight: z.int().min(1).max(1_000_000) }))
        .min(1)
        .max(100)
    }),
    reply: z.object({ succession: hash, silentAt: z.int().nullable(), transaction: hash })
  }),
  speakOnRoster: route({
    method: 'POST',
    path: '/api/datanets/:id/roster/word',
    stage: 'datanet',
    summary: "This validator's word on a roster that was put forward; the last one that was missing seats it",
    params: named,
    body: z.strictObject({ succession: hash, consents: z.boolean() }),
    reply: z.object({ transaction: hash, seated: z.int().nullable() })
  }),
  seatRoster: route({
    method: 'POST',
    path: '/api/datanets/:id/roster/seat',
    stage: 'datanet',
    summary: 'Seat a roster that was decided on, or that a dead one did not answer; anyone may',
    params: named,
    body: z.strictObject({ succession: hash }),
    reply: z.object({ roster: z.int(), transaction: hash })
  }),
  weighRoster: route({
    method: 'POST',
    path: '/api/datanets/:id/roster/weigh',
    stage: 'datanet',
    summary: 'Weigh the seats of its roster by what they have staked now; anyone may, where they weigh by stake',
    params: named,
    reply: z.object({ roster: z.int(), transaction: hash })
  }),
  heldOut: route({
    method: 'GET',
    path: '/api/datanets/:id/held-out',
    stage: 'datanet',
    summary: 'Its held-out questions',
    params: named.extend(paged.shape),
    reply: pageSchema(z.object({ messages: z.array(z.object({ role: z.string(), content: z.string() })) }))
  }),
  checkContribution: route({
    method: 'POST',
    path: '/api/datanets/:id/check',
    stage: 'contribution',
    summary: "What the validators' checks would say of a file: nothing is kept and no upload is spent",
    params: named,
    maxBody: fileBody,
    body: z
      .strictObject({
        ...givenFile,
        /** Whose upload it would be; this daemon's unless given. */
        contributor: account.optional()
      })
      .refine(oneFile, oneFileOnly),
    reply: previewView
  }),
  prepareContribution: route({
    method: 'POST',
    path: '/api/datanets/:id/prepare',
    stage: 'contribution',
    summary: 'Store the shard of a file and get the statements for its contributor to sign',
    params: named,
    maxBody: fileBody,
    body: z
      .strictObject({
        ...givenFile,
        /** Of a private Datanet: the shard as its contributor has encrypted it, in base64, its rows, and its keys. */
        sealed: z
          .strictObject({ content: z.base64().max(36 << 20), rows: z.int().min(1).max(100_000), keys: sealedKeys })
          .optional(),
        contributor: account
      })
      .refine(
        ({ file, content, sealed }) =>
          sealed === undefined ? oneFile({ file, content }) : (file ?? content) === undefined,
        'give either file, content or sealed'
      ),
    reply: agreedView.extend({ cid: z.string(), rows: z.int(), bytes: z.int(), salt: hash, commitment: hash })
  }),
  contribute: route({
    method: 'POST',
    path: '/api/datanets/:id/contributions',
    stage: 'contribution',
    summary: 'Contribute a file of rows',
    params: named,
    maxBody: fileBody,
    body: contribution,
    reply: z.object({ id: hash })
  }),
  contributions: route({
    method: 'GET',
    path: '/api/datanets/:id/contributions',
    stage: 'checks',
    summary: 'Contributions in order of authorship, with their checks; of one account, if one is given',
    params: named.extend({ ...paged.shape, contributor: account.optional() }),
    reply: pageSchema(contributionView)
  }),
  worth: route({
    method: 'GET',
    path: '/api/datanets/:id/worth',
    stage: 'attribution',
    summary: 'What each contributor was worth: held-out values by version, pay by epoch',
    params: named.extend(paged.shape),
    reply: pageSchema(worthView)
  }),
  ranks: route({
    method: 'GET',
    path: '/api/ranks',
    stage: 'attribution',
    summary:
      'Contributors by what their rows were good for, never by how many: of one Datanet, or of all followed here',
    params: rankParams,
    reply: pageSchema(rankView).extend({ rule: z.string() })
  }),
  validatorRanks: route({
    method: 'GET',
    path: '/api/ranks/validators',
    stage: 'attribution',
    summary: 'Validators by how surely later evidence bears their votes out',
    params: rankParams,
    reply: pageSchema(validatorRankView).extend({ rule: z.string() })
  }),
  contribution: route({
    method: 'GET',
    path: '/api/contributions/:id',
    stage: 'checks',
    summary: 'One contribution, with its checks',
    params: named,
    reply: contributionView
  }),
  acceptedRows: route({
    method: 'GET',
    path: '/api/datanets/:id/rows',
    stage: 'version',
    summary:
      'Accepted rows to read and to search. One call looks at so many rows: a page may be short and go on all the same',
    params: named.extend({
      ...paged.shape,
      /** An anchored version, the latest unless given; 0: all accepted so far, where the Datanet is followed. */
      version: z.coerce.number<string | number>().int().min(0).optional(),
      contributor: account.optional(),
      /** Words that a row holds, all of them. */
      search: searchText,
      /** Number of the first row, from 0, instead of a cursor: of an anchored version, where nothing is searched. */
      from: z.coerce.number<string | number>().int().min(0).optional()
    }),
    reply: pageSchema(acceptedRowView).extend({ version: z.int(), total: z.int().nullable() })
  }),
  exportRows: route({
    method: 'GET',
    path: '/api/datanets/:id/export',
    stage: 'version',
    summary:
      'Accepted rows as a file: JSONL or Parquet of them, the card that describes them where data sets are shared, ' +
      'or a version with its shards as a CAR',
    file: true,
    params: named.extend({
      format: z.enum(['jsonl', 'parquet', 'card', 'car']).default('jsonl'),
      /** An anchored version, the latest unless given; 0: all accepted so far, where the Datanet is followed. */
      version: z.coerce.number<string | number>().int().min(0).optional()
    }),
    reply: z.string()
  }),
  importVersion: route({
    method: 'POST',
    path: '/api/datanets/:id/import',
    stage: 'version',
    summary:
      'Read a version from a CAR, check it against the chain, and keep its files for others until it is unfollowed',
    params: named,
    maxBody: 96 << 20,
    body: z.strictObject({
      /** The CAR's bytes in base64: 64 MiB at most. */
      car: z
        .base64()
        .min(1)
        .max(90 << 20)
    }),
    reply: z.object({ version: z.int(), files: z.int(), bytes: z.int() })
  }),
  row: route({
    method: 'GET',
    path: '/api/contributions/:id/rows/:row',
    stage: 'contribution',
    summary: 'One row of a contribution, by its index in the shard',
    params: named.extend({ row: z.coerce.number<string | number>().int().min(0).max(100_000) }),
    reply: namedRowView
  }),
  refusedRows: route({
    method: 'GET',
    path: '/api/contributions/:id/refused',
    stage: 'checks',
    summary: 'Its lines that brought nothing, each with the earlier row it repeats or the question it asks',
    params: named.extend(paged.shape),
    reply: pageSchema(refusedRowView)
  }),
  votes: route({
    method: 'GET',
    path: '/api/contributions/:id/votes',
    stage: 'votes',
    summary: 'Who of its validators has voted, and what',
    params: named,
    reply: votesView
  }),
  withdraw: route({
    method: 'POST',
    path: '/api/contributions/:id/withdraw',
    stage: 'contribution',
    summary:
      'Take back a contribution as far as it can be: undecided where it was brought in, accepted by its signature',
    params: named,
    body: z
      .strictObject({
        /** Whose of a local network's people it is, by the key that lies in its folder. */
        as: z.string().min(1).max(60).optional(),
        /** Of an accepted one: its contributor's own statement. */
        signed: signedSchema('Withdrawal').optional()
      })
      .refine(
        ({ as, signed }) => as === undefined || signed === undefined,
        'a signed statement says itself whose it is'
      )
      .optional(),
    reply: z.object({ id: hash, state: z.enum(['unsent', 'committed', 'shown', 'accepted']) })
  }),
  removal: route({
    method: 'GET',
    path: '/api/contributions/:id/removal',
    stage: 'version',
    summary: 'Whether what was accepted has left again, and which validators say that it must',
    params: named,
    reply: removalView
  }),
  takeDown: route({
    method: 'POST',
    path: '/api/contributions/:id/take-down',
    stage: 'version',
    summary: "This validator's word for taking down what was accepted: over two thirds hide and unpin it everywhere",
    params: named,
    body: z.strictObject({
      code: z.enum(Object.keys(takeDownCodes) as [TakeDownCode, ...TakeDownCode[]]),
      text: z.string().trim().max(500).default('')
    }),
    reply: removalView
  }),
  review: route({
    method: 'GET',
    path: '/api/review',
    stage: 'votes',
    summary: 'What is voted on in the Datanets that this node validates',
    params: paged,
    reply: pageSchema(reviewView)
  }),
  reviewOf: route({
    method: 'GET',
    path: '/api/review/:id',
    stage: 'votes',
    summary: 'One contribution as a validator sees it',
    params: named,
    reply: reviewView
  }),
  reviewRows: route({
    method: 'GET',
    path: '/api/review/:id/rows',
    stage: 'votes',
    summary: 'Its rows, each with the accepted row nearest to it',
    params: named.extend(paged.shape),
    reply: pageSchema(reviewRowView)
  }),
  votePolicy: route({
    method: 'GET',
    path: '/api/vote-policy',
    stage: 'votes',
    summary: 'Whether this validator votes by its own checks or by hand',
    reply: z.object({ policy: votePolicy })
  }),
  setVotePolicy: route({
    method: 'POST',
    path: '/api/vote-policy',
    stage: 'votes',
    summary: 'Let this validator vote by its own checks, or by hand',
    body: z.strictObject({ policy: votePolicy }),
    reply: z.object({ policy: votePolicy })
  }),
  vote: route({
    method: 'POST',
    path: '/api/contributions/:id/vote',
    stage: 'votes',
    summary: 'Vote by hand (validators with automatic voting off)',
    params: named,
    body: z.strictObject({
      /** For it, against it, or that the others shall decide. */
      accept: said,
      /** Kept here: a vote has no room for it. */
      reason: z.string().trim().min(1).max(500).optional(),
      code: z.enum(Object.keys(voteCodes) as [VoteCode, ...VoteCode[]]).optional(),
      /** So long nobody is told of it, and it can be undone; at most until half of the vote's window is over. */
      holdSeconds: z.int().min(0).max(3600).default(0)
    }),
    reply: z.object({ id: hash })
  }),
  unvote: route({
    method: 'POST',
    path: '/api/contributions/:id/unvote',
    stage: 'votes',
    summary: 'Take back a vote by hand that is still held, so that nobody was told of it',
    params: named,
    reply: z.object({ id: hash })
  }),
  anchorVersion: route({
    method: 'POST',
    path: '/api/datanets/:id/versions',
    stage: 'version',
    summary: 'Anchor the accepted set as a new version (host)',
    params: named,
    body: nothing,
    reply: versionView
  }),
  versions: route({
    method: 'GET',
    path: '/api/datanets/:id/versions',
    stage: 'version',
    summary: 'Anchored versions',
    params: named.extend(paged.shape),
    reply: pageSchema(versionView)
  })
} as const
