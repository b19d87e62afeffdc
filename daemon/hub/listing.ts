import { z } from 'zod'
import { InvalidError, NotFoundError, TilthError } from '../../protocol/primitives/index.ts'

/** Where models are published by most. */
export const usualHub = 'https://huggingface.co'

/** Of a repository with some thousand files. */
const mostListingBytes = 8 * 2 ** 20
const listingMs = 30_000

export interface Hub {
  readonly endpoint: string
  /** Of who may see models that not everybody may. */
  readonly token?: string | undefined
}

export interface HubFile {
  readonly path: string
  readonly size: number
  /** Large files have their own SHA-256; small ones Git's name: the SHA-1 of "blob SIZE\0" and the bytes. */
  readonly hash: { readonly kind: 'sha256' | 'git'; readonly hex: string }
}

export interface HubModel {
  readonly name: string
  /** The very state of the repository that is taken, whatever its branch moves on to. */
  readonly commit: string
  readonly files: readonly HubFile[]
}

const name = /^(?:[\w-][\w.-]{0,95}\/)?[\w-][\w.-]{0,95}$/
const revisionForm = /^[\w-][\w./-]{0,99}$/
export const isHubName = (text: string): boolean => name.test(text)

const listing = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  siblings: z
    .array(
      z.object({
        rfilename: z.string().min(1).max(1000),
        size: z.int().nonnegative().optional(),
        blobId: z.string().optional(),
        lfs: z.object({ sha256: z.string().optional(), size: z.int().nonnegative().optional() }).nullish()
      })
    )
    .max(50_000)
})

/** [reject] A hub is a web server's address. @throws InvalidError `hub.name` */
export function hubOf(endpoint: string, token?: string): Hub {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new InvalidError('hub.name', `a hub is a URL such as ${usualHub}, not "${endpoint.slice(0, 200)}"`)
  return { endpoint: endpoint.replace(/\/+$/, ''), token }
}

/** What goes with every call. */
export const headersOf = ({ token }: Hub): Record<string, string> =>
  token === undefined || token === '' ? {} : { authorization: `Bearer ${token}` }

const each = (path: string): string => path.split('/').map(encodeURIComponent).join('/')
export const fileUrl = ({ endpoint }: Hub, { name, commit }: HubModel, path: string): string =>
  `${endpoint}/${each(name)}/resolve/${commit}/${each(path)}`

/**
 * What files a hub has of a model, with their sizes and hashes.
 * @throws InvalidError `hub.name`, `hub.answer` · NotFoundError `hub.unknown` · TilthError `hub.unreachable`
 */
export async function listModel(hub: Hub, wanted: string, revision = 'main'): Promise<HubModel> {
  if (!isHubName(wanted)) throw new InvalidError('hub.name', `"${wanted.slice(0, 100)}" is no model's name`)
  if (!revisionForm.test(revision) || revision.includes('..'))
    throw new InvalidError('hub.name', `"${revision.slice(0, 100)}" is no revision`)
  const url = `${hub.endpoint}/api/models/${each(wanted)}/revision/${encodeURIComponent(revision)}?blobs=true`
  const text = await bounded(await asked(hub, url, wanted), hub)
  let parsed: ReturnType<typeof listing.safeParse>
  try {
    parsed = listing.safeParse(JSON.parse(text))
  } catch (cause) {
    throw strange(hub, cause)
  }
  if (!parsed.success) throw strange(hub, parsed.error)
  const { sha, siblings } = parsed.data
  return {
    name: wanted,
    commit: sha,
    files: siblings.flatMap(({ rfilename: path, size, blobId, lfs }): HubFile[] => {
      const length = lfs?.size ?? size
      const [kind, hex] = lfs?.sha256 === undefined ? (['git', blobId] as const) : (['sha256', lfs.sha256] as const)
      // [left out] A file whose size and hash are not told cannot be checked.
      if (length === undefined || hex === undefined || !/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(hex)) return []
      return [{ path, size: length, hash: { kind, hex } }]
    })
  }
}

const strange = ({ endpoint }: Hub, cause?: unknown): InvalidError =>
  new InvalidError('hub.answer', `${endpoint} does not answer as a hub of models does`, { cause })

async function asked(hub: Hub, url: string, wanted: string): Promise<Response> {
  let response: Response
  try {
    response = await fetch(url, { headers: headersOf(hub), signal: AbortSignal.timeout(listingMs) })
  } catch (cause) {
    throw new TilthError('hub.unreachable', `${hub.endpoint} cannot be reached`, { cause })
  }
  if (response.ok) return response
  await response.body?.cancel()
  if ([401, 403, 404].includes(response.status))
    throw new NotFoundError('hub.unknown', `${hub.endpoint} shows no model ${wanted} (${response.status})`, {
      help: 'Look at its spelling. A model that not everybody may see needs HF_TOKEN.'
    })
  throw new TilthError('hub.unreachable', `${hub.endpoint} answered ${response.status}`)
}

async function bounded(response: Response, hub: Hub): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += part.length
    // [reject] A list is no longer than any honest one.
    if (length > mostListingBytes) throw strange(hub)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
