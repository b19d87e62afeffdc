import { readFile } from 'node:fs/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { consoleFolder } from './folder.ts'
import type { ConsoleFile, Encoding } from './folder.ts'
import { aloneHeaders, documentHeaders } from './policy.ts'
import type { DocumentHeaders } from './policy.ts'

/** Where a page's address never is: what is not a call of the API is an unknown call, and no page. */
const isCall = (path: string): boolean => /^\/(?:api|v1|metrics|openapi\.json|healthz)(?:\/|$)/.test(path)

const pathOf = ({ url }: { readonly url: string }): string => url.split('?', 1)[0] ?? '/'

/** What the wildcard of the console answers; whoever asks for a call of the API has to say who asks. */
export const isConsoleRoute = (request: FastifyRequest): boolean =>
  request.routeOptions.url === '/*' && !isCall(pathOf(request))

/** The best form of a file that the browser takes, unless it has it. */
async function send(
  request: FastifyRequest,
  reply: FastifyReply,
  file: ConsoleFile,
  headers: DocumentHeaders
): Promise<FastifyReply> {
  const { 'accept-encoding': accepted = '', 'if-none-match': known } = request.headers
  const takes = (name: string): boolean =>
    new RegExp(`(?:^|[,\\s])${name}(?!\\s*;\\s*q=0(?:\\.0*)?(?:,|$))`).test(accepted)
  const encoding = (Object.keys(file.encoded) as Encoding[]).find(takes)
  const tag = encoding === undefined ? file.tag : `${file.tag.slice(0, -1)}-${encoding}"`
  reply.headers({
    'content-type': file.type,
    etag: tag,
    vary: 'accept-encoding',
    'cache-control': file.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    ...(file.type.startsWith('text/html') || file.type.startsWith('image/svg') ? headers : {})
  })
  if (known === tag) return reply.status(304).send()
  if (encoding !== undefined) reply.header('content-encoding', encoding)
  return reply.send(await readFile((encoding === undefined ? undefined : file.encoded[encoding]) ?? file.path))
}

const notBuilt = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Tilth: not built yet</title></head>
<body>
<main>
<h1>The web console is not built on this machine</h1>
<p>The daemon runs, and its command line works as ever. What is missing are the console's files.</p>
<p>In the folder of Tilth, run <code>npm ci</code>, or where that was done <code>npm run console</code>; it takes a few
seconds. Then load this page again: the daemon need not be started anew.</p>
</main>
</body>
</html>
`

/**
 * The built console: its files by their names, and its one document for every page's address, so that a page can be
 * loaded again and linked to. @param folders where it may be built · @param rpc which pages may ask themselves
 */
export function serveConsole(
  server: FastifyInstance,
  {
    folders,
    rpc,
    network
  }: {
    folders?: readonly string[] | undefined
    rpc?: string | undefined
    /** What a page that is a peer itself has to know; it is no secret. */
    network?: (() => unknown) | undefined
  } = {}
): void {
  const filesNow = consoleFolder(folders)
  const [headers, alone] = [documentHeaders(rpc), aloneHeaders(rpc)]
  server.route({
    method: 'GET',
    url: '/*',
    async handler(request, reply) {
      const path = pathOf(request)
      if (isCall(path)) return reply.callNotFound()
      if (path === '/alone') return reply.redirect('/alone/', 308)
      if (path === '/alone/network.json' && network !== undefined)
        return reply.type('application/json; charset=utf-8').send(network())
      const files = await filesNow()
      const page = path === '/alone/' || path === '/alone/index.html' ? files?.get('/alone/index.html') : undefined
      if (page !== undefined) return send(request, reply, page, alone)
      const file = files?.get(path)
      if (file !== undefined) return send(request, reply, file, headers)
      // What asks for a document gets one; a script that is gone with an older build must not come as a page.
      if (path !== '/' && request.headers.accept?.includes('text/html') !== true) return reply.callNotFound()
      const index = files?.get('/index.html')
      if (index !== undefined) return send(request, reply, index, headers)
      return reply.status(503).headers(headers).type('text/html; charset=utf-8').send(notBuilt)
    }
  })
}
