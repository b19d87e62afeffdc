import { withContext } from '../../../protocol/data/index.ts'
import type { ChatMessage } from '../../../protocol/data/index.ts'
import { checkMeans, checkOffer, checkRequest, creditOf, isOnTerms } from '../../../protocol/models/index.ts'
import type { ClientFrame, RequestContext, Source } from '../../../protocol/models/index.ts'
import { InvalidError, LimitError, NotFoundError, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createCache } from '../../runtime/index.ts'
import type { Peer } from '../../transport/types.ts'
import type { ChainTime } from '../chain-time.ts'
import type { Parts } from '../deps.ts'
import { withoutItsRows, withoutRows } from '../spoken.ts'
import type { Account, Accounts } from './accounts.ts'
import type { WorkerChannels } from './channels.ts'
import type { Served } from './served.ts'
import type { Serving } from './serving.ts'

export type RequestFrame = Extract<ClientFrame, { kind: 'request' }>

/** A request that may be answered. */
export interface Admitted {
  readonly frame: RequestFrame
  readonly served: Served
  readonly account: Account
  readonly request: Hex
  readonly prompt: readonly number[]
  /** What is asked, with the rows before it that were asked for. */
  readonly messages: readonly ChatMessage[]
  readonly sources: readonly Source[] | undefined
  /** Those of the prompt, and those it resumes from. */
  readonly inputTokens: number
  /** Answer tokens served before they are paid for. */
  readonly creditTokens: number
}

export interface Admission {
  /**
   * @throws as checkOffer, checkRequest, checkMeans · InvalidError `request.replayed` · LimitError `client.unreliable`
   */
  admit(frame: RequestFrame, peer: Peer): Promise<Admitted>
  /** The request's answer is over: from now on the disk says that it was answered. */
  over(request: Hex): void
  /** Whether the channel's deposit covers the request beside all else, as it stands now. @throws as checkMeans */
  requireMeans(admitted: Pick<Admitted, 'frame' | 'account' | 'inputTokens'>): void
  /** Unpaid and unacknowledged: who leaves too much behind is served no more. */
  lost(client: Address, fee: bigint): void
  /** Paying makes up for what was left behind. */
  paid(client: Address, fee: bigint): void
}

/** A prompt that is being read, for what is served then. */
interface Early {
  readonly served: Served
  readonly prompt: Promise<readonly number[]>
}

/** Clients whose losses are remembered; of more, those that asked last. */
const lossesKept = 10_000
/** A worker trusts a client for so much of its own time: then it is paid twenty times a second, however fast it is. */
const creditSeconds = 0.2

