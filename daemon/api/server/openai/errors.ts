import { RefusedError, TilthError, ownOf } from '../../../../protocol/primitives/index.ts'
import type { ErrorCode } from '../../../../protocol/primitives/index.ts'
import { errorReply } from '../errors.ts'

/** Failures that clients of that API know by its own codes; others keep ours. */
const theirCodes: Partial<Record<ErrorCode, string>> = {
  'auth.missing': 'invalid_api_key',
  'auth.wrong': 'invalid_api_key',
  'model.unknown': 'model_not_found',
  'ask.long': 'context_length_exceeded',
  'request.unsupported': 'unsupported_parameter',
  'budget.day': 'insufficient_quota',
  'budget.request': 'insufficient_quota',
  'limit.rate': 'rate_limit_exceeded'
}
/** Whose fault it was, where no field was refused. */
const theirFields: Partial<Record<ErrorCode, string>> = {
  'model.unknown': 'model',
  'offer.none': 'model',
  'offer.route': 'tilth',
  'name.ambiguous': 'model',
  'name.untrusted': 'model',
  'ask.long': 'messages',
  'context.none': 'tilth.context',
  'ask.price': 'max_tokens'
}

/** What to do, where ours speaks of the command line. */
const theirHelp: Partial<Record<ErrorCode, string>> = {
  'ask.price': 'Ask for fewer `max_tokens`, or allow more by `tilth.maxPrice`.',
  'model.unknown': 'It may not have arrived yet: /v1/models lists those that have.'
}

/** `messages[0].content` */
const fieldText = (path: readonly (string | number)[]): string | null =>
  path.length === 0
    ? null
    : path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('')

function fieldOf(error: unknown): string | null {
  if (error instanceof RefusedError) return fieldText(error.refusals[0]?.path ?? [])
  if (!(error instanceof TilthError)) return null
  const { param } = error.details
  return typeof param === 'string' ? param : (ownOf(theirFields, error.code) ?? null)
}

const typeOf = (status: number): string =>
  status === 401
    ? 'authentication_error'
    : status === 402
      ? 'insufficient_quota'
      : status === 403
        ? 'permission_error'
        : status === 429
          ? 'rate_limit_error'
          : status < 500
            ? 'invalid_request_error'
            : 'server_error'

export interface OpenAiErrorReply {
  status: number
  body: { error: { message: string; type: string; param: string | null; code: string } }
}

/**
 * A failure as that API tells it: the field that was sent, and in the message, which is all that is shown, what to do.
 */
export function openAiErrorReply(error: unknown): OpenAiErrorReply {
  const { status, body } = errorReply(error)
  const { code, message, help: own } = body.error
  const help = ownOf(theirHelp, code) ?? own
  return {
    status,
    body: {
      error: {
        message: help === undefined ? message : `${message}. ${help}`,
        type: typeOf(status),
        param: fieldOf(error),
        code: ownOf(theirCodes, code) ?? code
      }
    }
  }
}

/** Whether a call is one of that API, known or not. */
export const isOpenAi = (url: string): boolean => url.startsWith('/v1/')

/** Calls of that API as they come from clients whose address ends in the wrong place, and those of other makers'. */
const misled = /^\/+(?:v1\b|(?:chat\/)?completions\b|models\b|embeddings\b|responses\b|api\/(?:chat|generate|tags)\b)/

/** What helps whoever called what is not there. */
export const helpFor = (path: string): string =>
  misled.test(path)
    ? 'The address that clients of the OpenAI API are given ends in /v1. Answered below it are /models, ' +
      '/chat/completions and /completions; what else there is stands in /openapi.json.'
    : 'See /openapi.json.'
