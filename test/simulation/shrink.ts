import { scriptOf } from './script.ts'
import type { Script } from './script.ts'

/** Makes what was found of a seed smaller: no trouble that is not needed for it, and no longer than it has to be. */
export async function shrink<T extends { readonly seed: number; readonly faults: readonly string[] }>(
  found: T,
  tellStory: (seed: number, script: Script) => Promise<T>
): Promise<{ readonly script: Script; readonly story: T }> {
  const whole = scriptOf(found.seed)
  let best = { script: whole, story: found }
  async function tries(script: Script): Promise<boolean> {
    const story = await tellStory(found.seed, script)
    if (story.faults.length === 0) return false
    best = { script, story }
    return true
  }
  for (const trouble of whole.troubles)
    await tries({ ...best.script, troubles: best.script.troubles.filter(name => name !== trouble) })
  for (let less = best.script.stormMs / 2; less >= 1_000; less /= 2)
    while (best.script.stormMs - less > 0 && (await tries({ ...best.script, stormMs: best.script.stormMs - less })));
  return best
}