export function createAdmission(
  { availability, network, self, policy, timing, versions, now }: Parts,
  accounts: Accounts,
  channels: WorkerChannels,
  serving: Serving,
  time: ChainTime
): Admission {
  const losses = createCache<Address, bigint>({ max: lossesKept })
  /** Requests from their first check until their answer is over; the streams that bring them are bounded. */
  const taken = new Map<Hex, { readonly client: Address; readonly letGo: () => void }>()
  /** Prompts that are being read before their requests are judged: of a client no more than it has such requests. */
  const reading = new Map<Address, number>()

  const creditTokensOf = ({ speed }: Served): number =>
    Math.min(policy.mostCreditTokens, Math.max(policy.creditTokens, Math.ceil(speed * creditSeconds)))

  const requireMeans: Admission['requireMeans'] = ({ frame, account, inputTokens }) =>
    checkMeans(
      frame.statement.message,
      frame.content,
      inputTokens,
      frame.offer.message,
      account.record.channel.deposit,
      accounts.committed(account)
    )

  async function contextOf(
    { content: { messages, context } }: RequestFrame,
    entry: Served
  ): Promise<Pick<Admitted, 'messages' | 'sources'>> {
    if (context === undefined) return { messages, sources: undefined }
    const { model } = entry
    if (model.datanet === zeroHash) throw withoutRows()
    // [ignore] A version is read, and held, for a model that its owner chose to serve, and for no stranger's.
    if (!serving.served().includes(entry)) throw withoutItsRows()
    const rows = await versions.context(model, messages, context)
    return {
      messages: withContext(
        messages,
        rows.map(({ row }) => row)
      ),
      sources: rows.map(({ contribution, index }) => ({ contribution, row: index }))
    }
  }

  /** Who left too much unpaid. */
  const isUnreliable = (client: Address, served: Served): boolean =>
    (losses.get(client) ?? 0n) > creditOf(served, creditTokensOf(served)) * BigInt(policy.lostCredits)

  /**
   * A prompt is read in a process of its own, beside what is left to ask of its request, its signature too: where that
   * is one by all else that it says, of the client of a channel that pays, with what is open anyway. One whose request
   * comes to nothing is read to its end, so it counts until then: else whoever asks for nothing could have one read
   * after another.
   */
  function readEarly({ statement, content }: RequestFrame, context: RequestContext): Early | undefined {
    const { client } = context.channel
    const served = serving.ready(statement.message.model)
    if (served === undefined || content.context !== undefined || isUnreliable(client, served)) return undefined
    if (!isOnTerms(statement.message, content, context)) return undefined
    const running = reading.get(client) ?? 0
    if (running > [...taken.values()].filter(one => one.client === client).length) return undefined
    reading.set(client, running + 1)
    const prompt = served.speech.prompt(content.messages, content.day).finally(() => {
      const left = (reading.get(client) ?? 1) - 1
      if (left > 0) reading.set(client, left)
      else reading.delete(client)
    })
    prompt.catch(() => undefined) // awaited where the request is judged, if it is
    return { served, prompt }
  }

  /** What is left to ask of a request that is one: whether it is new, and whether it can be paid. */
  async function judge(
    { frame, account, request }: Pick<Admitted, 'frame' | 'account' | 'request'>,
    served: Served,
    early: Early | undefined
  ): Promise<Admitted> {
    const { statement, content, voucher } = frame
    const putting = contextOf(frame, served)
    putting.catch(() => undefined) // awaited below
    // [reject] A request is answered once.
    if (await accounts.wasServed(statement.message, request))
      throw new InvalidError('request.replayed', 'the request was answered before')
    // [reject] Who left too much unpaid gets nothing more.
    if (isUnreliable(account.client, served))
      throw new LimitError('client.unreliable', 'this client has left too much unpaid')
    const { messages, sources } = await putting
    const prompt = await (early?.served === served ? early.prompt : served.speech.prompt(messages, content.day))
    const inputTokens = prompt.length + content.resume.length
    const creditTokens = creditTokensOf(served)
    const admitted = { frame, served, account, request, prompt, messages, sources, inputTokens, creditTokens }
    await channels.covering(account, async () => {
      if (voucher !== null) await accounts.pay(account, voucher)
      // What cannot be paid does not wait for its turn; while it waits others may use up the deposit, so it is
      // checked again.
      requireMeans(admitted)
    })
    return admitted
  }

  function letGo(request: Hex): void {
    taken.get(request)?.letGo()
    taken.delete(request)
  }

  return {
    requireMeans,
    async admit(frame, peer) {
      const { statement, content, offer } = frame
      // [ignore] Its owner wants the machine for something else: whoever asks goes elsewhere.
      if (availability?.away() !== undefined)
        throw new NotFoundError('worker.away', 'this worker takes on no answers now')
      const { model } = statement.message
      // [ignore] The model is served here, or could be.
      await serving.requireOffered(model)
      // [reject] By an offer of this worker that still stands: it is bound by each.
      if (offer.message.worker !== self) throw new InvalidError('offer.other', "the offer is another worker's")
      if (!serving.own(offer)) checkOffer(offer, { network, now: now() })
      const account = await channels.of(statement.message.channel, peer)
      const { client, record } = account
      const { deposit, state } = record.channel
      const context: RequestContext = {
        network,
        now: now(),
        chainNow: await time.now(),
        margin: BigInt(timing.marginSeconds),
        self,
        channel: {
          client,
          worker: self,
          model: record.model,
          deposit,
          expiry: record.expiry,
          closesAt: 0n,
          closed: state !== 'open'
        },
        offer: offer.message
      }
      const early = readEarly(frame, context)
      const request = checkRequest(statement, content, context)
      // [reject] A request is answered once.
      if (taken.has(request) || account.answers.has(request))
        throw new InvalidError('request.replayed', 'the request is being answered')
      // What is brought for it stays for it; whoever has no channel has nothing brought.
      taken.set(request, { client, letGo: serving.use(model) })
      try {
        const served = await serving.demand(model, client)
        if (served.answerer.away() !== undefined)
          throw new NotFoundError('worker.away', 'the server that answers for this model is away')
        return await judge({ frame, account, request }, served, early)
      } catch (error) {
        letGo(request)
        throw error
      }
    },
    over: letGo,
    lost(client, fee) {
      losses.set(client, (losses.get(client) ?? 0n) + fee)
    },
    paid(client, fee) {
      const debt = (losses.get(client) ?? 0n) - fee
      if (debt > 0n) losses.set(client, debt)
      else losses.delete(client)
    }
  }
}
