/**
 * What a page of the console may do: run and show what this daemon serves, talk to this daemon, and nothing else but
 * the RPC that the daemon's owner has named for it. Neither a script nor a style that stands within a page counts, so
 * what a peer, a model or a file says stays text.
 */
const contentPolicy = (connect: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self'${connect}`,
    "worker-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'"
  ].join('; ')

const originOf = (rpc: string | undefined): string => (rpc === undefined ? '' : ` ${new URL(rpc).origin}`)

const headersWith = (policy: string) =>
  ({
    'content-security-policy': policy,
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()'
  }) as const
export type DocumentHeaders = ReturnType<typeof headersWith>

/** Over the headers of every answer: a document is nobody's frame, and gives no other window a hold on it. */
export const documentHeaders = (rpc: string | undefined): DocumentHeaders => headersWith(contentPolicy(originOf(rpc)))

/**
 * The page that is a peer itself dials workers, whose addresses are not known before, and asks the chain by the RPC
 * that whoever uses it names. What it runs and shows is this daemon's all the same.
 */
export const aloneHeaders = (rpc: string | undefined): DocumentHeaders =>
  headersWith(contentPolicy(`${originOf(rpc)} ws: wss: https:`))
