import { wholePath } from './patterns.ts'

/** Which modules an adapter is of, as adapter_config.json says it. */
export interface Selection {
  readonly target_modules?: string | readonly string[] | null | undefined
  readonly exclude_modules?: string | readonly string[] | null | undefined
  readonly layers_to_transform?: number | readonly number[] | null | undefined
}

/** What PEFT adapts in Llama, Mistral and Qwen where nothing is named. */
const usual = ['q_proj', 'v_proj']

const isNamed = (path: string, names: readonly string[]): boolean =>
  names.some(name => path === name || path.endsWith(`.${name}`))

/**
 * Whether PEFT would adapt a module: it leaves out tensors of any other without a word, so a file that has some says
 * something else than its config does. An expression that cannot be tried safely (patterns.ts) leaves out nothing: what
 * PEFT wrote is what it had found by it.
 */
export function selecting(c: Selection): (path: string) => boolean {
  const { target_modules: targets, exclude_modules: excluded, layers_to_transform: layers } = c
  const isTarget = matching(targets ?? usual, true)
  const isExcluded = matching(excluded ?? [], false)
  const chosen = layers === null || layers === undefined ? [] : [layers].flat()
  // Layers are chosen among modules that are listed: PEFT refuses them beside an expression.
  const isLayer = (path: string): boolean =>
    chosen.length === 0 || typeof targets === 'string' || chosen.includes(Number(/\.(\d+)\./.exec(path)?.[1]))
  return path => isTarget(path) && isLayer(path) && !isExcluded(path)
}

function matching(wanted: string | readonly string[], unknown: boolean): (path: string) => boolean {
  if (typeof wanted !== 'string') return path => isNamed(path, wanted)
  if (wanted === '' || wanted.toLowerCase() === 'all-linear') return () => unknown
  const expression = wholePath(wanted)
  return path => expression?.test(path) ?? unknown
}
