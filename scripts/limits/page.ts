import { join } from 'node:path'
import { routes, usualBody } from '../../daemon/api/contract/index.ts'
import type { Route } from '../../daemon/api/contract/index.ts'
import { openAiBody } from '../../daemon/api/server/openai/endpoints.ts'
import { requestMs } from '../../daemon/api/server/server.ts'
import { flood, newerBytes, relayed } from '../../node/transport/gossip/gossip.ts'
import { costs, debtLimit } from '../../node/transport/limits/reputation.ts'
import { largestPage } from '../../protocol/primitives/page.ts'
import {
  freshSeconds,
  maxDepth,
  maxValues,
  protocols,
  streamLimits,
  topicFamilies,
  topicLimits
} from '../../protocol/wire/index.ts'
import { bytesText, countText, quotaText, tableText, timeText } from './forms.ts'
import { libraryRows } from './libraries.ts'
import { queueRows } from './queues.ts'

export const limitsFile = join(import.meta.dirname, '../../docs/LIMITS.md')

/** Ways into the daemon's API beside the table of routes. */
export interface RouteRow {
  readonly call: string
  readonly who: string
  readonly body: number
  readonly reply: string
}

const beside: readonly RouteRow[] = [
  { call: 'GET /metrics', who: 'token or key', body: 0, reply: 'one text' },
  { call: 'GET /v1/models', who: 'token or key', body: 0, reply: 'a page' },
  { call: 'GET /v1/models/:model', who: 'token or key', body: 0, reply: 'one' },
  { call: 'POST /v1/chat/completions', who: 'token or key', body: openAiBody, reply: 'one, or a stream' },
  { call: 'POST /v1/completions', who: 'token or key', body: openAiBody, reply: 'one, or a stream' },
  { call: 'POST /v1/embeddings', who: 'token or key', body: usualBody, reply: 'a refusal' },
  { call: 'GET /*', who: 'anybody on this machine', body: 0, reply: 'a file of the console, by its list' }
]

const whoMayCall = ({ open, asking }: Route): string =>
  open === true ? 'anybody on this machine' : asking === true ? 'token, session or key' : 'token or session'

function replyOf({ stream, file, params }: Route): string {
  if (stream === true) return 'a stream, until the caller leaves'
  if (file === true) return 'a file, in parts'
  return 'shape' in params && 'cursor' in (params.shape as object) ? `a page of at most ${largestPage}` : 'one'
}

/** Every call of the API. */
export const routeRows = (): readonly RouteRow[] => [
  ...(Object.values(routes) as Route[]).map(entry => ({
    call: `${entry.method} ${entry.path}`,
    who: whoMayCall(entry),
    body: entry.method === 'GET' ? 0 : (entry.maxBody ?? usualBody),
    reply: replyOf(entry)
  })),
  ...beside
]

const topics = (): string =>
  tableText(
    [
      'topic',
      'one message',
      'a verdict within',
      'from one neighbour',
      'from one sayer',
      'the same again after',
      'waiting'
    ],
    topicFamilies.map(family => {
      const { maxBytes, timeMs, quota, sayer, repeatMs, queue } = topicLimits[family]
      return [
        `\`${family}\``,
        bytesText(maxBytes),
        timeText(timeMs),
        quotaText(quota),
        quotaText(sayer),
        timeText(repeatMs),
        countText(queue)
      ]
    })
  )

const streams = (): string =>
  tableText(
    [
      'protocol',
      'one frame',
      'the next within',
      'lives',
      'frames',
      'opened by a peer',
      'open: a peer’s, all',
      'waiting'
    ],
    protocols.map(protocol => {
      const { maxBytes, timeMs, lifeMs, quota, opens, perPeer, inAll, queue } = streamLimits[protocol]
      return [
        `\`${protocol}\``,
        bytesText(maxBytes),
        timeText(timeMs),
        timeText(lifeMs),
        quotaText(quota),
        quotaText(opens),
        `${countText(perPeer)}, ${countText(inAll)}`,
        countText(queue)
      ]
    })
  )

/** What happens beyond: a row for each bound. */
const beyond = (rows: readonly (readonly [string, string])[]): string => tableText(['beyond', 'what happens'], rows)
const { reject, refused, silence, rate, newer } = costs
const values = `${maxDepth} levels, ${countText(maxValues)} values`

