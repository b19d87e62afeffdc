import { scriptOf, tellStory } from './story.ts'
import type { Script, Told } from './story.ts'

/** Makes what was found of a seed smaller: no trouble that is not needed for it, and no longer than it has to be. */
export async function shrink(found: Told): Promise<{ readonly script: Script; readonly story: Told }> {
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
