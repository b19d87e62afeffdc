import fc from 'fast-check'
import type { z } from 'zod'
import { digest, signDigest, signerOf, signedSchema, statements } from '../../../protocol/crypto/index.ts'
import type { Message, Network, Signed, StatementType } from '../../../protocol/crypto/index.ts'
import { checkCertificate, checkStatements, contributionStatements, certificate } from '../../../protocol/data/index.ts'
import {
  awardDocument,
  checkAward,
  checkBid,
  checkClosed,
  checkDelivery,
  checkDeliveryContent,
  checkTuneJob,
  deliveryContent,
  tuneJobDocument
} from '../../../protocol/jobs/index.ts'
import {
  checkCosigned,
  checkOffer,
  checkOpening,
  checkRequest,
  checkVoucher,
  cosignedReceipt,
  opening
} from '../../../protocol/models/index.ts'
import { checkContentRequest } from '../../../protocol/payouts/index.ts'
import { InvalidError, canonicalJson, foreignCode, parseUpToFirst } from '../../../protocol/primitives/index.ts'
import * as data from '../../protocol/data/make.ts'
import * as jobs from '../../protocol/jobs/documents.ts'
import * as models from '../../protocol/models/world.ts'
import { casesOf, target } from '../kit/target.ts'
import type { Target } from '../kit/target.ts'
import { validOf } from '../kit/valid.ts'
import { wrongJson } from '../kit/wrong-json.ts'

// Statements whose fields or signatures are wrong, and such as are signed rightly and say what is wrong: forged by a
// stranger, signed anew by their author, for another network.

/** As it comes from the wire. */
const asJson = (value: unknown): unknown => JSON.parse(canonicalJson(value)) as unknown
function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = parseUpToFirst(schema, value)
  if (!result.success) throw new InvalidError(foreignCode('test.shape'), 'another shape')
  return result.data
}

const typed = (type: StatementType): Target => {
  const schema = signedSchema(type)
  const good = validOf(schema)
  return target({
    name: `the statement ${type}`,
    cases: casesOf(good, wrongJson(good)),
    read: (value: unknown) => signerOf(models.network, parsed<Signed<StatementType>>(schema, value)),
    weight: 2
  })
}

/** Signs every statement within a value with this key, as far as it still is one. */
function resigned(value: unknown, network: Network, key: Uint8Array): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(inner => resigned(inner, network, key))
  const fields = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, resigned(inner, network, key)]))
  const { type, message } = fields
  if (typeof type !== 'string' || !Object.hasOwn(statements, type)) return fields
  const schema = signedSchema(type as StatementType)
  const read = schema.safeParse({ type, message, signature: `0x${'00'.repeat(65)}` })
  if (!read.success) return fields
  const said = read.data.message as Message<StatementType>
  return { ...fields, signature: signDigest(digest(network, type as StatementType, said), key) }
}

interface Check<T> {
  readonly name: string
  readonly schema: z.ZodType<T>
  /** One that is right. */
  readonly good: T
  readonly network: Network
  /** Its author's key. */
  readonly key: Uint8Array
  readonly check: (value: T) => unknown
}

const checked = <T>({ name, schema, good, network, key, check }: Check<T>): Target => {
  const right = fc.constant(asJson(good))
  const other: Network = { ...network, chainId: network.chainId + 1 }
  const signings = [[network, key] as const, [network, models.strangerKey] as const, [other, key] as const]
  const wrong = fc
    .tuple(wrongJson(right), fc.option(fc.constantFrom(...signings), { nil: undefined, freq: 3 }))
    .map(([value, by]) => (by === undefined ? value : resigned(value, by[0], by[1] ?? key)))
  return target({
    name,
    cases: casesOf(right, wrong),
    read: (value: unknown) => check(parsed(schema, value)),
    weight: 3
  })
}

const job = jobs.job()
const award = jobs.award()
const offer = models.offerMessage()
const request = models.request()
const cosigned = models.cosign(models.facts())
const shard = data.jsonl([['What is it?', 'It is this.']])
const contribution = data.statementsOf('ann', shard)
const contributionId = digest(data.network, 'Commitment', contribution.commitment.message)
const votes = ['v1', 'v2', 'v3'].map(name => data.voteOf(name, contributionId, true))
const { network: ofJobs, context: atJobs, builderKey, workerKey } = jobs
const ofModels: Pick<Check<unknown>, 'network' | 'key'> = { network: models.network, key: models.clientKey }
const signedOffer = { type: 'Offer', message: offer, signature: sign('Offer', offer, models.workerKey) } as const
const voucher = { channel: models.channelId, cumulative: 500n }
const asked = { receipt: models.other, asker: models.client, holder: models.worker, issuedAt: models.now }

