import { createPrivateKey, X509Certificate } from 'node:crypto'
import { TilthError } from '../protocol/primitives/index.ts'
import { hostInUrl, isAnyHost } from './api/server/host.ts'
import { boundedText } from './bounded-file.ts'

/** What an API that is called from elsewhere proves itself by, as PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** @throws TilthError `api.certificate`: of files that are none, or do not belong together, before anything listens */
export async function readCertificate(
  paths: { readonly cert: string; readonly key: string } | undefined
): Promise<Certificate | undefined> {
  if (paths === undefined) return undefined
  try {
    const [cert, key] = await Promise.all([boundedText(paths.cert), boundedText(paths.key)])
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
      throw new TypeError('the key is not that of the certificate')
    return { cert, key }
  } catch (cause) {
    throw new TilthError('api.certificate', `the API cannot use ${paths.cert} with ${paths.key}`, {
      help: 'Give a certificate and its own key, both as PEM (--api-cert, --api-cert-key).',
      consequence: 'fatal',
      cause
    })
  }
}

/** Names by which an API is called that listens there: those that were given, and its very address. */
export function namesOfApi({ host, names }: { readonly host: string; readonly names: readonly string[] }): string[] {
  return [...names, ...(isAnyHost(host) ? [] : [hostInUrl(host)])]
}