const beyondTopics = (): string =>
  beyond([
    ['bytes of a message', `\`frame.too-large\`: rejected, ${reject} points to whoever passed it on`],
    [
      `${values}, another shape, another spelling`,
      `\`frame.depth\`, \`frame.too-large\`, \`frame.schema\`, \`frame.garbage\`: rejected, ${reject} points`
    ],
    [
      'a key, a kind or a choice that is not known here, or a later envelope that is signed',
      `dropped, not passed on; beyond ${bytesText(newerBytes.burst)} at once and ${bytesText(newerBytes.perSecond)} ` +
        `a second of one neighbour ${newer} points each`
    ],
    [
      `one neighbour's share, or ${relayed} times that from all of them`,
      `dropped without being read; beyond ${flood} times one share ${rate} points each`
    ],
    ["one sayer's share", `dropped; ${rate} points each if the sayer itself brought it`],
    ['the time for a verdict', 'dropped, not passed on'],
    ['the same content within its pause', 'dropped, not passed on'],
    [`${freshSeconds} seconds before or after now`, 'dropped, not passed on'],
    ['messages waiting', 'dropped']
  ])

const beyondStreams = (): string =>
  beyond([
    [
      `bytes of a frame, ${values}, another shape`,
      `closed with \`frame.too-large\`, \`frame.depth\`, \`frame.schema\` or \`frame.garbage\`; ${reject} points`
    ],
    [
      'a key, a kind or a choice that is not known here, as a later version may have it',
      `closed with \`frame.schema\`; ${newer} points`
    ],
    [
      'the time to the next frame',
      `\`limit.time\`; ${silence} points to who opened it and says nothing, or begins a frame and does not end it`
    ],
    ['its life', '`limit.time`'],
    ['frames in time, frames waiting', 'the stream is read no faster: the sender waits'],
    ['streams opened in time', `\`limit.rate\`; ${rate} points`],
    ['streams open at once', '`limit.busy`; four times as many are reset']
  ])

const paragraphs = {
  what:
    'Every way into a node from outside, with what bounds it and what happens beyond. Written by `npm run limits` ' +
    'from the code that keeps the limits (`protocol/wire/limits.ts` says why each is what it is); a test fails when ' +
    'this page is another, or when a way in has no row.',
  costs:
    `What goes beyond a limit costs whoever sent it: ${reject} points for what no honest peer sends, ${refused} for ` +
    `what a service's rules refuse on a stream, ${silence} for a slot that is taken and not used, ${rate} for each ` +
    `message too many. At ${debtLimit} the connection is cut and refused until most of it is forgotten; half is ` +
    'forgotten every five minutes.',
  http:
    `A request is read within ${timeText(requestMs)}, its headers within a minute and 16 KiB. What is larger than a ` +
    'call takes is answered 413 `body.size`, what has another shape 400 `request.invalid`, what is no call 404 ' +
    '`route.unknown`; a Host or Origin of elsewhere 403, no token 401.',
  queues: 'Work that waits within a node. What comes when one is full is refused with `queue.full`, to be tried again.'
}

/** The page, as the code has it now. */
export const limitsPage = (): string => `# Limits

${paragraphs.what}

${paragraphs.costs}

## Gossip

${topics()}

${beyondTopics()}

## Streams

${streams()}

${beyondStreams()}

## Protocols of libraries

${tableText(
  ['protocol', 'what', 'bounds', 'beyond'],
  libraryRows.map(({ protocol, what, bounds, beyond }) => [`\`${protocol}\``, what, bounds, beyond])
)}

## HTTP

${paragraphs.http}

${tableText(
  ['call', 'who', 'body', 'reply'],
  routeRows().map(({ call, who, body, reply }) => [`\`${call}\``, who, body === 0 ? 'none' : bytesText(body), reply])
)}

## Queues

${paragraphs.queues}

${tableText(
  ['queue', 'waiting and running', 'at once', 'where'],
  queueRows().map(({ name, bound, atOnce, file }) => [name, countText(bound), countText(atOnce), `\`${file}\``])
)}
`
