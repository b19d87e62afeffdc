import { TilthError, ownOf } from '../../../protocol/primitives/index.ts'
import type { Consequence, ErrorCode } from '../../../protocol/primitives/index.ts'

/** Status by consequence: whose fault it was decides, never the text. */
const statusOf: Record<Consequence, number> = { reject: 400, ignore: 404, retry: 503, fatal: 500 }
const statusOfCode: Partial<Record<ErrorCode, number>> = {
  'auth.missing': 401,
  'auth.wrong': 401,
  'auth.session': 401,
  'auth.token': 401,
  'auth.host': 403,
  'auth.origin': 403,
  'auth.rights': 403,
  'budget.day': 402,
  'budget.request': 402,
  'budget.busy': 429,
  'limit.rate': 429
}

/** What is wrong with an address; the framework's own words repeat all of it. */
const wrongAddresses: Record<string, { readonly status: number; readonly message: string }> = {
  FST_ERR_BAD_URL: { status: 400, message: 'the address is not well-formed' },
  FST_ERR_MAX_PARAM_LENGTH: { status: 414, message: 'a name in the address is longer than any name is' }
}

export interface ErrorReply {
  status: number
  body: { error: { code: string; message: string; help?: string; type: string } }
}

/**
 * Any failure as status and coded body. What is not ours to explain becomes `internal`, and its text stays in the log.
 */
export function errorReply(error: unknown): ErrorReply {
  if (error instanceof TilthError) {
    return {
      status: ownOf(statusOfCode, error.code) ?? statusOf[error.consequence],
      body: {
        error: {
          code: error.code,
          message: error.message,
          ...(error.help === undefined ? {} : { help: error.help }),
          type: error.consequence === 'reject' ? 'invalid_request_error' : 'api_error'
        }
      }
    }
  }
  const fastifyCode = (error as { code?: string } | null)?.code
  if (fastifyCode === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return {
      status: 413,
      body: {
        error: { code: 'body.size', message: 'the body is larger than this call takes', type: 'invalid_request_error' }
      }
    }
  const ofAddress = ownOf(wrongAddresses, fastifyCode ?? '')
  if (ofAddress !== undefined) {
    const { status, message } = ofAddress
    return { status, body: { error: { code: 'request.invalid', message, type: 'invalid_request_error' } } }
  }
  const status = (error as { statusCode?: number } | null)?.statusCode
  if (status !== undefined && status < 500)
    return {
      status,
      body: { error: { code: 'request.invalid', message: (error as Error).message, type: 'invalid_request_error' } }
    }
  return {
    status: 500,
    body: {
      error: { code: 'internal', message: 'something failed in the daemon; its log says what', type: 'api_error' }
    }
  }
}