function sign<T extends StatementType>(type: T, message: Message<T>, key: Uint8Array): `0x${string}` {
  return signDigest(digest(models.network, type, message), key)
}

export const statementTargets: readonly Target[] = [
  ...(Object.keys(statements) as StatementType[]).map(typed),
  checked({
    name: 'a contribution as it is revealed',
    schema: contributionStatements,
    good: contribution,
    network: data.network,
    key: data.keyOf('ann'),
    check: value => checkStatements(data.network, value)
  }),
  checked({
    name: 'a certificate',
    schema: certificate,
    good: { contribution: contributionId, accept: true, outcome: votes[0]!.message.outcome, votes },
    network: data.network,
    key: data.keyOf('v1'),
    check: value => checkCertificate(data.network, data.rules.validators, value)
  }),
  checked({
    name: 'a job',
    schema: tuneJobDocument,
    good: job,
    network: ofJobs,
    key: builderKey,
    check: value => checkTuneJob(value, atJobs)
  }),
  checked({
    name: 'a bid',
    schema: signedSchema('Bid'),
    good: jobs.bid(),
    network: ofJobs,
    key: workerKey,
    check: value => checkBid(value, job, atJobs)
  }),
  checked({
    name: 'an award',
    schema: awardDocument,
    good: award,
    network: ofJobs,
    key: builderKey,
    check: value => checkAward(value, job, atJobs)
  }),
  checked({
    name: 'a delivery',
    schema: signedSchema('Delivery'),
    good: jobs.delivery(),
    network: ofJobs,
    key: workerKey,
    check: value => checkDelivery(value, award, atJobs)
  }),
  checked({
    name: "a delivery's content",
    schema: deliveryContent,
    good: jobs.content,
    network: ofJobs,
    key: workerKey,
    check: value => checkDeliveryContent(value, jobs.delivery().message, award.lot)
  }),
  checked({
    name: "a job's end",
    schema: signedSchema('JobClosed'),
    good: jobs.closed(),
    network: ofJobs,
    key: builderKey,
    check: value => checkClosed(value, job, atJobs)
  }),
  checked({
    name: 'an offer',
    schema: signedSchema('Offer'),
    good: signedOffer,
    ...ofModels,
    key: models.workerKey,
    check: value => checkOffer(value, { network: models.network, now: models.now })
  }),
  checked({
    name: 'a request',
    schema: signedSchema('InferenceRequest'),
    good: request,
    ...ofModels,
    check: value =>
      checkRequest(value, models.content, {
        network: models.network,
        now: models.now,
        chainNow: models.now,
        margin: 60n,
        self: models.worker,
        channel: models.terms,
        offer
      })
  }),
  checked({
    name: 'a voucher',
    schema: signedSchema('Voucher'),
    good: { type: 'Voucher', message: voucher, signature: sign('Voucher', voucher, models.clientKey) } as const,
    ...ofModels,
    check: value =>
      checkVoucher(value, {
        network: models.network,
        channel: models.channelId,
        client: models.client,
        deposit: 1000n,
        paid: 0n
      })
  }),
  checked({
    name: 'a receipt with both signatures',
    schema: cosignedReceipt,
    good: cosigned,
    ...ofModels,
    check: value => checkCosigned(value, models.network)
  }),
  checked({
    name: 'what a receipt stands for',
    schema: opening,
    good: { request, content: models.content, answer: [1, 2, 3] },
    ...ofModels,
    check: value => checkOpening(cosigned, value, models.network)
  }),
  checked({
    name: 'a request for what was answered',
    schema: signedSchema('ContentRequest'),
    good: {
      type: 'ContentRequest',
      message: asked,
      signature: sign('ContentRequest', asked, models.clientKey)
    } as const,
    ...ofModels,
    check: value =>
      checkContentRequest(value, {
        network: models.network,
        now: models.now,
        asker: models.client,
        self: models.worker
      })
  })
]
