/**
 * What a page of the console may do: run and show what this daemon serves, talk to this daemon, and nothing else but
 * the RPC that the daemon's owner has named for it. Neither a script nor a style that stands within a page counts, so
 * what a peer, a model or a file says stays text.
 */
const contentPolicy = (rpc: string | undefined): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self' data:",
    rpc === undefined ? "connect-src 'self'" : `connect-src 'self' ${new URL(rpc).origin}`,
    "worker-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'"
  ].join('; ')

/** Over the headers of every answer: a document is nobody's frame, and gives no other window a hold on it. */
export const documentHeaders = (rpc: string | undefined) =>
  ({
    'content-security-policy': contentPolicy(rpc),
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()'
  }) as const
