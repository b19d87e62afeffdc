import { setTimeout as sleep } from 'node:timers/promises'
import { largestPage } from '../../protocol/primitives/index.ts'
import type { ApiClient, DatanetView } from '../api/contract/index.ts'
import { tell, yellow } from './output.ts'

/** How long what others have contributed is waited for, and how often it is asked after. */
const longestMs = 20_000
const pollMs = 500

/** What of a Datanet's contributions is not known here to its end: a file cannot be compared with it. */
async function undecided(api: ApiClient, { id }: DatanetView): Promise<number> {
  const { contributions } = await api.call('datanet', { params: { id } })
  const { items } = await api.call('contributions', { params: { id, limit: largestPage } })
  const decided = items.filter(({ status }) => !['committed', 'revealed', 'voting'].includes(status)).length
  return Math.min(contributions, largestPage) - decided
}

/**
 * Follows a Datanet whose contributions the node does not have yet, and waits for them: what repeats them is found
 * before an upload is spent on it. It is followed no more where nothing comes of it.
 */
export async function caughtUp<T>(api: ApiClient, net: DatanetView, then: () => Promise<T>): Promise<T> {
  const follow = (isFollowed: boolean): Promise<unknown> =>
    api.call('followDatanet', { params: { id: net.id }, body: { follow: isFollowed } })
  await follow(true)
  try {
    const end = Date.now() + longestMs
    let missing = await undecided(api, net)
    for (; missing > 0 && Date.now() < end; missing = await undecided(api, net)) await sleep(pollMs)
    if (missing > 0)
      tell(yellow(`not compared with ${missing} of its contributions: they are on their way, or voted on`))
    return await then()
  } catch (error) {
    await follow(false).catch(() => undefined) // why it failed is what matters
    throw error
  }
}
